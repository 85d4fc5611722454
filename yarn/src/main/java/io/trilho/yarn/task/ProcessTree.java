package io.trilho.yarn.task;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * All processes that a command has started, however deep, found by a variable in their environment.
 *
 * <p>A process group of their own would be simpler, but the NodeManager ends a container by its
 * group, and so a command outside of it would outlive its container.
 */
final class ProcessTree {
  private static final Path PROC = Paths.get("/proc");
  private static final long POLL_MILLIS = 50;

  private final byte[] marker;

  /**
   * Names the processes whose environment has a variable with a value.
   *
   * @param variable the variable's name
   * @param value a value that no other run of a command on this machine has
   */
  ProcessTree(String variable, String value) {
    marker = (variable + "=" + value).getBytes(StandardCharsets.UTF_8);
  }

  /** Returns the processes that are there now, zombies excepted. */
  List<String> pids() throws IOException {
    List<String> pids = new ArrayList<>();
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[0-9]*")) {
      for (Path process : processes) {
        if (isMarked(process)) {
          pids.add(process.getFileName().toString());
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    return pids;
  }

  private boolean isMarked(Path process) {
    byte[] environment;
    try {
      // Empty if the process is a zombie.
      environment = Files.readAllBytes(process.resolve("environ"));
    } catch (IOException e) {
      // It has ended meanwhile, or it is another user's.
      return false;
    }
    int start = 0;
    for (int i = 0; i <= environment.length; i++) {
      if (i == environment.length || environment[i] == 0) {
        if (i - start == marker.length && isMarkerAt(environment, start)) {
          return true;
        }
        start = i + 1;
      }
    }
    return false;
  }

  private boolean isMarkerAt(byte[] environment, int start) {
    for (int i = 0; i < marker.length; i++) {
      if (environment[start + i] != marker[i]) {
        return false;
      }
    }
    return true;
  }

  /**
   * Ends all of them: SIGTERM first, SIGKILL to those that are there after the grace.
   *
   * @param graceMillis the time between the two; 0 for SIGKILL at once
   * @throws IOException if processes are left that cannot be killed
   */
  void end(long graceMillis) throws IOException, InterruptedException {
    List<String> left = pids();
    if (graceMillis > 0 && !left.isEmpty()) {
      signal("TERM", left);
      left = waitForEnd(graceMillis);
    }
    // A process that forks while it is looked for is found the next time.
    for (int round = 0; round < 20 && !left.isEmpty(); round++) {
      signal("KILL", left);
      left = waitForEnd(500);
    }
    if (!left.isEmpty()) {
      throw new IOException("processes cannot be killed: " + String.join(", ", left));
    }
  }

  private List<String> waitForEnd(long millis) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + millis * 1_000_000;
    List<String> left = pids();
    while (!left.isEmpty() && System.nanoTime() < deadline) {
      Thread.sleep(POLL_MILLIS);
      left = pids();
    }
    return left;
  }

  /** Sends a signal; processes that have ended meanwhile are none of its concern. */
  private static void signal(String name, List<String> pids)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    Collections.addAll(command, "/bin/sh", "-c", "kill -s \"$0\" \"$@\" 2>/dev/null", name);
    command.addAll(pids);
    new ProcessBuilder(command).start().waitFor();
  }
}
