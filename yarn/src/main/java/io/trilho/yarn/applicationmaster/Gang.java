package io.trilho.yarn.applicationmaster;

import io.trilho.yarn.job.Policy;
import io.trilho.yarn.protocol.JobSnapshot;
import io.trilho.yarn.protocol.JobSnapshot.Phase;
import io.trilho.yarn.protocol.JobSnapshot.TaskState.Stage;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The tasks that start together: rests, asks for what is missing, and starts all or gives all back.
 *
 * <p>Used by the coordinator's thread only.
 */
final class Gang {
  private final Policy policy;
  private final JobSnapshot state;
  private final List<Task> members;
  private final TaskTable tasks;
  private final Containers containers;
  private long resumesAt;
  private long heldSince = -1;

  Gang(Policy policy, JobSnapshot state, TaskTable tasks, Containers containers) {
    this.policy = policy;
    this.state = state;
    this.tasks = tasks;
    this.containers = containers;
    members = tasks.gang();
  }

  List<Task> members() {
    return members;
  }

  /** Asks for nothing until a time. */
  void rest(long until) {
    state.phase = Phase.BACKING_OFF;
    resumesAt = until;
    heldSince = -1;
  }

  /** Does what is due; returns whether the state has changed. */
  boolean tick(long now) {
    boolean changed = false;
    if (state.phase == Phase.BACKING_OFF && now >= resumesAt) {
      state.phase = Phase.GATHERING;
      changed = true;
    }
    if (state.phase != Phase.GATHERING) {
      return changed;
    }
    boolean complete = true;
    boolean holdsAny = false;
    for (Task task : members) {
      if (task.state.stage == Stage.NEEDED) {
        task.state.stage = Stage.REQUESTED;
        containers.request(task);
        changed = true;
      }
      complete &= task.state.stage == Stage.WAITING && task.state.generation == state.generation;
      holdsAny |= task.holdsContainer();
    }
    if (complete) {
      state.phase = Phase.RUNNING;
      state.message = "all " + members.size() + " tasks of the gang were started";
      return true;
    }
    if (isOverdue(holdsAny, now)) {
      giveBack(now);
      return true;
    }
    return changed;
  }

  /**
   * Returns whether containers have been held for gang.timeout. A gang that holds none may wait for
   * as long as the queue makes it wait: it keeps nobody else waiting.
   */
  private boolean isOverdue(boolean holdsAny, long now) {
    if (!holdsAny) {
      heldSince = -1;
      return false;
    }
    if (heldSince < 0) {
      heldSince = now;
    }
    return now - heldSince >= policy.gangTimeout().toMillis();
  }

  private void giveBack(long now) {
    long held = members.stream().filter(Task::holdsContainer).count();
    state.givenBack++;
    state.message =
        held + " of " + members.size() + " containers came in time; they were given back for now";
    for (Task task : members) {
      if (task.holdsContainer()) {
        tasks.take(task);
        containers.release(String.valueOf(task.state.container));
      } else if (task.state.stage == Stage.REQUESTED) {
        containers.cancel(task);
      }
      task.state.stage = Stage.NEEDED;
    }
    // By chance, so that two jobs do not give back and ask again in step.
    long millis = policy.gangBackOff().toMillis();
    rest(now + millis / 2 + ThreadLocalRandom.current().nextLong(millis + 1));
  }
}
