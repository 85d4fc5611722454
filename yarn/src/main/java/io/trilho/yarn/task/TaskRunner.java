package io.trilho.yarn.task;

import io.trilho.yarn.job.Job;
import io.trilho.yarn.job.Policy;
import io.trilho.yarn.job.Role;
import io.trilho.yarn.job.RoleType;
import io.trilho.yarn.protocol.TaskOrder;
import io.trilho.yarn.protocol.TaskReport;
import io.trilho.yarn.protocol.TaskReport.State;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Does what the ApplicationMaster orders: waits, runs the command, starts it again, ends.
 *
 * <p>One thread does all of it, in a loop of report and order. A command that ends, an order to
 * stop and a master that is away for too long are the only ways out.
 */
final class TaskRunner {
  /** The exit code of a task that the ApplicationMaster has ended. */
  static final int STOPPED = 0;

  /** The exit code of a task that has waited in vain for a new ApplicationMaster. */
  static final int MASTER_LOST = 75;

  private static final int CANNOT_START = 127;
  private static final long WAITING_MILLIS = 200;

  private final Job job;
  private final RoleType role;
  private final int index;
  private final String container;
  private final String host;
  private final int controlPort;
  private final MasterLink master;
  private final TaskLog log;

  private State state = State.WAITING;
  private int generation;
  private HeldPort port;
  private @Nullable Command command;
  private @Nullable Integer exitCode;
  private @Nullable String problem;

  TaskRunner(
      Job job,
      RoleType role,
      int index,
      String container,
      String host,
      int controlPort,
      MasterLink master,
      TaskLog log)
      throws IOException {
    this.job = job;
    this.role = role;
    this.index = index;
    this.container = container;
    this.host = host;
    this.controlPort = controlPort;
    this.master = master;
    this.log = log;
    port = HeldPort.take(job.policy().holdsPorts());
  }

  /** Runs until the task is over and returns the exit code of its container. */
  int run() throws IOException, InterruptedException {
    Policy policy = job.policy();
    long heard = System.nanoTime();
    try {
      while (true) {
        TaskOrder order = ask();
        if (order != null) {
          heard = System.nanoTime();
          if (order.kind == TaskOrder.Kind.STOP) {
            log.say("stops, as the ApplicationMaster orders");
            return state == State.EXITED && exitCode != null ? exitCode : STOPPED;
          }
          obey(order);
        } else if (System.nanoTime() - heard > policy.masterTimeout().toNanos()) {
          log.say("ends, as no ApplicationMaster has come for heartbeat.master_timeout");
          return MASTER_LOST;
        }
        pause(policy.heartbeatInterval().toMillis());
      }
    } finally {
      endCommand(policy.stopGrace().toMillis());
      port.close();
    }
  }

  /** Returns the order that answers a report, null if no ApplicationMaster answers. */
  private @Nullable TaskOrder ask() {
    try {
      return master.send(report());
    } catch (IOException e) {
      log.say("no answer from " + master.address() + ": " + e);
      return null;
    }
  }

  private TaskReport report() {
    return new TaskReport(
        container, generation, state, host, port.port(), controlPort, exitCode, problem);
  }

  private void obey(TaskOrder order) throws IOException, InterruptedException {
    if (order.kind == TaskOrder.Kind.WAIT
        && (state != State.WAITING || order.generation != generation)) {
      log.say("waits for generation " + order.generation);
      endCommand(job.policy().stopGrace().toMillis());
      port.close();
      port = HeldPort.take(job.policy().holdsPorts());
      generation = order.generation;
      state = State.WAITING;
      exitCode = null;
      problem = null;
    } else if (order.kind == TaskOrder.Kind.RUN && state == State.WAITING) {
      generation = order.generation;
      start(order);
    }
  }

  private void start(TaskOrder order) throws IOException {
    Role own = job.role(role);
    Map<String, String> environment = new LinkedHashMap<>();
    if (role.hasTfConfig()) {
      environment.put("TF_CONFIG", TfConfig.of(order.cluster, role, index));
    }
    environment.put("TF_GRPC_REUSE_PORT", String.valueOf(port.isShared()));
    environment.put("TRILHO_ROLE", role.label());
    environment.put("TRILHO_INDEX", String.valueOf(index));
    environment.put("TRILHO_PORT", String.valueOf(port.port()));
    environment.put("TRILHO_GENERATION", String.valueOf(order.generation));
    environment.putAll(own.environment());
    port.yieldToCommand();
    try {
      command = Command.start(own.command(), environment, container + "_" + order.generation);
      state = State.RUNNING;
      log.say("runs " + own.command() + " as generation " + generation + ", port " + port.port());
    } catch (IOException e) {
      state = State.EXITED;
      exitCode = CANNOT_START;
      problem = String.valueOf(e.getMessage());
      log.say("cannot run " + own.command() + ": " + e);
    }
  }

  /** Waits for the next heartbeat, or less if the command ends or an order to run may come. */
  private void pause(long heartbeatMillis) throws IOException, InterruptedException {
    if (command != null && state == State.RUNNING) {
      if (command.waitFor(heartbeatMillis)) {
        exitCode = command.exitCode();
        state = State.EXITED;
        log.say("the command has ended with " + exitCode);
        endCommand(0);
      }
    } else {
      Thread.sleep(Math.min(WAITING_MILLIS, heartbeatMillis));
    }
  }

  private void endCommand(long graceMillis) throws IOException, InterruptedException {
    if (command != null) {
      command.end(graceMillis);
      command = null;
    }
  }
}
