package io.trilho.yarn.job;

import java.util.List;
import java.util.Map;

/** The tasks of one role, all with the same command and the same resources. */
public final class Role {
  private final RoleType type;
  private final int count;
  private final int memory;
  private final int vcores;
  private final List<String> command;
  private final Map<String, String> environment;

  Role(
      RoleType type,
      int count,
      int memory,
      int vcores,
      List<String> command,
      Map<String, String> environment) {
    this.type = type;
    this.count = count;
    this.memory = memory;
    this.vcores = vcores;
    this.command = command;
    this.environment = environment;
  }

  /**
   * Returns which role it is.
   *
   * @return the type
   */
  public RoleType type() {
    return type;
  }

  /**
   * Returns the number of tasks.
   *
   * @return 1 or more
   */
  public int count() {
    return count;
  }

  /**
   * Returns the memory of a container.
   *
   * @return mebibytes
   */
  public int memory() {
    return memory;
  }

  /**
   * Returns the virtual cores of a container.
   *
   * @return 1 or more
   */
  public int vcores() {
    return vcores;
  }

  /**
   * Returns the words of the command that a task runs; no shell sees them.
   *
   * @return a program and its arguments
   */
  public List<String> command() {
    return command;
  }

  /**
   * Returns the variables that a task's command gets besides those of its container.
   *
   * @return values by name
   */
  public Map<String, String> environment() {
    return environment;
  }
}
