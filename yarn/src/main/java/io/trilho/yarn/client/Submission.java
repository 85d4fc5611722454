package io.trilho.yarn.client;

import io.trilho.yarn.job.Job;
import io.trilho.yarn.job.LocalName;
import io.trilho.yarn.job.Role;
import io.trilho.yarn.protocol.LocalFile;
import io.trilho.yarn.protocol.Wire;
import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.yarn.api.ApplicationConstants;
import org.apache.hadoop.yarn.api.ApplicationConstants.Environment;
import org.apache.hadoop.yarn.api.records.ApplicationSubmissionContext;
import org.apache.hadoop.yarn.api.records.ApplicationTimeoutType;
import org.apache.hadoop.yarn.api.records.ContainerLaunchContext;
import org.apache.hadoop.yarn.api.records.LocalResource;
import org.apache.hadoop.yarn.api.records.LocalResourceType;
import org.apache.hadoop.yarn.api.records.LocalResourceVisibility;
import org.apache.hadoop.yarn.api.records.Priority;
import org.apache.hadoop.yarn.api.records.Resource;
import org.apache.hadoop.yarn.api.records.URL;
import org.apache.hadoop.yarn.conf.YarnConfiguration;

/**
 * Turns a job into what the ResourceManager takes, and puts its files where containers find them.
 */
final class Submission {
  private static final String MAIN = "io.trilho.yarn.applicationmaster.MasterMain";
  private static final FsPermission FOR_USER = new FsPermission((short) 0700);
  private static final int TOKEN_BYTES = 32;
  // An ApplicationMaster that is past its job's timeout and does not end it is ended by YARN.
  private static final long TIMEOUT_MARGIN_SECONDS = 120;
  private static final int HEAP_PERCENT = 75;

  private final Configuration configuration;
  private final FileSystem files;
  private final Path home;
  private final Uploads uploads;

  /**
   * Prepares a submission.
   *
   * @param home the user's {@code .trilho} folder in the cluster's file system
   */
  Submission(Configuration configuration, FileSystem files, Path home, Consumer<String> progress) {
    this.configuration = configuration;
    this.files = files;
    this.home = home;
    uploads = new Uploads(files, new Path(home, "files"), progress);
  }

  /**
   * Refuses a job that the cluster could never run.
   *
   * @param most the largest container
   */
  static void checkResources(Job job, Resource most) throws JobException {
    check("master", job.masterMemory(), job.masterVcores(), most);
    for (Role role : job.roles()) {
      check("the role " + role.type().label(), role.memory(), role.vcores(), most);
    }
  }

  private static void check(String who, int memory, int vcores, Resource most) throws JobException {
    if (memory > most.getMemorySize()) {
      throw JobException.input(
          "memory of "
              + who
              + ": expected at most "
              + most.getMemorySize()
              + "m (yarn.scheduler.maximum-allocation-mb), found "
              + memory
              + "m");
    }
    if (vcores > most.getVirtualCores()) {
      throw JobException.input(
          "vcores of "
              + who
              + ": expected at most "
              + most.getVirtualCores()
              + " (yarn.scheduler.maximum-allocation-vcores), found "
              + vcores);
    }
  }

  /** Refuses a job whose files are not there. */
  void checkFiles(Job job) throws JobException, IOException {
    List<String> problems = new ArrayList<>();
    if (job.script() != null) {
      checkFile("script", job.script(), problems);
    }
    for (String file : job.files()) {
      checkFile("files", file, problems);
    }
    for (String file : job.archives()) {
      checkFile("archives", file, problems);
    }
    if (!problems.isEmpty()) {
      throw JobException.input(String.join(System.lineSeparator(), problems));
    }
  }

  private void checkFile(String field, String file, List<String> problems) throws IOException {
    String source = LocalName.source(file);
    if (isRemote(source)) {
      Path path = new Path(source);
      if (!path.getFileSystem(configuration).exists(path)) {
        problems.add(field + ": there is no " + source);
      }
    } else if (!new File(source).isFile()) {
      problems.add(field + ": there is no file " + source + " here");
    } else if (!new File(source).canRead()) {
      problems.add(field + ": " + source + " cannot be read");
    }
  }

  private static boolean isRemote(String source) {
    return source.matches("[a-z][a-z0-9+.-]*://.*") && !source.startsWith("file://");
  }

  /** Tells what would be uploaded, without doing it. */
  List<String> plan(Job job) throws JobException, IOException {
    List<String> lines = new ArrayList<>();
    for (File jar : Libraries.find()) {
      lines.add(plan(jar, true));
    }
    for (String file : own(job)) {
      String source = LocalName.source(file);
      lines.add(
          isRemote(source)
              ? source + ": is in the cluster"
              : plan(new File(source), job.hasPublicFiles()));
    }
    return lines;
  }

  private String plan(File file, boolean isPublic) throws IOException {
    String size = Uploads.megabytes(file.length());
    return file.getName()
        + ", "
        + size
        + ": "
        + (uploads.has(file, isPublic) ? "is in the cluster" : "is uploaded");
  }

  private static List<String> own(Job job) {
    List<String> own = new ArrayList<>();
    if (job.script() != null) {
      own.add(job.script());
    }
    own.addAll(job.files());
    own.addAll(job.archives());
    return own;
  }

