package io.trilho.yarn.job;

import java.time.Duration;

/** The times and limits by which the ApplicationMaster judges its tasks. */
public final class Policy {
  private final int maxRestarts;
  private final Duration backOff;
  private final Duration maxBackOff;
  private final Duration gangTimeout;
  private final Duration gangBackOff;
  private final Duration heartbeatInterval;
  private final Duration heartbeatTimeout;
  private final Duration masterTimeout;
  private final Duration stopGrace;
  private final boolean holdPorts;

  Policy(Fields job) {
    Fields restarts = job.mapping("restarts");
    maxRestarts = restarts.integer("max", 3, 0, 1000);
    backOff = restarts.duration("back_off", Duration.ofSeconds(5), Duration.ZERO);
    maxBackOff = restarts.duration("max_back_off", Duration.ofMinutes(2), backOff);
    restarts.finish();
    Fields gang = job.mapping("gang");
    gangTimeout = gang.duration("timeout", Duration.ofMinutes(5), Duration.ofSeconds(1));
    gangBackOff = gang.duration("back_off", Duration.ofSeconds(30), Duration.ofMillis(100));
    gang.finish();
    Fields heartbeat = job.mapping("heartbeat");
    heartbeatInterval =
        heartbeat.duration("interval", Duration.ofSeconds(1), Duration.ofMillis(100));
    heartbeatTimeout =
        heartbeat.duration("timeout", Duration.ofSeconds(30), heartbeatInterval.multipliedBy(3));
    masterTimeout =
        heartbeat.duration("master_timeout", Duration.ofMinutes(5), Duration.ofSeconds(1));
    heartbeat.finish();
    stopGrace = job.duration("stop_grace", Duration.ofSeconds(10), Duration.ZERO);
    holdPorts = job.flag("hold_ports", true);
  }

  /**
   * Returns how often tasks may be restarted before the job has failed.
   *
   * @return how often the gang may be, and how often each task outside of it
   */
  public int maxRestarts() {
    return maxRestarts;
  }

  /**
   * Returns the wait before the first restart; each further one waits twice as long.
   *
   * @return the time
   */
  public Duration backOff() {
    return backOff;
  }

  /**
   * Returns the longest wait before a restart.
   *
   * @return the time
   */
  public Duration maxBackOff() {
    return maxBackOff;
  }

  /**
   * Returns how long a part of the gang may keep its containers while others are missing.
   *
   * @return the time after which all are given back
   */
  public Duration gangTimeout() {
    return gangTimeout;
  }

  /**
   * Returns the wait before a gang that was given back is asked for again, give or take half of it.
   *
   * @return the time
   */
  public Duration gangBackOff() {
    return gangBackOff;
  }

  /**
   * Returns the time between two reports of a task.
   *
   * @return the time
   */
  public Duration heartbeatInterval() {
    return heartbeatInterval;
  }

  /**
   * Returns the silence after which a task counts as lost.
   *
   * @return the time
   */
  public Duration heartbeatTimeout() {
    return heartbeatTimeout;
  }

  /**
   * Returns how long a task waits for a new ApplicationMaster when it cannot reach the old one.
   *
   * @return the time after which it ends itself
   */
  public Duration masterTimeout() {
    return masterTimeout;
  }

  /**
   * Returns the time between asking a command to end and killing it.
   *
   * @return the time
   */
  public Duration stopGrace() {
    return stopGrace;
  }

  /**
   * Returns whether a task's port stays bound, for sharing, until the command has ended.
   *
   * @return false if the port is let go just before the command starts
   */
  public boolean holdsPorts() {
    return holdPorts;
  }
}
