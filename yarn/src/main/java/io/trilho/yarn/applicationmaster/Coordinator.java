package io.trilho.yarn.applicationmaster;

import io.trilho.yarn.job.Job;
import io.trilho.yarn.job.RoleType;
import io.trilho.yarn.protocol.JobSnapshot;
import io.trilho.yarn.protocol.JobSnapshot.Phase;
import io.trilho.yarn.protocol.JobSnapshot.TaskState.Stage;
import io.trilho.yarn.protocol.Outcome;
import io.trilho.yarn.protocol.TaskOrder;
import io.trilho.yarn.protocol.TaskReport;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Decides what each task does, from the reports of tasks, the events of the cluster and the time.
 *
 * <p><b>The gang.</b> Chief, workers and parameter servers start together. Each start is a
 * generation: tasks wait until all have registered a port in it, and then get the addresses of all.
 * When one is lost, the generation goes up by one, and the others stop their commands, take new
 * ports and wait again, in the containers they have. A gang that is incomplete for gang.timeout
 * gives its containers back, so that two jobs that both wait for the other's do not wait for ever.
 *
 * <p><b>Restarts.</b> See {@link Losses}.
 *
 * <p><b>A lost ApplicationMaster.</b> The state is a {@link JobSnapshot}; with one of an earlier
 * attempt and the containers that were kept, a coordinator goes on where that one was. A snapshot
 * may be a little older than the tasks: one that reports a later generation makes all start anew.
 *
 * <p>Times are of a clock that only goes forward, in milliseconds. One thread calls all methods.
 */
final class Coordinator {
  private static final long FAILING_MILLIS = 2_000;
  private static final int MOST_FAILURES_IN_CONTAINER = 2;

  private final Job job;
  private final Containers containers;
  private final JobSnapshot state;
  private final TaskTable tasks;
  private final Losses losses;
  private final Gang gang;
  private final Departures leaving;

  private boolean changed = true;
  private long endsAt;

  /**
   * Makes a coordinator.
   *
   * @param state of a job that begins, or of an earlier attempt; from now on this object's
   * @param clock the time of day, in milliseconds since 1970
   */
  Coordinator(Job job, Containers containers, JobSnapshot state, LongSupplier clock) {
    this.job = job;
    this.containers = containers;
    this.state = state;
    tasks = new TaskTable(job, state);
    losses = new Losses(job.policy(), state, clock);
    gang = new Gang(job.policy(), state, tasks, containers);
    leaving = new Departures(containers);
  }

  /**
   * Begins, or goes on with the containers of an earlier attempt.
   *
   * @param kept the ids of containers that the ResourceManager has kept for the application
   */
  void start(Set<String> kept, long now) {
    for (Task task : tasks.all()) {
      if (task.state.stage == Stage.REQUESTED) {
        task.state.stage = Stage.NEEDED;
      }
      task.heardAt = now;
    }
    if (isEnded()) {
      kept.forEach(containers::release);
      return;
    }
    if (state.phase == Phase.FAILING) {
      endsAt = now + FAILING_MILLIS;
    } else if (state.phase != Phase.RUNNING) {
      backOff(now);
    }
    Set<String> unknown = new TreeSet<>(kept);
    for (Task task : tasks.all()) {
      // A task without a control port cannot be told where its new master is.
      boolean reachable = task.state.controlPort != 0;
      if (task.holdsContainer() && reachable && unknown.remove(task.state.container)) {
        continue;
      }
      if (task.holdsContainer()) {
        lose(task, new Loss(Loss.Kind.MASTER, null, "lost with the ApplicationMaster"), true, now);
      }
    }
    unknown.forEach(containers::release);
    tick(now);
  }

  /** Returns the tasks that do not know yet that this ApplicationMaster has followed another. */
  List<Task> tasksToCall() {
    List<Task> result = new ArrayList<>();
    for (Task task : tasks.all()) {
      if (task.holdsContainer() && !task.heard && task.state.controlPort != 0) {
        result.add(task);
      }
    }
    return result;
  }

  /** Takes a container that the cluster has allocated to a role. */
  void allocated(String container, RoleType role, String node, String log, long now) {
    Task task = isEnded() ? null : tasks.requested(role);
    if (task == null) {
      containers.release(container);
      return;
    }
    tasks.give(task, container);
    task.state.stage = Stage.LAUNCHED;
    task.state.node = node;
    task.state.log = log;
    task.state.containers++;
    task.state.containerFailures = 0;
    task.state.generation = 0;
    task.state.host = null;
    task.state.port = 0;
    task.state.controlPort = 0;
    task.heard = true;
    task.heardAt = now;
    containers.cancel(task);
    containers.launch(task);
    changed = true;
    tick(now);
  }

