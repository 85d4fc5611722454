package io.trilho.yarn.applicationmaster;

import io.trilho.yarn.protocol.LocalFile;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.yarn.api.ApplicationConstants;
import org.apache.hadoop.yarn.api.ApplicationConstants.Environment;
import org.apache.hadoop.yarn.api.records.ContainerLaunchContext;
import org.apache.hadoop.yarn.api.records.LocalResource;
import org.apache.hadoop.yarn.api.records.LocalResourceType;
import org.apache.hadoop.yarn.api.records.LocalResourceVisibility;
import org.apache.hadoop.yarn.api.records.URL;

/** Tells NodeManagers how to start the launcher of a task. */
final class TaskLaunch {
  // The launcher takes some 40 MB beside the command.
  private static final String JAVA_OPTIONS = "-Xmx48m -XX:+UseSerialGC -XX:TieredStopAtLevel=1";
  private static final String MAIN = "io.trilho.yarn.task.TaskMain";

  private final Map<String, LocalResource> resources;
  private final String classPath;
  private final String address;

  /**
   * Describes the launch of all tasks of a job.
   *
   * @param files what each container gets
   * @param address the {@code host:port} of the ApplicationMaster
   */
  TaskLaunch(List<LocalFile> files, String address) {
    resources = resources(files);
    classPath = classPath(files);
    this.address = address;
  }

  private static Map<String, LocalResource> resources(List<LocalFile> files) {
    Map<String, LocalResource> resources = new HashMap<>();
    for (LocalFile file : files) {
      resources.put(
          file.name,
          LocalResource.newInstance(
              URL.fromPath(new Path(file.uri)),
              file.archive ? LocalResourceType.ARCHIVE : LocalResourceType.FILE,
              LocalResourceVisibility.valueOf(file.visibility),
              file.size,
              file.modified));
    }
    return resources;
  }

  private static String classPath(List<LocalFile> files) {
    List<String> names = new ArrayList<>();
    for (LocalFile file : files) {
      if (file.library) {
        names.add(file.name);
      }
    }
    return String.join(ApplicationConstants.CLASS_PATH_SEPARATOR, names);
  }

  /** Returns the launch of one task; nothing in it comes from the job's texts. */
  ContainerLaunchContext of(Task task) {
    String logs = ApplicationConstants.LOG_DIR_EXPANSION_VAR;
    String command =
        String.join(
            " ",
            "exec",
            Environment.JAVA_HOME.$$() + "/bin/java",
            JAVA_OPTIONS,
            MAIN,
            task.state.role,
            String.valueOf(task.state.index),
            address,
            logs,
            "1>" + logs + "/" + ApplicationConstants.STDOUT,
            "2>" + logs + "/" + ApplicationConstants.STDERR);
    return ContainerLaunchContext.newInstance(
        resources,
        Collections.singletonMap(Environment.CLASSPATH.name(), classPath),
        Collections.singletonList(command),
        null,
        null,
        null);
  }
}
