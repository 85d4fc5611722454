package io.trilho.yarn.applicationmaster;

import io.trilho.yarn.job.Policy;
import java.util.concurrent.ThreadLocalRandom;

/** The times of a gang that is not complete. Used by the coordinator's thread only. */
final class GangTimer {
  private final Policy policy;
  private long resumesAt;
  private long heldSince = -1;

  GangTimer(Policy policy) {
    this.policy = policy;
  }

  /** Lets the gang rest until a time. */
  void resumeAt(long time) {
    resumesAt = time;
    heldSince = -1;
  }

  boolean isDue(long now) {
    return now >= resumesAt;
  }

  /**
   * Returns whether containers have been held for gang.timeout. A gang that holds none may wait for
   * as long as the queue makes it wait: it keeps nobody else waiting.
   */
  boolean isOverdue(boolean holdsAny, long now) {
    if (!holdsAny) {
      heldSince = -1;
      return false;
    }
    if (heldSince < 0) {
      heldSince = now;
    }
    return now - heldSince >= policy.gangTimeout().toMillis();
  }

  /** Returns for how long to do without containers: by chance, so that two jobs do not do it in step. */
  long giveBackMillis() {
    long millis = policy.gangBackOff().toMillis();
    return millis / 2 + ThreadLocalRandom.current().nextLong(millis + 1);
  }
}
