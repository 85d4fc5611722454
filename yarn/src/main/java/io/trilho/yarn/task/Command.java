package io.trilho.yarn.task;

import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The user's command, running. Its output goes where this process's goes. */
final class Command {
  private static final String MARKER = "TRILHO_RUN";

  private final Process process;
  private final ProcessTree tree;

  private Command(Process process, ProcessTree tree) {
    this.process = process;
    this.tree = tree;
  }

  /**
   * Starts a command.
   *
   * @param words a program and its arguments
   * @param environment variables besides this process's
   * @param run a name that no other run on this machine has
   * @throws IOException if the program cannot be started
   */
  static Command start(List<String> words, Map<String, String> environment, String run)
      throws IOException {
    ProcessBuilder builder = new ProcessBuilder(words);
    builder.environment().putAll(environment);
    builder.environment().put(MARKER, run);
    builder.redirectInput(new File("/dev/null"));
    builder.redirectOutput(Redirect.INHERIT);
    builder.redirectError(Redirect.INHERIT);
    return new Command(builder.start(), new ProcessTree(MARKER, run));
  }

  /** Waits until the command has ended, or the time is over; returns whether it has ended. */
  boolean waitFor(long millis) throws InterruptedException {
    return process.waitFor(millis, TimeUnit.MILLISECONDS);
  }

  /** Returns the exit code of a command that has ended; 128 and the signal if one ended it. */
  int exitCode() {
    return process.exitValue();
  }

  /** Ends what is left of the command's processes. */
  void end(long graceMillis) throws IOException, InterruptedException {
    tree.end(graceMillis);
    process.waitFor();
  }
}
