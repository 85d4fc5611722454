package io.trilho.examples;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** What a replay found. Safe for use by many threads while it runs. */
final class ReplayResult {
  private final Map<Long, Integer> versions = new TreeMap<>();
  private final Map<String, Integer> failures = new TreeMap<>();
  private long[] nanos = new long[1024];
  private int answered;
  private int wrong;
  private int failed;
  private double seconds;

  synchronized void answered(boolean right, long tookNanos) {
    if (answered == nanos.length) {
      nanos = Arrays.copyOf(nanos, 2 * answered);
    }
    nanos[answered++] = tookNanos;
    wrong += right ? 0 : 1;
  }

  synchronized void version(long version) {
    versions.merge(version, 1, Integer::sum);
  }

  synchronized void failed(String why) {
    failed++;
    failures.merge(why, 1, Integer::sum);
  }

  /** Ends the replay, which sorts the latencies. */
  synchronized void finish(long tookNanos) {
    seconds = tookNanos / 1e9;
    nanos = Arrays.copyOf(nanos, answered);
    Arrays.sort(nanos);
  }

  synchronized int failed() {
    return failed;
  }

  /** Returns why calls failed and how many did so. */
  synchronized Map<String, Integer> failures() {
    return new TreeMap<>(failures);
  }

  private double errorRate() {
    return answered == 0 ? Double.NaN : (double) wrong / answered;
  }

  /** The smallest latency that {@code share} of the answered calls did not exceed. */
  private double millis(double share) {
    if (answered == 0) {
      return Double.NaN;
    }
    return nanos[Math.max(0, (int) Math.ceil(share * answered) - 1)] / 1e6;
  }

  /** For people. */
  synchronized String text() {
    String text =
        String.format(
            Locale.ROOT,
            "calls         %d%nfailed        %d%nerror rate    %.2f %%%n"
                + "calls/s       %.1f%nlatency       p50 %.2f ms, p99 %.2f ms%n",
            answered + failed,
            failed,
            100 * errorRate(),
            (answered + failed) / seconds,
            millis(0.5),
            millis(0.99));
    return versions.isEmpty()
        ? text
        : text + String.format("versions      %s%n", versions.toString().replace("=", ": "));
  }

  /** For programs; what there is no number for is null. */
  synchronized String json() {
    String byVersion =
        versions.entrySet().stream()
            .map(e -> "\"" + e.getKey() + "\": " + e.getValue())
            .collect(Collectors.joining(", "));
    return "{\"calls\": "
        + (answered + failed)
        + ", \"failed\": "
        + failed
        + ", \"errors\": "
        + wrong
        + ", \"error_rate\": "
        + number(errorRate())
        + ", \"calls_per_second\": "
        + number((answered + failed) / seconds)
        + ", \"p50_ms\": "
        + number(millis(0.5))
        + ", \"p99_ms\": "
        + number(millis(0.99))
        + ", \"versions\": {"
        + byVersion
        + "}}\n";
  }

  private static String number(double value) {
    return Double.isNaN(value) || Double.isInfinite(value)
        ? "null"
        : String.format(Locale.ROOT, "%.4f", value);
  }
}
