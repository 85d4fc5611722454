package io.trilho.yarn.applicationmaster;

import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;

/**
 * Containers whose tasks have ended: they may end by themselves, with an exit code that is theirs,
 * and are given back if they do not. Used by the coordinator's thread only.
 */
final class Departures {
  static final long PATIENCE_MILLIS = 10_000;

  private final Containers containers;
  private final Map<String, Long> deadlines = new HashMap<>();

  Departures(Containers containers) {
    this.containers = containers;
  }

  void add(String container, long deadline) {
    deadlines.put(container, deadline);
  }

  /** Takes the end of a container, which need not be one of these. */
  void ended(String container) {
    deadlines.remove(container);
  }

  boolean isEmpty() {
    return deadlines.isEmpty();
  }

  /** Gives back those whose time is over. */
  void tick(long now) {
    Iterator<Map.Entry<String, Long>> all = deadlines.entrySet().iterator();
    while (all.hasNext()) {
      Map.Entry<String, Long> one = all.next();
      if (one.getValue() <= now) {
        containers.release(one.getKey());
        all.remove();
      }
    }
  }
}
