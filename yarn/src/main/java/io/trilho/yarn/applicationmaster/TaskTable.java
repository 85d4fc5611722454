package io.trilho.yarn.applicationmaster;

import io.trilho.yarn.job.Job;
import io.trilho.yarn.job.Role;
import io.trilho.yarn.job.RoleType;
import io.trilho.yarn.protocol.JobSnapshot;
import io.trilho.yarn.protocol.JobSnapshot.TaskState;
import io.trilho.yarn.protocol.JobSnapshot.TaskState.Stage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The tasks of a job, and whose container is which. Used by the coordinator's thread only. */
final class TaskTable {
  private final List<Task> tasks = new ArrayList<>();
  private final Map<String, Task> byContainer = new HashMap<>();

  /** Makes the tasks of a job; those of a snapshot that has none yet are put into it. */
  TaskTable(Job job, JobSnapshot snapshot) {
    Map<String, TaskState> known = new HashMap<>();
    snapshot.tasks.forEach(state -> known.put(state.label(), state));
    snapshot.tasks.clear();
    for (Role role : job.roles()) {
      for (int index = 0; index < role.count(); index++) {
        TaskState state = new TaskState();
        state.role = role.type().label();
        state.index = index;
        Task task = new Task(role, known.getOrDefault(state.label(), state));
        tasks.add(task);
        snapshot.tasks.add(task.state);
        if (task.holdsContainer() && task.state.container != null) {
          byContainer.put(task.state.container, task);
        }
      }
    }
  }

  List<Task> all() {
    return tasks;
  }

  List<Task> gang() {
    List<Task> gang = new ArrayList<>();
    for (Task task : tasks) {
      if (task.isInGang()) {
        gang.add(task);
      }
    }
    return gang;
  }

  /** Returns the task whose container it is, null if it is no task's any more. */
  @Nullable Task ofContainer(String container) {
    return byContainer.get(container);
  }

  void give(Task task, String container) {
    byContainer.put(container, task);
    task.state.container = container;
  }

  /** Takes the container from a task, which keeps its id for messages. */
  void take(Task task) {
    if (task.state.container != null) {
      byContainer.remove(task.state.container, task);
    }
  }

  /** Returns a task of a role for which a container was asked, null if there is none. */
  @Nullable Task requested(RoleType role) {
    for (Task task : tasks) {
      if (task.type() == role && task.state.stage == Stage.REQUESTED) {
        return task;
      }
    }
    return null;
  }

  /** Returns the addresses of the gang by role, in the order of indices. */
  Map<String, List<String>> cluster() {
    Map<String, List<String>> cluster = new LinkedHashMap<>();
    for (Task task : tasks) {
      if (task.isInGang()) {
        cluster
            .computeIfAbsent(task.state.role, role -> new ArrayList<>())
            .add(task.state.host + ":" + task.state.port);
      }
    }
    return cluster;
  }

  /** Returns whether the training is done: the chief is, or, without a chief, all workers are. */
  boolean isDone() {
    boolean hasChief = tasks.stream().anyMatch(task -> task.type() == RoleType.CHIEF);
    RoleType deciding = hasChief ? RoleType.CHIEF : RoleType.WORKER;
    return tasks.stream()
        .filter(task -> task.type() == deciding)
        .allMatch(task -> task.state.stage == Stage.SUCCEEDED);
  }
}
