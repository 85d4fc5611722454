package io.trilho.yarn.client;

import io.trilho.yarn.job.Job;
import io.trilho.yarn.protocol.JobSnapshot;
import io.trilho.yarn.protocol.Outcome;
import io.trilho.yarn.protocol.Post;
import io.trilho.yarn.protocol.Wire;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.security.UserGroupInformation;
import org.apache.hadoop.yarn.api.protocolrecords.GetNewApplicationResponse;
import org.apache.hadoop.yarn.api.records.ApplicationId;
import org.apache.hadoop.yarn.api.records.ApplicationReport;
import org.apache.hadoop.yarn.api.records.ApplicationSubmissionContext;
import org.apache.hadoop.yarn.api.records.QueueInfo;
import org.apache.hadoop.yarn.client.api.YarnClient;
import org.apache.hadoop.yarn.client.api.YarnClientApplication;
import org.apache.hadoop.yarn.client.cli.LogsCLI;
import org.apache.hadoop.yarn.conf.YarnConfiguration;
import org.apache.hadoop.yarn.exceptions.ApplicationNotFoundException;
import org.apache.hadoop.yarn.exceptions.YarnException;
import org.jspecify.annotations.Nullable;

/**
 * A connection to a YARN cluster, for training jobs.
 *
 * <pre>{@code
 * Job job = JobFile.read(Paths.get("census.yaml")).set("roles.worker.count=4").job();
 * try (TrilhoYarnClient client = TrilhoYarnClient.create(configuration)) {
 *   String application = client.submit(job, System.out::println);
 *   JobReport end = client.awaitEnd(application, Duration.ofHours(2), report -> {});
 * }
 * }</pre>
 *
 * <p>Instances are safe for use by many threads. All methods block. A job goes on when its client
 * is closed.
 */
public final class TrilhoYarnClient implements AutoCloseable {
  private static final String TYPE = "TRILHO";
  private static final String HOME = ".trilho";
  private static final long POLL_MILLIS = 500;
  private static final long KILL_NANOS = 30_000_000_000L;
  private static final Duration OUTAGE = Duration.ofMinutes(5);
  private static final int STATUS_MILLIS = 3_000;
  private static final int MOST_STATUS_BYTES = 64 << 20;

  private final Configuration configuration;
  private final YarnClient yarn;

  private TrilhoYarnClient(Configuration configuration, YarnClient yarn) {
    this.configuration = configuration;
    this.yarn = yarn;
  }

  /**
   * Makes a client. Nothing is asked of the cluster yet.
   *
   * <p>Hadoop retries for many minutes when a cluster does not answer; this client for some ten
   * seconds, unless the configuration says otherwise.
   *
   * @param configuration the cluster's, with its {@code yarn-site.xml} and {@code core-site.xml}
   * @return a client, to be closed
   * @throws JobException if the cluster uses Kerberos, which is not supported yet
   */
  public static TrilhoYarnClient create(Configuration configuration) throws JobException {
    YarnConfiguration own = new YarnConfiguration(configuration);
    setIfDefault(own, YarnConfiguration.RESOURCEMANAGER_CONNECT_MAX_WAIT_MS, "10000");
    setIfDefault(own, YarnConfiguration.RESOURCEMANAGER_CONNECT_RETRY_INTERVAL_MS, "1000");
    setIfDefault(own, "ipc.client.connect.max.retries", "3");
    setIfDefault(own, "ipc.client.connect.max.retries.on.timeouts", "2");
    setIfDefault(own, "ipc.client.connect.timeout", "5000");
    if (UserGroupInformation.isSecurityEnabled()) {
      throw JobException.input("the cluster uses Kerberos, which is not supported yet");
    }
    YarnClient yarn = YarnClient.createYarnClient();
    yarn.init(own);
    yarn.start();
    return new TrilhoYarnClient(own, yarn);
  }

  private static void setIfDefault(Configuration configuration, String name, String value) {
    String[] sources = configuration.getPropertySources(name);
    String source = sources == null ? "default.xml" : sources[sources.length - 1];
    if (source.endsWith("default.xml")) {
      configuration.set(name, value);
    }
  }

  /**
   * Checks a job against this machine's files and the cluster, and does nothing else.
   *
   * @param job the job
   * @return a line for each file: whether it would be uploaded
   * @throws JobException if the job could not be submitted
   */
  public List<String> check(Job job) throws JobException {
    try {
      Submission submission = submission(line -> {});
      submission.checkFiles(job);
      checkQueue(job);
      Submission.checkResources(
          job, yarn.createApplication().getNewApplicationResponse().getMaximumResourceCapability());
      return submission.plan(job);
    } catch (YarnException | IOException e) {
      throw JobException.cluster("the job cannot be checked", e);
    }
  }