  /** Uploads what is missing and describes the application. */
  void fill(ApplicationSubmissionContext context, Job job) throws JobException, IOException {
    String application = context.getApplicationId().toString();
    Path folder = new Path(new Path(home, "jobs"), application);
    files.mkdirs(folder, FOR_USER);
    List<LocalFile> all = new ArrayList<>();
    int number = 0;
    for (File jar : Libraries.find()) {
      all.add(uploads.upload(jar, "trilho-" + number++ + ".jar", false, true, true));
    }
    List<LocalFile> forMaster = new ArrayList<>(all);
    for (LocalFile file : secrets(folder, job)) {
      all.add(file);
      forMaster.add(file);
    }
    if (job.script() != null) {
      all.add(file(job, job.script(), false));
    }
    for (String file : job.files()) {
      all.add(file(job, file, false));
    }
    for (String file : job.archives()) {
      all.add(file(job, file, true));
    }
    write(new Path(folder, LocalFile.LIST), Wire.write(all));
    describe(
        context,
        job,
        ContainerLaunchContext.newInstance(
            resources(forMaster),
            Collections.singletonMap(Environment.CLASSPATH.name(), classPath(forMaster)),
            Collections.singletonList(command(job, folder)),
            null,
            null,
            null));
  }

  private static void describe(
      ApplicationSubmissionContext context, Job job, ContainerLaunchContext master) {
    context.setApplicationName(job.name());
    context.setApplicationType("TRILHO");
    Set<String> tags = new HashSet<>(job.tags());
    context.setApplicationTags(tags);
    context.setQueue(job.queue());
    context.setPriority(Priority.newInstance(job.priority()));
    context.setMaxAppAttempts(job.attempts());
    context.setKeepContainersAcrossApplicationAttempts(job.keepsContainers());
    context.setResource(Resource.newInstance(job.masterMemory(), job.masterVcores()));
    if (!job.timeout().isZero()) {
      long seconds = job.timeout().getSeconds() + TIMEOUT_MARGIN_SECONDS;
      context.setApplicationTimeouts(
          Collections.singletonMap(ApplicationTimeoutType.LIFETIME, seconds));
    }
    context.setAMContainerSpec(master);
  }

  /** Writes the job and a new token into the job's folder, which its user alone can read. */
  private List<LocalFile> secrets(Path folder, Job job) throws IOException {
    byte[] random = new byte[TOKEN_BYTES];
    new SecureRandom().nextBytes(random);
    StringBuilder token = new StringBuilder();
    for (byte b : random) {
      token.append(String.format("%02x", b));
    }
    List<LocalFile> result = new ArrayList<>();
    Path jobFile = write(new Path(folder, Wire.JOB_FILE), Wire.write(job.fields()));
    Path tokenFile =
        write(new Path(folder, Wire.TOKEN_FILE), token.toString().getBytes(StandardCharsets.UTF_8));
    for (Path path : new Path[] {jobFile, tokenFile}) {
      LocalFile described = Uploads.remote(files.getFileStatus(path), path.getName(), false);
      result.add(
          new LocalFile(
              described.name,
              described.uri,
              described.size,
              described.modified,
              false,
              LocalResourceVisibility.APPLICATION.name(),
              false));
    }
    return result;
  }

  private Path write(Path path, byte[] content) throws IOException {
    try (OutputStream out = files.create(path, true)) {
      out.write(content);
    }
    return path;
  }

  private LocalFile file(Job job, String file, boolean archive) throws JobException, IOException {
    String source = LocalName.source(file);
    String name = LocalName.of(file);
    if (isRemote(source)) {
      Path path = new Path(source);
      try {
        return Uploads.remote(path.getFileSystem(configuration).getFileStatus(path), name, archive);
      } catch (FileNotFoundException e) {
        throw JobException.input("there is no " + source);
      }
    }
    return uploads.upload(new File(source), name, archive, job.hasPublicFiles(), false);
  }

  private static Map<String, LocalResource> resources(List<LocalFile> list) {
    Map<String, LocalResource> resources = new HashMap<>();
    for (LocalFile file : list) {
      resources.put(
          file.name,
          LocalResource.newInstance(
              URL.fromPath(new Path(file.uri)),
              LocalResourceType.FILE,
              LocalResourceVisibility.valueOf(file.visibility),
              file.size,
              file.modified));
    }
    return resources;
  }

  /** Returns our jars, and then the cluster's own Hadoop as its configuration tells. */
  private String classPath(List<LocalFile> list) {
    List<String> entries = new ArrayList<>();
    for (LocalFile file : list) {
      if (file.library) {
        entries.add(file.name);
      }
    }
    for (String entry :
        configuration.getTrimmedStrings(
            YarnConfiguration.YARN_APPLICATION_CLASSPATH,
            YarnConfiguration.DEFAULT_YARN_CROSS_PLATFORM_APPLICATION_CLASSPATH)) {
      entries.add(entry);
    }
    return String.join(ApplicationConstants.CLASS_PATH_SEPARATOR, entries);
  }

  private static String command(Job job, Path folder) {
    String logs = ApplicationConstants.LOG_DIR_EXPANSION_VAR;
    return String.join(
        " ",
        "exec",
        Environment.JAVA_HOME.$$() + "/bin/java",
        "-Xmx" + job.masterMemory() * HEAP_PERCENT / 100 + "m",
        "-XX:+UseSerialGC",
        MAIN,
        "'" + folder.toUri() + "'",
        "1>" + logs + "/" + ApplicationConstants.STDOUT,
        "2>" + logs + "/" + ApplicationConstants.STDERR);
  }
}
