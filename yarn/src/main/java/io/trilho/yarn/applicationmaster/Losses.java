package io.trilho.yarn.applicationmaster;

import io.trilho.yarn.job.Policy;
import io.trilho.yarn.job.RoleType;
import io.trilho.yarn.protocol.JobSnapshot;
import io.trilho.yarn.protocol.JobSnapshot.Failure;
import io.trilho.yarn.protocol.Outcome;
import io.trilho.yarn.protocol.TaskReport;
import java.util.Locale;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The failure policy: counts restarts, spaces them, and tells the reason in the end.
 *
 * <p>A restart of the gang counts against restarts.max, except when the cluster took a container
 * away. Tasks outside of the gang count for themselves. Used by the coordinator's thread only.
 */
final class Losses {
  private static final int MOST_FAILURES = 200;
  private static final int SIGNAL = 128;

  private final Policy policy;
  private final JobSnapshot state;
  private final LongSupplier clock;

  Losses(Policy policy, JobSnapshot state, LongSupplier clock) {
    this.policy = policy;
    this.state = state;
    this.clock = clock;
  }

  /** Returns how a command ended, in words. */
  static String ended(int code) {
    return code > SIGNAL && code < SIGNAL + 65
        ? "its command was ended by signal " + (code - SIGNAL)
        : "its command failed with exit code " + code;
  }

  long time() {
    return clock.getAsLong();
  }

  /** Keeps a loss for the history. */
  void record(Task task, Loss loss) {
    Failure failure = new Failure();
    failure.time = time();
    failure.task = task.label();
    boolean registered = task.isInGang() && task.state.generation > 0;
    failure.generation = registered ? task.state.generation : state.generation;
    failure.kind = loss.kind.name();
    failure.exitCode = loss.exitCode;
    failure.reason = loss.reason;
    failure.node = task.state.node;
    failure.container = task.state.container;
    failure.log = task.state.log;
    // The first failures and the last ones tell the most.
    if (state.failures.size() >= MOST_FAILURES) {
      state.failures.remove(MOST_FAILURES / 2);
    }
    state.failures.add(failure);
    state.message = task.label() + ": " + loss.reason;
  }

  /** Keeps a command's failure that its generation's end brought about, or was the reason for. */
  void recordLate(Task task, TaskReport report) {
    Integer code = report.exitCode;
    if (report.state == TaskReport.State.EXITED && code != null && code != 0) {
      record(task, new Loss(Loss.Kind.COMMAND, code, ended(code)));
    }
  }

  /** Counts a restart of the gang; returns whether it is one too many. */
  boolean count(Loss.Kind kind) {
    if (!kind.counts()) {
      state.clusterRestarts++;
      return false;
    }
    if (state.restarts >= policy.maxRestarts()) {
      return true;
    }
    state.restarts++;
    return false;
  }

  /** Returns how long the gang waits before its next start. */
  long delay() {
    return delay(state.restarts);
  }

  /**
   * Returns the wait before a restart: the first waits back_off, each further one twice as long.
   */
  long delay(int restarts) {
    long millis = policy.backOff().toMillis();
    for (int i = 1; i < restarts && millis < policy.maxBackOff().toMillis(); i++) {
      millis *= 2;
    }
    return Math.min(millis, policy.maxBackOff().toMillis());
  }

  /** Returns who is to blame for a job that has failed. */
  Outcome outcome() {
    Failure cause = lastCause();
    return cause != null && cause.kind.equals(Loss.Kind.LAUNCH.name())
        ? Outcome.CLUSTER_FAILED
        : Outcome.JOB_FAILED;
  }

  /** Returns the sentence that explains a failed job. */
  String cause() {
    Failure cause = lastCause();
    if (cause == null) {
      return "no failure was recorded";
    }
    String restarts =
        state.restarts == 0
            ? ""
            : ", after " + state.restarts + " restart" + (state.restarts == 1 ? "" : "s");
    String node = cause.node == null ? "" : " on " + cause.node;
    // Not the node's page: a node gives the logs away when the application has ended.
    String log =
        cause.container == null
            ? ""
            : "; log: trilho-yarn logs " + state.application + " " + cause.container;
    return cause.task + node + ": " + cause.reason + restarts + log;
  }

  /** Returns the failure of the last generation that best explains it, the earliest of several. */
  private @Nullable Failure lastCause() {
    Failure best = null;
    int last = 0;
    for (Failure failure : state.failures) {
      if (isOfGang(failure)) {
        last = Math.max(last, failure.generation);
      }
    }
    for (Failure failure : state.failures) {
      boolean candidate = isOfGang(failure) && failure.generation == last;
      if (candidate && (best == null || rank(failure) < rank(best))) {
        best = failure;
      }
    }
    return best;
  }

  private static boolean isOfGang(Failure failure) {
    String role = failure.task.substring(0, failure.task.indexOf(':'));
    return RoleType.valueOf(role.toUpperCase(Locale.ROOT)).isInGang();
  }

  private static int rank(Failure failure) {
    return Loss.Kind.valueOf(failure.kind).ordinal();
  }
}
