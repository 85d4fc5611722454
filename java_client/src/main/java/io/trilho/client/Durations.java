package io.trilho.client;

import java.time.Duration;

/** What {@link Duration} lacks in Java 8. */
final class Durations {
  private Durations() {}

  /**
   * Returns {@code value}.
   *
   * @throws IllegalArgumentException unless it is positive
   */
  static Duration requirePositive(String what, Duration value) {
    if (value.isZero() || value.isNegative()) {
      throw new IllegalArgumentException(what + " must be positive, found " + value);
    }
    return value;
  }

  /** Nanoseconds, or as many as fit: {@link Duration#toNanos} throws after 292 years. */
  static long toNanos(Duration value) {
    try {
      return value.toNanos();
    } catch (ArithmeticException tooLong) {
      return Long.MAX_VALUE;
    }
  }
}
