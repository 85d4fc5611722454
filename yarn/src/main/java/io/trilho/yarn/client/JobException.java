package io.trilho.yarn.client;

import io.trilho.yarn.protocol.Outcome;
import org.jspecify.annotations.Nullable;

/** A request about a job could not be carried out. */
public final class JobException extends Exception {
  private static final long serialVersionUID = 1;

  private final Outcome outcome;

  JobException(Outcome outcome, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.outcome = outcome;
  }

  /**
   * Makes the error of a wrong job or option.
   *
   * @param message names the field and what it can be
   * @return the error
   */
  public static JobException input(String message) {
    return new JobException(Outcome.INVALID_INPUT, message, null);
  }

  static JobException cluster(String what, Throwable cause) {
    return new JobException(Outcome.CLUSTER_FAILED, what + ": " + reason(cause), cause);
  }

  /** Returns the innermost message that says something. */
  private static String reason(Throwable error) {
    Throwable inner = error;
    String text = String.valueOf(error);
    while (inner.getCause() != null && inner.getCause() != inner) {
      inner = inner.getCause();
      if (inner.getMessage() != null) {
        text = inner.getClass().getSimpleName() + ": " + inner.getMessage();
      }
    }
    int line = text.indexOf('\n');
    return line < 0 ? text : text.substring(0, line);
  }

  /**
   * Returns who is to look into the reason.
   *
   * @return INVALID_INPUT or CLUSTER_FAILED
   */
  public Outcome outcome() {
    return outcome;
  }
}
