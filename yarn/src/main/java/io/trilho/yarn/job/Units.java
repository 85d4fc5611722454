package io.trilho.yarn.job;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Quantities as people write them: {@code 2g}, {@code 90s}. */
public final class Units {
  private static final Pattern QUANTITY = Pattern.compile("(\\d{1,12})\\s*([a-zA-Z]*)");

  private Units() {}

  /**
   * Reads an amount of memory.
   *
   * @param text a whole number and m, g or t; a bare number is of mebibytes
   * @return mebibytes
   * @throws IllegalArgumentException if {@code text} is no such amount
   */
  public static long mebibytes(String text) {
    Matcher matcher = QUANTITY.matcher(text.trim());
    if (matcher.matches()) {
      long number = Long.parseLong(matcher.group(1));
      switch (matcher.group(2).toLowerCase(java.util.Locale.ROOT)) {
        case "":
        case "m":
        case "mb":
          return number;
        case "g":
        case "gb":
          return number << 10;
        case "t":
        case "tb":
          return number << 20;
        default:
          break;
      }
    }
    throw new IllegalArgumentException("expected memory such as 512m or 2g, found " + text);
  }

  /**
   * Reads a length of time.
   *
   * @param text a whole number and ms, s, m, h or d; a bare number is of seconds
   * @return the time
   * @throws IllegalArgumentException if {@code text} is no such time
   */
  public static Duration duration(String text) {
    Matcher matcher = QUANTITY.matcher(text.trim());
    if (matcher.matches()) {
      long number = Long.parseLong(matcher.group(1));
      switch (matcher.group(2)) {
        case "ms":
          return Duration.ofMillis(number);
        case "":
        case "s":
          return Duration.ofSeconds(number);
        case "m":
          return Duration.ofMinutes(number);
        case "h":
          return Duration.ofHours(number);
        case "d":
          return Duration.ofDays(number);
        default:
          break;
      }
    }
    throw new IllegalArgumentException(
        "expected a time such as 500ms, 90s, 10m or 2h, found " + text);
  }

  /**
   * Writes a time as {@link #duration} reads it.
   *
   * @param time the time, not negative
   * @return the shortest exact text
   */
  public static String text(Duration time) {
    long millis = time.toMillis();
    if (millis % 1000 != 0) {
      return millis + "ms";
    }
    long seconds = millis / 1000;
    if (seconds != 0 && seconds % 3600 == 0) {
      return seconds / 3600 + "h";
    }
    return seconds != 0 && seconds % 60 == 0 ? seconds / 60 + "m" : seconds + "s";
  }
}
