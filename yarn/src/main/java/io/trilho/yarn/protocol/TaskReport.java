package io.trilho.yarn.protocol;

import org.jspecify.annotations.Nullable;

/** A task's state, as the launcher in its container tells it. The fields are JSON's. */
public final class TaskReport {
  /** Where a task is. */
  public enum State {
    /** It has a port and waits for the order to run. */
    WAITING,
    /** Its command runs. */
    RUNNING,
    /** Its command has ended, or could not be started. */
    EXITED
  }

  /** The container that the report comes from. */
  public final String container;

  /** The generation of the gang that the state belongs to; 0 before the first order. */
  public final int generation;

  /** The task's state. */
  public final State state;

  /** The task's host as other containers reach it. */
  public final String host;

  /** The port that TF_CONFIG names. */
  public final int port;

  /** The port on which the task listens for the address of a new ApplicationMaster. */
  public final int controlPort;

  /** The command's exit code, 128 and the signal if one ended it; only when EXITED. */
  public final @Nullable Integer exitCode;

  /** The reason why the command could not be started, or null. */
  public final @Nullable String problem;

  /**
   * Makes a report.
   *
   * @param container the container
   * @param generation the generation the state belongs to
   * @param state the state
   * @param host the task's host
   * @param port the task's port
   * @param controlPort the port for a new ApplicationMaster
   * @param exitCode the exit code when EXITED, else null
   * @param problem why the command could not be started, or null
   */
  public TaskReport(
      String container,
      int generation,
      State state,
      String host,
      int port,
      int controlPort,
      @Nullable Integer exitCode,
      @Nullable String problem) {
    this.container = container;
    this.generation = generation;
    this.state = state;
    this.host = host;
    this.port = port;
    this.controlPort = controlPort;
    this.exitCode = exitCode;
    this.problem = problem;
  }
}
