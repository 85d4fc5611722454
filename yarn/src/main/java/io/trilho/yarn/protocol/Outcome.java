package io.trilho.yarn.protocol;

import org.jspecify.annotations.Nullable;

/** How a job has ended, and who is to look into the reason. */
public enum Outcome {
  /** The chief is done, or all workers are. */
  SUCCEEDED(0),
  /** A task failed more often than the job allows. */
  JOB_FAILED(1),
  /** The job cannot be run as it is described. */
  INVALID_INPUT(2),
  /** The cluster cannot be reached, or could not run the job. */
  CLUSTER_FAILED(3),
  /** The ApplicationMaster was lost in each of its attempts. */
  MASTER_LOST(4),
  /** The job took longer than its timeout. */
  TIMED_OUT(5),
  /** Somebody killed the application. */
  KILLED(6);

  private static final String SEPARATOR = ": ";

  private final int exitCode;

  Outcome(int exitCode) {
    this.exitCode = exitCode;
  }

  /**
   * Returns the exit code of a command line that waited for the job.
   *
   * @return 0 for success only
   */
  public int exitCode() {
    return exitCode;
  }

  /**
   * Writes diagnostics that {@link #ofDiagnostics} can read back.
   *
   * @param message the reason
   * @return the text for the ResourceManager
   */
  public String diagnostics(String message) {
    return name() + SEPARATOR + message;
  }

  /**
   * Reads the message from diagnostics of this outcome.
   *
   * @param diagnostics a text that {@link #ofDiagnostics} knows as this outcome's
   * @return the reason
   */
  public String message(String diagnostics) {
    return diagnostics.substring((name() + SEPARATOR).length());
  }

  /**
   * Reads the outcome from an application's diagnostics.
   *
   * @param diagnostics the ResourceManager's text
   * @return the outcome, or null if an ApplicationMaster did not write it
   */
  public static @Nullable Outcome ofDiagnostics(String diagnostics) {
    for (Outcome outcome : values()) {
      if (diagnostics.startsWith(outcome.name() + SEPARATOR)) {
        return outcome;
      }
    }
    return null;
  }
}
