package io.trilho.yarn.protocol;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * All that an ApplicationMaster knows of its job at a moment. The fields are JSON's.
 *
 * <p>The same object is the journal from which a next attempt goes on, the status that the page and
 * the client show, and, with the outcome, the job's line in the history. It is written by the
 * ApplicationMaster and not changed once it is shared.
 */
public final class JobSnapshot {
  /** Where the gang is. */
  public enum Phase {
    /** Containers are asked for, or have not registered yet. */
    GATHERING,
    /** All tasks of the gang were started. */
    RUNNING,
    /** The gang waits before containers are asked for. */
    BACKING_OFF,
    /** The last restart has failed; reports that tell the reason may still come. */
    FAILING,
    /** The outcome is known and tasks are being stopped. */
    ENDED
  }

  /** The application's id. */
  public String application = "";

  /** The job's name. */
  public String name = "";

  /** The user who submitted the job. */
  public String user = "";

  /** The ApplicationMaster's attempt, from 1. */
  public int attempt;

  /** The time of the submission, in milliseconds since 1970. */
  public long submitted;

  /** The time of the end, in milliseconds since 1970; 0 before the end. */
  public long finished;

  /** Where the gang is. */
  public Phase phase = Phase.GATHERING;

  /** The generation of the gang: 1 and one more for each restart. */
  public int generation = 1;

  /** Restarts for which the job is to blame. */
  public int restarts;

  /** Restarts because the cluster took a container away. */
  public int clusterRestarts;

  /** How often containers of an incomplete gang were given back. */
  public int givenBack;

  /** How the job ended; null before its end. */
  public @Nullable Outcome outcome;

  /** A sentence about the present state or the end. */
  public String message = "";

  /** The tasks, in the order of roles and indices. */
  public List<TaskState> tasks = new ArrayList<>();

  /** The failures of tasks, oldest first. */
  public List<Failure> failures = new ArrayList<>();

  /** A task. */
  public static final class TaskState {
    /** The stages of a task. */
    public enum Stage {
      /** It has no container and none was asked for. */
      NEEDED,
      /** A container was asked for. */
      REQUESTED,
      /** Its container was started and has not registered in this generation. */
      LAUNCHED,
      /** It waits for the rest of the gang. */
      WAITING,
      /** Its command runs. */
      RUNNING,
      /** Its command ended with 0. */
      SUCCEEDED,
      /** It failed too often, which harms no other task. */
      GIVEN_UP,
      /** It was stopped, as the job has ended. */
      STOPPED
    }

    /** The role's name. */
    public String role = "";

    /** The index within the role. */
    public int index;

    /** The stage. */
    public Stage stage = Stage.NEEDED;

    /** How many containers the task has had. */
    public int containers;

    /** Restarts of a task outside of the gang. */
    public int restarts;

    /** Failures of its command in the present container. */
    public int containerFailures;

    /** The generation of its last report. */
    public int generation;

    /** The present or last container; null before the first. */
    public @Nullable String container;

    /** The node of the container; null before the first. */
    public @Nullable String node;

    /** The page with the container's logs; null before the first. */
    public @Nullable String log;

    /** The task's host; null before its first report. */
    public @Nullable String host;

    /** The port that TF_CONFIG names; 0 before the first report. */
    public int port;

    /** The port for a new ApplicationMaster's call; 0 before the first report. */
    public int controlPort;

    /** The last exit code of the command; null before it has ended. */
    public @Nullable Integer exitCode;

    /** Makes a task without a container. */
    public TaskState() {}

    /**
     * Returns the name that messages use.
     *
     * @return role and index, such as {@code worker:1}
     */
    public String label() {
      return role + ":" + index;
    }

    TaskState copy() {
      TaskState copy = new TaskState();
      copy.role = role;
      copy.index = index;
      copy.stage = stage;
      copy.containers = containers;
      copy.restarts = restarts;
      copy.containerFailures = containerFailures;
      copy.generation = generation;
      copy.container = container;
      copy.node = node;
      copy.log = log;
      copy.host = host;
      copy.port = port;
      copy.controlPort = controlPort;
      copy.exitCode = exitCode;
      return copy;
    }
  }

  /** A task's failure. Its objects are not changed. */
  public static final class Failure {
    /** The time, in milliseconds since 1970. */
    public long time;

    /** The task, such as {@code worker:1}. */
    public String task = "";

    /** The gang's generation then. */
    public int generation;

    /** The kind of the failure, as the ApplicationMaster calls it. */
    public String kind = "";

    /** The exit code of the command or container; null if there is none. */
    public @Nullable Integer exitCode;

    /** A sentence about the reason. */
    public String reason = "";

    /** The node; null if there was none. */
    public @Nullable String node;

    /** The container; null if there was none. */
    public @Nullable String container;

    /** The page with the logs, while the node has them; null if there was no container. */
    public @Nullable String log;

    /** Makes an empty failure, to be filled before it is shared. */
    public Failure() {}
  }

  /** Makes the state of a job that has just begun. */
  public JobSnapshot() {}

  /**
   * Returns a copy that later changes of this object do not reach.
   *
   * @return the copy
   */
  public JobSnapshot copy() {
    JobSnapshot copy = new JobSnapshot();
    copy.application = application;
    copy.name = name;
    copy.user = user;
    copy.attempt = attempt;
    copy.submitted = submitted;
    copy.finished = finished;
    copy.phase = phase;
    copy.generation = generation;
    copy.restarts = restarts;
    copy.clusterRestarts = clusterRestarts;
    copy.givenBack = givenBack;
    copy.outcome = outcome;
    copy.message = message;
    for (TaskState task : tasks) {
      copy.tasks.add(task.copy());
    }
    copy.failures.addAll(failures);
    return copy;
  }
}
