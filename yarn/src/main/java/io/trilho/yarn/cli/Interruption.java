package io.trilho.yarn.cli;

import io.trilho.yarn.client.JobException;
import io.trilho.yarn.client.TrilhoYarnClient;
import java.io.Console;

/**
 * Asks the user, on Ctrl-C while a job is waited for, whether to kill it.
 *
 * <p>A Java process that is interrupted runs its hooks and ends; this is one of them. It is taken
 * away by {@link #close}.
 */
final class Interruption implements AutoCloseable {
  /** The exit code of a shell's program that SIGINT ended. */
  static final int EXIT_CODE = 130;

  private final TrilhoYarnClient client;
  private final String application;
  private final boolean kills;
  private final Thread hook = new Thread(this::ask);

  Interruption(TrilhoYarnClient client, String application, boolean kills) {
    this.client = client;
    this.application = application;
    this.kills = kills;
    Runtime.getRuntime().addShutdownHook(hook);
  }

  private void ask() {
    Console console = System.console();
    boolean kill = kills;
    if (console != null && !kills) {
      String answer = console.readLine("%nKill %s? It goes on otherwise. [y/N] ", application);
      kill = answer != null && answer.trim().toLowerCase(java.util.Locale.ROOT).startsWith("y");
    }
    if (!kill) {
      System.err.println(
          application + " goes on; trilho-yarn status " + application + " tells how");
      return;
    }
    try {
      client.kill(application);
      System.err.println(application + " was killed");
    } catch (JobException e) {
      System.err.println("trilho-yarn: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process is being interrupted: the hook has its say.
      return;
    }
  }
}
