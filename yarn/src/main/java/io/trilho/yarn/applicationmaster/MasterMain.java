package io.trilho.yarn.applicationmaster;

import io.trilho.yarn.protocol.JobSnapshot;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.yarn.api.ApplicationConstants;
import org.apache.hadoop.yarn.api.ApplicationConstants.Environment;
import org.apache.hadoop.yarn.api.records.ApplicationAttemptId;
import org.apache.hadoop.yarn.api.records.ContainerId;
import org.apache.hadoop.yarn.conf.YarnConfiguration;

/** The program of the ApplicationMaster's container: {@code MasterMain STAGING_FOLDER}. */
public final class MasterMain {
  static {
    // Must come before the first logger: a line a message.
    System.setProperty(
        "java.util.logging.SimpleFormatter.format", "%1$tF %1$tT.%1$tL %4$s %5$s%6$s%n");
  }

  private static final Logger LOG = Logger.getLogger(MasterMain.class.getName());

  private MasterMain() {}

  /**
   * Runs an attempt. Ends with 0 when the job has ended, however it did, and with 1 when the
   * attempt has failed and another one may go on.
   *
   * @param args the URI of the job's folder
   */
  public static void main(String[] args) {
    int code = 1;
    try {
      YarnConfiguration configuration = new YarnConfiguration();
      Path folder = new Path(args[0]);
      FileSystem files = folder.getFileSystem(configuration);
      ContainerId container = ContainerId.fromString(variable(Environment.CONTAINER_ID.name()));
      ApplicationAttemptId attempt = container.getApplicationAttemptId();
      JobSnapshot begun = new JobSnapshot();
      begun.application = attempt.getApplicationId().toString();
      begun.attempt = attempt.getAttemptId();
      begun.user = variable(Environment.USER.name());
      begun.submitted = Long.parseLong(variable(ApplicationConstants.APP_SUBMIT_TIME_ENV));
      Staging staging = new Staging(files, folder);
      begun.name = staging.job().name();
      new ApplicationMaster(configuration, staging, begun, variable(Environment.NM_HOST.name()))
          .run();
      code = 0;
    } catch (Exception e) {
      LOG.log(Level.SEVERE, "this attempt of the ApplicationMaster has failed", e);
    }
    // Threads of Hadoop may still run.
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