  /** Takes the end of a container; of interest only if it is a task's. */
  void completed(String container, int status, String diagnostics, long now) {
    leaving.ended(container);
    Task task = tasks.ofContainer(container);
    if (task != null) {
      lose(task, ContainerExit.classify(status, diagnostics), true, now);
      tick(now);
    }
  }

  /** Takes the failure to start a container. */
  void launchFailed(String container, String reason, long now) {
    Task task = tasks.ofContainer(container);
    if (task != null) {
      lose(
          task,
          new Loss(Loss.Kind.LAUNCH, null, "its container could not be started: " + reason),
          true,
          now);
      tick(now);
    }
  }

  /** Takes a report and answers it. */
  TaskOrder report(TaskReport report, long now) {
    Task task = tasks.ofContainer(report.container);
    if (task == null || isEnded()) {
      return order(TaskOrder.Kind.STOP, 0);
    }
    changed |=
        !task.heard || task.state.port != report.port || task.state.generation != report.generation;
    task.heard = true;
    task.heardAt = now;
    task.state.host = report.host;
    task.state.port = report.port;
    task.state.controlPort = report.controlPort;
    task.state.generation = report.generation;
    if (task.isInGang() && report.generation > state.generation) {
      state.generation = report.generation;
      restartGang(Loss.Kind.MASTER, now);
    }
    if (report.generation != target(task)) {
      losses.recordLate(task, report);
    } else {
      if (report.state == TaskReport.State.EXITED) {
        exited(task, report, now);
      } else {
        stage(task, report.state == TaskReport.State.RUNNING ? Stage.RUNNING : Stage.WAITING);
      }
      tick(now);
    }
    if (tasks.ofContainer(report.container) != task || isEnded()) {
      return order(TaskOrder.Kind.STOP, 0);
    }
    return report.generation == target(task) && mayRun(task, now)
        ? order(TaskOrder.Kind.RUN, target(task))
        : order(TaskOrder.Kind.WAIT, target(task));
  }

  private TaskOrder order(TaskOrder.Kind kind, int generation) {
    return new TaskOrder(
        kind, generation, kind == TaskOrder.Kind.RUN ? tasks.cluster() : Collections.emptyMap());
  }

  private boolean mayRun(Task task, long now) {
    if (task.type() == RoleType.UNTRACKED) {
      return task.notBefore <= now;
    }
    // An evaluator that runs goes on while the gang restarts.
    boolean runsAlready = !task.isInGang() && task.state.stage == Stage.RUNNING;
    return runsAlready || state.phase == Phase.RUNNING && task.notBefore <= now;
  }

  /** Returns the generation that a task is to be in. */
  private int target(Task task) {
    return task.isInGang() ? state.generation : task.state.restarts + 1;
  }

  private void stage(Task task, Stage stage) {
    changed |= task.state.stage != stage;
    task.state.stage = stage;
  }

  private void exited(Task task, TaskReport report, long now) {
    int code = report.exitCode == null ? -1 : report.exitCode;
    task.state.exitCode = code;
    if (code == 0) {
      stage(task, Stage.SUCCEEDED);
      leave(task, now);
      if (tasks.isDone()) {
        end(Outcome.SUCCEEDED, "the training is done", now);
      }
      return;
    }
    task.state.containerFailures++;
    Loss loss =
        report.problem == null
            ? new Loss(Loss.Kind.COMMAND, code, Losses.ended(code))
            : new Loss(
                Loss.Kind.START, code, "its command could not be started: " + report.problem);
    lose(task, loss, task.state.containerFailures >= MOST_FAILURES_IN_CONTAINER, now);
  }

