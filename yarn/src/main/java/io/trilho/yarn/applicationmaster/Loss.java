package io.trilho.yarn.applicationmaster;

import org.jspecify.annotations.Nullable;

/** The end of a task that was not meant to end. */
final class Loss {
  /** Reasons, those that explain a failure best first: a lost peer makes other commands fail. */
  enum Kind {
    /** The container used more memory than it has. */
    MEMORY(true),
    /** The container was killed or ended by itself. */
    CONTAINER(true),
    /** The container could not be started. */
    LAUNCH(true),
    /** No report has come for heartbeat.timeout. */
    SILENT(true),
    /** The command could not be started. */
    START(true),
    /** The command failed. */
    COMMAND(true),
    /** The node was lost, or its disks failed. */
    NODE(false),
    /** The scheduler took the container back. */
    PREEMPTED(false),
    /** The container went with a lost ApplicationMaster. */
    MASTER(false);

    private final boolean counts;

    Kind(boolean counts) {
      this.counts = counts;
    }

    /** Returns whether the job may be to blame, so that a restart is one of its restarts.max. */
    boolean counts() {
      return counts;
    }
  }

  final Kind kind;
  final @Nullable Integer exitCode;
  final String reason;

  Loss(Kind kind, @Nullable Integer exitCode, String reason) {
    this.kind = kind;
    this.exitCode = exitCode;
    this.reason = reason;
  }
}
