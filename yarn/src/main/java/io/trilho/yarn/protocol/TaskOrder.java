package io.trilho.yarn.protocol;

import java.util.Collections;
import java.util.List;
import java.util.Map;

/** The answer to a {@link TaskReport}. The fields are JSON's. */
public final class TaskOrder {
  /** The kinds of orders. */
  public enum Kind {
    /** Stop the command if one runs, take a new port if one did, and report WAITING. */
    WAIT,
    /** Run the command, or let it run. */
    RUN,
    /** Stop the command if one runs, and leave the container. */
    STOP
  }

  /** The order. */
  public final Kind kind;

  /** The generation that the order is for. */
  public final int generation;

  /**
   * The addresses of all tasks of the gang by role, in the order of their indices; only with RUN.
   */
  public final Map<String, List<String>> cluster;

  /**
   * Makes an order.
   *
   * @param kind what to do
   * @param generation the generation of the gang
   * @param cluster the addresses by role; empty unless {@code kind} is RUN
   */
  public TaskOrder(Kind kind, int generation, Map<String, List<String>> cluster) {
    this.kind = kind;
    this.generation = generation;
    this.cluster = Collections.unmodifiableMap(cluster);
  }
}
