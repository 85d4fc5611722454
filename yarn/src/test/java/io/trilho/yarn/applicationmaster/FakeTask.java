package io.trilho.yarn.applicationmaster;

import io.trilho.yarn.protocol.TaskOrder;
import io.trilho.yarn.protocol.TaskOrder.Kind;
import io.trilho.yarn.protocol.TaskReport;
import io.trilho.yarn.protocol.TaskReport.State;
import org.jspecify.annotations.Nullable;

/** A task that reports what a test says, and does what the answers order. */
final class FakeTask {
  final String label;
  final String container;
  private final int number;
  private FakeCluster cluster;
  private State state = State.WAITING;
  private int generation;
  private int ports;
  private @Nullable Integer exitCode;

  FakeTask(FakeCluster cluster, String label, int number) {
    this.cluster = cluster;
    this.label = label;
    this.number = number;
    container = "container_1_0001_01_" + number;
  }

  void follow(FakeCluster next) {
    cluster = next;
  }

  String address() {
    return "host-" + number + ":" + port();
  }

  int generation() {
    return generation;
  }

  private int port() {
    return 1000 + 10 * number + ports;
  }

  /** Reports, and obeys the answer as the launcher in a container does. */
  TaskOrder report() {
    TaskOrder order =
        cluster.report(
            new TaskReport(
                container,
                generation,
                state,
                "host-" + number,
                port(),
                9000 + number,
                exitCode,
                null));
    if (order.kind == Kind.WAIT && (state != State.WAITING || order.generation != generation)) {
      state = State.WAITING;
      generation = order.generation;
      exitCode = null;
      ports++;
    } else if (order.kind == Kind.RUN) {
      state = State.RUNNING;
      generation = order.generation;
    }
    return order;
  }

  Kind register() {
    return report().kind;
  }

  Kind waits() {
    return report().kind;
  }

  Kind runs() {
    return report().kind;
  }

  Kind exits(int code) {
    state = State.EXITED;
    exitCode = code;
    return report().kind;
  }
}