  /**
   * Deals with a lost task.
   *
   * @param leaves whether its container is gone, or is not to be used again
   */
  private void lose(Task task, Loss loss, boolean leaves, long now) {
    boolean registered = task.state.generation == target(task);
    losses.record(task, loss);
    changed = true;
    if (leaves) {
      leave(task, now);
    }
    task.state.stage = leaves ? Stage.NEEDED : Stage.LAUNCHED;
    if (!task.isInGang()) {
      loseSolo(task, loss, now);
    } else if (state.phase == Phase.RUNNING) {
      restartGang(loss.kind, now);
    } else if (state.phase == Phase.GATHERING && (registered || task.state.generation == 0)) {
      // A task that is still of the last generation was lost by what ended that one, which was
      // counted; and while the gang backs off, the loss that made it do so was.
      if (losses.count(loss.kind)) {
        fail(now);
      } else {
        backOff(now + losses.delay());
      }
    }
  }

  private void loseSolo(Task task, Loss loss, long now) {
    if (loss.kind.counts()) {
      task.state.restarts++;
    }
    if (task.state.restarts > job.policy().maxRestarts()) {
      leave(task, now);
      stage(task, Stage.GIVEN_UP);
    }
    task.notBefore = now + losses.delay(task.state.restarts);
  }

  /** Ends the generation that runs, and counts why. */
  private void restartGang(Loss.Kind kind, long now) {
    boolean failed = losses.count(kind);
    state.generation++;
    changed = true;
    for (Task task : gang.members()) {
      if (task.state.stage == Stage.SUCCEEDED) {
        task.state.stage = Stage.NEEDED;
      } else if (task.holdsContainer()) {
        task.state.stage = Stage.LAUNCHED;
      }
    }
    if (failed) {
      fail(now);
    } else {
      backOff(now + losses.delay());
    }
  }

  private void fail(long now) {
    if (state.phase != Phase.FAILING) {
      state.phase = Phase.FAILING;
      endsAt = now + FAILING_MILLIS;
    }
  }

  private void backOff(long until) {
    gang.rest(until);
    changed = true;
  }

  /** Lets a container end by itself, and gives it back if it does not. */
  private void leave(Task task, long now) {
    if (tasks.ofContainer(String.valueOf(task.state.container)) == task) {
      tasks.take(task);
      leaving.add(String.valueOf(task.state.container), now + Departures.PATIENCE_MILLIS);
    }
  }

  /** Does what is due. */
  void tick(long now) {
    leaving.tick(now);
    if (isEnded()) {
      return;
    }
    findSilent(now);
    if (state.phase == Phase.FAILING) {
      if (now >= endsAt) {
        end(losses.outcome(), losses.cause(), now);
      }
      return;
    }
    changed |= gang.tick(now);
    for (Task task : tasks.all()) {
      if (!task.isInGang() && task.state.stage == Stage.NEEDED && task.notBefore <= now) {
        stage(task, Stage.REQUESTED);
        containers.request(task);
      }
    }
  }

  private void findSilent(long now) {
    for (Task task : tasks.all()) {
      boolean registered = task.state.controlPort != 0;
      long patience =
          (registered ? job.policy().heartbeatTimeout() : job.policy().gangTimeout()).toMillis();
      // A task of the gang that has not registered is the gang's matter.
      if (task.holdsContainer()
          && (registered || !task.isInGang())
          && now - task.heardAt > patience) {
        containers.release(String.valueOf(task.state.container));
        lose(
            task,
            new Loss(Loss.Kind.SILENT, null, "no heartbeat for " + patience + " ms"),
            true,
            now);
      }
    }
  }

  /** Ends the job; tasks are told to stop when they report. */
  void end(Outcome outcome, String message, long now) {
    if (isEnded()) {
      return;
    }
    state.outcome = outcome;
    state.message = message;
    state.phase = Phase.ENDED;
    state.finished = losses.time();
    endsAt = now + job.policy().stopGrace().toMillis() + Departures.PATIENCE_MILLIS;
    for (Task task : tasks.all()) {
      if (task.state.stage == Stage.REQUESTED) {
        containers.cancel(task);
        task.state.stage = Stage.NEEDED;
      } else if (task.holdsContainer()) {
        task.state.stage = Stage.STOPPED;
      }
      leave(task, endsAt - Departures.PATIENCE_MILLIS);
    }
    changed = true;
  }

  private boolean isEnded() {
    return state.phase == Phase.ENDED;
  }

  /** Returns whether the job has ended and its tasks have, or have had time for it. */
  boolean isOver(long now) {
    return isEnded() && (leaving.isEmpty() || now >= endsAt);
  }

  /** Returns a copy of the state if it has changed since the last call, else null. */
  @Nullable JobSnapshot takeChange() {
    if (!changed) {
      return null;
    }
    changed = false;
    return state.copy();
  }
}
