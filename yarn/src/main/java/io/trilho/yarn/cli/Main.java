package io.trilho.yarn.cli;

import io.trilho.yarn.client.JobException;
import io.trilho.yarn.client.JobReport;
import io.trilho.yarn.client.TrilhoYarnClient;
import io.trilho.yarn.job.Job;
import io.trilho.yarn.protocol.JobSnapshot;
import io.trilho.yarn.protocol.JobSnapshot.TaskState;
import io.trilho.yarn.protocol.Outcome;
import java.io.File;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.jspecify.annotations.Nullable;

/** The program {@code trilho-yarn}; {@link Help} has its exit codes. */
public final class Main {
  private static final int DONE = 0;

  private Main() {}

  /**
   * Runs a command and ends the process.
   *
   * @param args the command line
   */
  public static void main(String[] args) {
    System.exit(run(args));
  }

  private static int run(String[] args) {
    Options options;
    try {
      options = Options.parse(args);
    } catch (IllegalArgumentException e) {
      System.err.println("trilho-yarn: " + e.getMessage());
      return Outcome.INVALID_INPUT.exitCode();
    }
    if (options.isHelp()) {
      System.out.println(Help.TEXT);
      return DONE;
    }
    // Before the first class of Hadoop, which reads it once.
    System.setProperty(
        "org.slf4j.simpleLogger.defaultLogLevel", options.isVerbose() ? "info" : "off");
    try {
      // A wrong job is told without a cluster.
      Job job = options.command().equals("submit") ? options.job() : null;
      try (TrilhoYarnClient client = TrilhoYarnClient.create(configuration(options))) {
        return job == null ? look(options, client) : submit(options, job, client);
      }
    } catch (JobException e) {
      System.err.println("trilho-yarn: " + e.getMessage());
      return e.outcome().exitCode();
    } catch (InterruptedException e) {
      System.err.println("trilho-yarn: interrupted");
      return Interruption.EXIT_CODE;
    }
  }

  private static Configuration configuration(Options options) throws JobException {
    String folder = options.configuration();
    if (folder == null) {
      folder = System.getenv("HADOOP_CONF_DIR");
    }
    Configuration configuration = new Configuration();
    boolean onClassPath = configuration.getResource("yarn-site.xml") != null;
    if (folder == null && !onClassPath) {
      throw JobException.input("no Hadoop configuration; set HADOOP_CONF_DIR, or give --conf DIR");
    }
    if (folder != null) {
      if (!new File(folder, "yarn-site.xml").isFile()) {
        throw JobException.input(
            "there is no yarn-site.xml in "
                + folder
                + "; --conf and HADOOP_CONF_DIR name its folder");
      }
      for (String file : new String[] {"core-site.xml", "hdfs-site.xml", "yarn-site.xml"}) {
        if (new File(folder, file).isFile()) {
          configuration.addResource(new Path(new File(folder, file).toURI()));
        }
      }
    }
    if (FileSystem.getDefaultUri(configuration).getScheme().equals("file")) {
      throw JobException.input(
          "fs.defaultFS is not set to the cluster's file system in core-site.xml");
    }
    return configuration;
  }

  private static int submit(Options options, Job job, TrilhoYarnClient client)
      throws JobException, InterruptedException {
    JobView view = new JobView(options.isJson() && !options.detaches() ? System.err : System.out);
    if (options.isDryRun()) {
      new JobView(System.out).plan(job, client.check(job));
      return DONE;
    }
    String application = client.submit(job, System.err::println);
    if (options.isJson() && options.detaches()) {
      view.json(Collections.singletonMap("application", application));
    } else {
      (options.isJson() ? System.err : System.out).println(application);
    }
    if (options.detaches()) {
      return DONE;
    }
    try (Interruption ignored = new Interruption(client, application, options.killsOnInterrupt())) {
      JobReport report = client.awaitEnd(application, Duration.ofDays(36_500), view::progress);
      if (options.isJson()) {
        new JobView(System.out).json(JobView.fields(report));
      } else {
        view.end(report);
      }
      return exitCode(report);
    } catch (TimeoutException e) {
      throw new IllegalStateException("a hundred years have passed", e);
    }
  }

  private static int exitCode(JobReport report) {
    Outcome outcome = report.outcome();
    return outcome == null ? DONE : outcome.exitCode();
  }

  private static int logs(Options options, TrilhoYarnClient client) throws JobException {
    String container = options.task();
    if (container != null && !container.startsWith("container_")) {
      container = container(client.status(options.application()), container);
    }
    boolean found = client.logs(options.application(), container, null);
    return found ? DONE : Outcome.CLUSTER_FAILED.exitCode();
  }

  private static String container(JobReport report, String label) throws JobException {
    JobSnapshot snapshot = report.snapshot();
    List<String> labels = new ArrayList<>();
    for (TaskState task : snapshot == null ? new ArrayList<TaskState>() : snapshot.tasks) {
      if (task.label().equals(label) && task.container != null) {
        return task.container;
      }
      labels.add(task.label());
    }
    throw JobException.input(
        label + " has no container in " + report.application() + "; there are " + labels);
  }

  private static int look(Options options, TrilhoYarnClient client)
      throws JobException, InterruptedException {
    JobView view = new JobView(System.out);
    switch (options.command()) {
      case "status":
        JobReport report = client.status(options.application());
        if (options.isJson()) {
          view.json(JobView.fields(report));
        } else {
          view.details(report);
        }
        return DONE;
      case "list":
        List<JobReport> jobs = client.list();
        if (options.isJson()) {
          List<Map<String, @Nullable Object>> all = new ArrayList<>();
          jobs.forEach(job -> all.add(JobView.fields(job)));
          view.json(all);
        } else {
          view.list(jobs);
        }
        return DONE;
      case "logs":
        return logs(options, client);
      default:
        client.kill(options.application());
        System.out.println(options.application() + " was killed");
        return DONE;
    }
  }
}
