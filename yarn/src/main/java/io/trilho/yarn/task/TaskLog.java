package io.trilho.yarn.task;

import java.io.Closeable;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;

/** The launcher's own log, beside the command's output. Safe for use by several threads. */
final class TaskLog implements Closeable {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSS");

  private final PrintWriter out;

  TaskLog(Path file) throws IOException {
    out =
        new PrintWriter(
            Files.newBufferedWriter(
                file, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND),
            true);
  }

  synchronized void say(String text) {
    out.println(TIME.format(LocalDateTime.now()) + " " + text);
  }

  @Override
  public synchronized void close() {
    out.close();
  }
}
