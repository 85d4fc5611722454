package io.trilho.client;

/** Where a version is between being found and being gone. */
public enum ModelState {
  /** The server sent a state that this client does not know. */
  UNKNOWN,
  /** Found, not loading yet. */
  START,
  /** Being loaded and warmed up. */
  LOADING,
  /** Answers calls. */
  AVAILABLE,
  /** Answers no new calls, will be gone. */
  UNLOADING,
  /** Gone, or never came up: {@link ModelVersion#code} tells which. */
  END
}
