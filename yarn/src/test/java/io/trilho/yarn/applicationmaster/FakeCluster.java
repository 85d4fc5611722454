package io.trilho.yarn.applicationmaster;

import io.trilho.yarn.client.JobFile;
import io.trilho.yarn.job.Job;
import io.trilho.yarn.job.RoleType;
import io.trilho.yarn.protocol.JobSnapshot;
import io.trilho.yarn.protocol.JobSnapshot.TaskState;
import io.trilho.yarn.protocol.TaskOrder;
import io.trilho.yarn.protocol.TaskReport;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;

/** A coordinator and the cluster around it: time passes and containers come when a test says so. */
final class FakeCluster implements Containers {
  private final String description;
  private final Coordinator coordinator;
  private final JobSnapshot state;
  private final AtomicInteger numbers;
  private final List<FakeTask> tasks = new ArrayList<>();
  private final Set<String> released = new HashSet<>();
  private final Set<Task> open = new HashSet<>();
  private int requests;
  private long now = 1_000_000;

  FakeCluster(String description) throws Exception {
    this(description, new JobSnapshot(), new AtomicInteger());
  }

  private FakeCluster(String description, JobSnapshot state, AtomicInteger numbers)
      throws Exception {
    this.description = description;
    this.state = state;
    this.numbers = numbers;
    Job job = JobFile.parse(description, "job").job();
    coordinator = new Coordinator(job, this, state, () -> now);
  }

  FakeCluster begin() {
    coordinator.start(new TreeSet<>(), now);
    return this;
  }

  /** Returns the cluster of a next attempt, which has kept the containers of these tasks. */
  FakeCluster nextAttempt(FakeTask... kept) throws Exception {
    FakeCluster next = new FakeCluster(description, state.copy(), numbers);
    next.now = now;
    Set<String> containers = new TreeSet<>();
    for (FakeTask task : kept) {
      containers.add(task.container);
    }
    next.coordinator.start(containers, now);
    return next;
  }

  FakeTask adopt(FakeTask task) {
    task.follow(this);
    tasks.add(task);
    return task;
  }

  /** Allocates a container to a role; the label is the task's that is expected to get it. */
  FakeTask allocate(String label) {
    FakeTask task = new FakeTask(this, label, numbers.incrementAndGet());
    tasks.add(task);
    String role = label.substring(0, label.indexOf(':')).toUpperCase(Locale.ROOT);
    coordinator.allocated(
        task.container, RoleType.valueOf(role), "node-1:1", "http://node-1/" + task.container, now);
    return task;
  }

  /** Lets all tasks report until they have been told to run, or have nothing to do. */
  void runAll() {
    for (int round = 0; round < 4; round++) {
      for (FakeTask task : new ArrayList<>(tasks)) {
        if (task.report().kind == TaskOrder.Kind.STOP) {
          tasks.remove(task);
        }
      }
    }
  }

  void completed(FakeTask task, int status) {
    coordinator.completed(task.container, status, "text", now);
  }

  void pass(long millis) {
    now += millis;
    coordinator.tick(now);
  }

  TaskOrder report(TaskReport report) {
    return coordinator.report(report, now);
  }

  JobSnapshot state() {
    return state;
  }

  TaskState task(String label) {
    return state.tasks.stream().filter(task -> task.label().equals(label)).findFirst().get();
  }

  boolean isOver() {
    return coordinator.isOver(now);
  }

  boolean released(FakeTask task) {
    return released.contains(task.container);
  }

  int requests() {
    return requests;
  }

  int open() {
    return open.size();
  }

  int toCall() {
    return coordinator.tasksToCall().size();
  }

  @Override
  public void request(Task task) {
    requests++;
    open.add(task);
  }

  @Override
  public void cancel(Task task) {
    open.remove(task);
  }

  @Override
  public void launch(Task task) {}

  @Override
  public void release(String container) {
    released.add(container);
  }
}
