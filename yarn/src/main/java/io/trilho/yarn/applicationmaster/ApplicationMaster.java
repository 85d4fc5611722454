package io.trilho.yarn.applicationmaster;

import io.trilho.yarn.job.InvalidJobException;
import io.trilho.yarn.job.Job;
import io.trilho.yarn.job.Role;
import io.trilho.yarn.job.RoleType;
import io.trilho.yarn.protocol.JobSnapshot;
import io.trilho.yarn.protocol.Outcome;
import io.trilho.yarn.protocol.TaskOrder;
import io.trilho.yarn.protocol.TaskReport;
import java.io.IOException;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.yarn.api.protocolrecords.RegisterApplicationMasterResponse;
import org.apache.hadoop.yarn.api.records.Container;
import org.apache.hadoop.yarn.api.records.ContainerStatus;
import org.apache.hadoop.yarn.api.records.FinalApplicationStatus;
import org.apache.hadoop.yarn.api.records.Resource;
import org.apache.hadoop.yarn.exceptions.YarnException;
import org.jspecify.annotations.Nullable;

/**
 * An attempt to run a job: brings the coordinator and its surroundings together.
 *
 * <p>All that the coordinator does happens in one thread, {@code events}. Its state is published
 * after each event, for the page and the journal.
 */
final class ApplicationMaster implements YarnContainers.Events {
  private static final Logger LOG = Logger.getLogger(ApplicationMaster.class.getName());
  private static final long TICK_MILLIS = 200;

  private final Staging staging;
  private final Job job;
  private final Journal journal;
  private final ReportServer server;
  private final TaskCaller caller;
  private final YarnContainers containers;
  private final Coordinator coordinator;
  private final String host;
  private final long deadline;
  private final ScheduledExecutorService events = Executors.newSingleThreadScheduledExecutor();
  private final CompletableFuture<JobSnapshot> end = new CompletableFuture<>();
  private volatile JobSnapshot state;

  /**
   * Prepares an attempt.
   *
   * @param host this machine's name, as other machines know it
   */
  ApplicationMaster(Configuration configuration, Staging staging, JobSnapshot begun, String host)
      throws IOException, InvalidJobException {
    this.staging = staging;
    this.host = host;
    job = staging.job();
    journal = new Journal(staging.files(), staging.folder());
    JobSnapshot earlier = journal.read();
    state = earlier == null ? begun : earlier;
    state.attempt = begun.attempt;
    deadline = job.timeout().isZero() ? Long.MAX_VALUE : state.submitted + job.timeout().toMillis();
    String token = staging.token();
    server = new ReportServer(token, this::report, () -> state);
    String address = host + ":" + server.port();
    caller = new TaskCaller(token, address);
    containers =
        new YarnContainers(configuration, new TaskLaunch(staging.localFiles(), address), this);
    coordinator = new Coordinator(job, containers, state.copy(), System::currentTimeMillis);
  }

  /** Runs the job to its end and tells the ResourceManager; throws if the attempt has failed. */
  JobSnapshot run() throws Exception {
    try {
      server.start();
      RegisterApplicationMasterResponse cluster = containers.register(host, server.port());
      Set<String> kept = new TreeSet<>();
      for (Container container : cluster.getContainersFromPreviousAttempts()) {
        kept.add(container.getId().toString());
      }
      LOG.info("attempt " + state.attempt + " at port " + server.port() + ", kept " + kept);
      handle(
          () -> {
            coordinator.start(kept, now());
            String problem = tooLarge(cluster.getMaximumResourceCapability());
            if (problem != null) {
              coordinator.end(Outcome.INVALID_INPUT, problem, now());
            }
          });
      events.scheduleWithFixedDelay(
          () -> act(this::tick), TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
      JobSnapshot last = end.get();
      finish(last);
      return last;
    } finally {
      events.shutdownNow();
      caller.close();
      containers.close();
      server.close();
      journal.close();
    }
  }

  private void finish(JobSnapshot last) throws YarnException, IOException {
    Outcome outcome = last.outcome == null ? Outcome.CLUSTER_FAILED : last.outcome;
    LOG.info("ended: " + outcome.diagnostics(last.message));
    staging.keepHistory(last);
    containers.unregister(
        outcome == Outcome.SUCCEEDED
            ? FinalApplicationStatus.SUCCEEDED
            : FinalApplicationStatus.FAILED,
        outcome.diagnostics(last.message));
    // Only now: without it an attempt that follows a failure to unregister could not go on.
    journal.close();
    staging.delete();
  }

  private @Nullable String tooLarge(Resource most) {
    for (Role role : job.roles()) {
      if (role.memory() > most.getMemorySize() || role.vcores() > most.getVirtualCores()) {
        return role.type().label()
            + " needs more than the largest container, which has "
            + most.getMemorySize()
            + "m and "
            + most.getVirtualCores()
            + " vcores";
      }
    }
    return null;
  }

  private void tick() {
    long now = now();
    if (System.currentTimeMillis() > deadline) {
      coordinator.end(
          Outcome.TIMED_OUT,
          "the job took longer than its timeout of " + job.timeout().getSeconds() + " s",
          now);
    }
    coordinator.tick(now);
    coordinator.tasksToCall().forEach(caller::call);
  }

  /** Returns a time that only goes forward. */
  private static long now() {
    return System.nanoTime() / 1_000_000;
  }

  private TaskOrder report(TaskReport report) {
    try {
      return events
          .submit(
              (Callable<TaskOrder>)
                  () -> {
                    TaskOrder[] order = new TaskOrder[1];
                    act(() -> order[0] = coordinator.report(report, now()));
                    return order[0];
                  })
          .get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("this ApplicationMaster is ending", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("a report could not be dealt with", e);
    }
  }

  private void handle(Runnable event) {
    events.execute(() -> act(event));
  }

  /** Lets the coordinator act, and publishes what has changed. In the events' thread. */
  private void act(Runnable event) {
    try {
      event.run();
      JobSnapshot changed = coordinator.takeChange();
      if (changed != null) {
        if (!changed.message.equals(state.message) || changed.phase != state.phase) {
          LOG.info(changed.phase + ", generation " + changed.generation + ": " + changed.message);
        }
        state = changed;
        journal.write(changed);
      }
      if (coordinator.isOver(now())) {
        end.complete(state);
      }
    } catch (RuntimeException e) {
      // A defect of this program: the next attempt goes on from the journal.
      LOG.log(Level.SEVERE, "an event could not be dealt with", e);
      end.completeExceptionally(e);
      throw e;
    }
  }

  @Override
  public void allocated(Container container, RoleType role) {
    String id = container.getId().toString();
    String log =
        "http://" + container.getNodeHttpAddress() + "/node/containerlogs/" + id + "/" + state.user;
    handle(() -> coordinator.allocated(id, role, container.getNodeId().toString(), log, now()));
  }

  @Override
  public void completed(ContainerStatus status) {
    handle(
        () ->
            coordinator.completed(
                status.getContainerId().toString(),
                status.getExitStatus(),
                String.valueOf(status.getDiagnostics()),
                now()));
  }

  @Override
  public void launchFailed(String container, String reason) {
    handle(() -> coordinator.launchFailed(container, reason, now()));
  }

  @Override
  public void shutDown(String reason) {
    end.completeExceptionally(new IOException(reason));
  }
}
