package io.trilho.yarn.applicationmaster;

/**
 * The cluster as the coordinator asks it for something. No method blocks; results come back as
 * events.
 */
interface Containers {
  /** Asks for a container for a task. */
  void request(Task task);

  /** Withdraws what {@link #request} asked for. */
  void cancel(Task task);

  /** Starts the launcher of a task in its container. */
  void launch(Task task);

  /** Gives a container back, and with it ends what runs in it. */
  void release(String container);
}
