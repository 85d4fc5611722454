package io.trilho.yarn.task;

import io.trilho.yarn.job.Job;
import io.trilho.yarn.job.RoleType;
import io.trilho.yarn.protocol.Wire;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.Locale;
import java.util.Map;

/**
 * The program of a task's container: {@code TaskMain ROLE INDEX MASTER_HOST:PORT LOG_FOLDER}.
 *
 * <p>The job and the token are in files of the working directory, never in variables or arguments,
 * which the container's launch script would expand and every user of the machine could read.
 */
public final class TaskMain {
  private TaskMain() {}

  /**
   * Runs a task and ends with its exit code.
   *
   * @param args role, index, address of the ApplicationMaster and folder of the log
   * @throws Exception if the container has not what a task needs
   */
  public static void main(String[] args) throws Exception {
    RoleType role = RoleType.valueOf(args[0].toUpperCase(Locale.ROOT));
    int index = Integer.parseInt(args[1]);
    Path folder = Paths.get("");
    @SuppressWarnings("unchecked")
    Map<String, Object> fields =
        Wire.read(Files.readAllBytes(folder.resolve(Wire.JOB_FILE)), Map.class);
    String token =
        new String(Files.readAllBytes(folder.resolve(Wire.TOKEN_FILE)), StandardCharsets.UTF_8);
    MasterLink master = new MasterLink(args[2], token);
    int code;
    try (TaskLog log = new TaskLog(Paths.get(args[3], "trilho-task.log"));
        ControlPort control =
            new ControlPort(
                token,
                address -> {
                  log.say("a new ApplicationMaster is at " + address);
                  master.moveTo(address);
                })) {
      log.say(role.label() + ":" + index + " asks " + args[2]);
      TaskRunner runner =
          new TaskRunner(
              Job.of(fields),
              role,
              index,
              variable("CONTAINER_ID"),
              variable("NM_HOST"),
              control.port(),
              master,
              log);
      code = runner.run();
      log.say("ends with " + code);
    }
    System.exit(code);
  }

  private static String variable(String name) {
    String value = System.getenv(name);
    if (value == null || value.isEmpty()) {
      throw new IllegalStateException(name + " is not set; a NodeManager sets it");
    }
    return value;
  }
}