  /**
   * Uploads what a job needs and submits it.
   *
   * @param job the job
   * @param progress told, in words, of what is being done
   * @return the application's id
   * @throws JobException if the job is refused, or the cluster does not answer
   */
  public String submit(Job job, Consumer<String> progress) throws JobException {
    try {
      Submission submission = submission(progress);
      submission.checkFiles(job);
      checkQueue(job);
      YarnClientApplication application = yarn.createApplication();
      GetNewApplicationResponse cluster = application.getNewApplicationResponse();
      Submission.checkResources(job, cluster.getMaximumResourceCapability());
      ApplicationSubmissionContext context = application.getApplicationSubmissionContext();
      try {
        submission.fill(context, job);
        yarn.submitApplication(context);
      } catch (YarnException | IOException | JobException | RuntimeException e) {
        files().delete(folder(context.getApplicationId()), true);
        throw e;
      }
      return context.getApplicationId().toString();
    } catch (YarnException | IOException e) {
      throw JobException.cluster("the job cannot be submitted", e);
    }
  }

  private void checkQueue(Job job) throws YarnException, IOException, JobException {
    List<String> names = new ArrayList<>();
    for (QueueInfo queue : yarn.getAllQueues()) {
      if (queue.getChildQueues() == null || queue.getChildQueues().isEmpty()) {
        names.add(queue.getQueueName());
      }
    }
    String asked = job.queue();
    if (names.stream()
        .noneMatch(n -> n.equals(asked) || asked.endsWith("." + n) || n.endsWith("." + asked))) {
      throw JobException.input(
          "queue: there is no " + asked + "; there are " + String.join(", ", names));
    }
  }

  private Submission submission(Consumer<String> progress) throws IOException {
    return new Submission(configuration, files(), home(), progress);
  }

  private FileSystem files() throws IOException {
    return FileSystem.get(configuration);
  }

  private Path home() throws IOException {
    return files().makeQualified(new Path(files().getHomeDirectory(), HOME));
  }

  private Path folder(ApplicationId application) throws IOException {
    return new Path(new Path(home(), "jobs"), application.toString());
  }

  private static ApplicationId id(String application) throws JobException {
    try {
      return ApplicationId.fromString(application);
    } catch (IllegalArgumentException e) {
      throw JobException.input(
          "expected an application such as application_1700000000000_0001, found " + application);
    }
  }

  /**
   * Returns what a job does.
   *
   * @param application the application's id
   * @return the state, with tasks if the ApplicationMaster or the history tells of them
   * @throws JobException if there is no such job, or the cluster does not answer
   */
  public JobReport status(String application) throws JobException {
    ApplicationId id = id(application);
    try {
      ApplicationReport report = yarn.getApplicationReport(id);
      return new JobReport(report, snapshot(report));
    } catch (ApplicationNotFoundException e) {
      throw JobException.input("the cluster knows no " + application);
    } catch (YarnException | IOException e) {
      throw JobException.cluster("the ResourceManager does not tell of " + application, e);
    }
  }

  /** Returns what the ApplicationMaster or the history knows, null if neither tells. */
  private @Nullable JobSnapshot snapshot(ApplicationReport report) throws IOException {
    switch (report.getYarnApplicationState()) {
      case RUNNING:
        return ofMaster(report);
      case FINISHED:
      case FAILED:
      case KILLED:
        return ofHistory(report.getApplicationId());
      default:
        return null;
    }
  }

  private static @Nullable JobSnapshot ofMaster(ApplicationReport report) {
    String url = report.getOriginalTrackingUrl();
    if (url == null || !url.startsWith("http")) {
      return null;
    }
    try {
      URLConnection connection = new java.net.URL(url + "status.json").openConnection();
      connection.setConnectTimeout(STATUS_MILLIS);
      connection.setReadTimeout(STATUS_MILLIS);
      try (InputStream in = connection.getInputStream()) {
        return Wire.read(Post.readAll(in, MOST_STATUS_BYTES), JobSnapshot.class);
      }
    } catch (IOException e) {
      // It is lost, or ending, or behind a firewall; the ResourceManager's report is there anyway.
      return null;
    }
  }

