package io.trilho.yarn.applicationmaster;

import io.trilho.yarn.job.Role;
import io.trilho.yarn.job.RoleType;
import io.trilho.yarn.protocol.JobSnapshot.TaskState;
import io.trilho.yarn.protocol.JobSnapshot.TaskState.Stage;

/** A task and what is known of it. Used by the coordinator's thread only. */
final class Task {
  final Role role;
  final TaskState state;

  /** The time of the last report, or of the start of the container. */
  long heardAt;

  /** The time before which no container is asked for. */
  long notBefore;

  /** True if a report has come since this ApplicationMaster began. */
  boolean heard;

  Task(Role role, TaskState state) {
    this.role = role;
    this.state = state;
  }

  RoleType type() {
    return role.type();
  }

  boolean isInGang() {
    return type().isInGang();
  }

  /** Returns whether a container is this task's now. */
  boolean holdsContainer() {
    return state.stage == Stage.LAUNCHED
        || state.stage == Stage.WAITING
        || state.stage == Stage.RUNNING;
  }

  String label() {
    return state.label();
  }
}