  private @Nullable JobSnapshot ofHistory(ApplicationId id) throws IOException {
    Path file = new Path(new Path(home(), "history"), id + ".json");
    try (FSDataInputStream in = files().open(file)) {
      return Wire.read(Post.readAll(in, MOST_STATUS_BYTES), JobSnapshot.class);
    } catch (FileNotFoundException e) {
      return null;
    }
  }

  /**
   * Lists jobs that the ResourceManager knows, newest first.
   *
   * @return without tasks
   * @throws JobException if the cluster does not answer
   */
  public List<JobReport> list() throws JobException {
    try {
      List<JobReport> jobs = new ArrayList<>();
      for (ApplicationReport report : yarn.getApplications(Collections.singleton(TYPE))) {
        jobs.add(new JobReport(report, null));
      }
      jobs.sort(Comparator.comparingLong(JobReport::started).reversed());
      return jobs;
    } catch (YarnException | IOException e) {
      throw JobException.cluster("the ResourceManager does not list jobs", e);
    }
  }

  /**
   * Kills a job, and removes what it had in the cluster's file system for itself alone.
   *
   * @param application the application's id
   * @throws JobException if there is no such job, or the cluster does not answer
   * @throws InterruptedException if the thread was interrupted before the job had ended
   */
  public void kill(String application) throws JobException, InterruptedException {
    ApplicationId id = id(application);
    try {
      yarn.killApplication(id, "killed by " + System.getProperty("user.name"));
      long begin = System.nanoTime();
      // Until its end the ApplicationMaster writes into the folder.
      while (new JobReport(yarn.getApplicationReport(id), null).outcome() == null) {
        if (System.nanoTime() - begin > KILL_NANOS) {
          throw new IOException("the ResourceManager has not ended it yet");
        }
        Thread.sleep(POLL_MILLIS);
      }
      files().delete(folder(id), true);
    } catch (ApplicationNotFoundException e) {
      throw JobException.input("the cluster knows no " + application);
    } catch (YarnException | IOException e) {
      throw JobException.cluster(application + " cannot be killed", e);
    }
  }

  /**
   * Gets the logs of a job's containers: of a running one from its nodes, of an ended one from the
   * logs that the cluster has gathered.
   *
   * @param application the application's id
   * @param container the only container whose logs are wanted, or null for those of all
   * @param folder where to write them, in a folder for each node; null to print them
   * @return whether there were any
   * @throws JobException if the cluster does not answer
   */
  public boolean logs(
      String application, @Nullable String container, java.nio.file.@Nullable Path folder)
      throws JobException {
    id(application);
    List<String> arguments = new ArrayList<>(Arrays.asList("-applicationId", application));
    if (container != null) {
      arguments.addAll(Arrays.asList("-containerId", container));
    }
    if (folder != null) {
      arguments.addAll(Arrays.asList("-out", folder.toString()));
    }
    LogsCLI logs = new LogsCLI();
    logs.setConf(new YarnConfiguration(configuration));
    try {
      return logs.run(arguments.toArray(new String[0])) == 0;
    } catch (Exception e) {
      throw JobException.cluster("the logs of " + application + " cannot be read", e);
    }
  }

  /**
   * Waits until a job has ended. A ResourceManager that is away for some minutes is waited for.
   *
   * @param application the application's id
   * @param patience how long to wait
   * @param progress told of each report, about twice a second
   * @return the last report, which has an outcome
   * @throws JobException if there is no such job, or the cluster does not answer
   * @throws TimeoutException if the job has not ended in time; it goes on
   * @throws InterruptedException if the thread was interrupted; the job goes on
   */
  public JobReport awaitEnd(String application, Duration patience, Consumer<JobReport> progress)
      throws JobException, TimeoutException, InterruptedException {
    long begin = System.nanoTime();
    long answered = begin;
    while (true) {
      JobReport report = null;
      try {
        report = status(application);
        answered = System.nanoTime();
      } catch (JobException e) {
        boolean mayPass = e.outcome() == Outcome.CLUSTER_FAILED;
        if (!mayPass || System.nanoTime() - answered > OUTAGE.toNanos()) {
          throw e;
        }
      }
      if (report != null) {
        progress.accept(report);
        if (report.outcome() != null) {
          return report;
        }
      }
      if (System.nanoTime() - begin > patience.toNanos()) {
        throw new TimeoutException(application + " has not ended within " + patience);
      }
      Thread.sleep(POLL_MILLIS);
    }
  }

  /** Closes the connection. Jobs go on. */
  @Override
  public void close() {
    yarn.stop();
  }
}
