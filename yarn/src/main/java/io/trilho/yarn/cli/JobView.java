package io.trilho.yarn.cli;

import io.trilho.yarn.client.JobReport;
import io.trilho.yarn.job.Job;
import io.trilho.yarn.job.Role;
import io.trilho.yarn.job.Units;
import io.trilho.yarn.protocol.JobSnapshot;
import io.trilho.yarn.protocol.JobSnapshot.Failure;
import io.trilho.yarn.protocol.JobSnapshot.TaskState;
import io.trilho.yarn.protocol.Outcome;
import io.trilho.yarn.protocol.Wire;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Jobs in words. */
final class JobView {
  private final PrintStream out;
  private String lastLine = "";

  JobView(PrintStream out) {
    this.out = out;
  }

  /** Prints what would be submitted. */
  void plan(Job job, List<String> files) {
    out.printf("name      %s%n", job.name());
    out.printf("queue     %s, priority %d%n", job.queue(), job.priority());
    out.printf("timeout   %s%n", job.timeout().isZero() ? "none" : Units.text(job.timeout()));
    out.printf(
        "master    %dm, %d vcores, %d attempts%n",
        job.masterMemory(), job.masterVcores(), job.attempts());
    long memory = job.masterMemory();
    for (Role role : job.roles()) {
      out.printf(
          "%-9s %d x %dm, %d vcores: %s%n",
          role.type().label(), role.count(), role.memory(), role.vcores(), role.command());
      memory += (long) role.count() * role.memory();
    }
    out.printf("in all    %dm of memory%n", memory);
    files.forEach(file -> out.printf("file      %s%n", file));
    out.println("nothing was submitted, as --dry-run asks");
  }

  /** Prints a line if the job's state has changed since the last one. */
  void progress(JobReport report) {
    JobSnapshot snapshot = report.snapshot();
    String line = report.state();
    if (snapshot != null && report.outcome() == null) {
      line = (snapshot.phase + " " + stages(snapshot)).trim();
      if (snapshot.restarts + snapshot.clusterRestarts > 0) {
        line += ", restarts " + snapshot.restarts + "+" + snapshot.clusterRestarts;
      }
      if (!snapshot.message.isEmpty()) {
        line += "; " + snapshot.message;
      }
    } else if (report.outcome() == null && !report.message().isEmpty()) {
      line += "; " + report.message();
    }
    if (!line.equals(lastLine)) {
      out.println(line);
      lastLine = line;
    }
  }

  /** Returns how many tasks of each role are in which stage. */
  private static String stages(JobSnapshot snapshot) {
    Map<String, Map<String, Integer>> counts = new LinkedHashMap<>();
    for (TaskState task : snapshot.tasks) {
      counts
          .computeIfAbsent(task.role, role -> new TreeMap<>())
          .merge(task.stage.name().toLowerCase(java.util.Locale.ROOT), 1, Integer::sum);
    }
    List<String> parts = new ArrayList<>();
    counts.forEach(
        (role, stages) -> {
          List<String> numbers = new ArrayList<>();
          stages.forEach((stage, count) -> numbers.add(count + " " + stage));
          parts.add(role + " " + String.join("/", numbers));
        });
    return String.join(", ", parts);
  }

  /** Prints all that is known of a job. */
  void details(JobReport report) {
    out.printf(
        "%s  %s of %s in queue %s%n",
        report.application(), report.name(), report.user(), report.queue());
    Outcome outcome = report.outcome();
    out.printf("state     %s%n", outcome == null ? report.state() : outcome);
    if (!report.message().isEmpty()) {
      out.printf("message   %s%n", report.message());
    }
    if (report.trackingUrl() != null) {
      out.printf("page      %s%n", report.trackingUrl());
    }
    JobSnapshot snapshot = report.snapshot();
    if (snapshot == null) {
      return;
    }
    out.printf(
        "restarts  %d, and %d that the cluster caused; containers given back %d times%n",
        snapshot.restarts, snapshot.clusterRestarts, snapshot.givenBack);
    for (TaskState task : snapshot.tasks) {
      out.printf(
          "%-12s %-10s %s %s%n", task.label(), task.stage, orNone(task.node), orNone(task.log));
    }
    for (Failure failure : snapshot.failures) {
      out.printf("failed    %s: %s%n", failure.task, failure.reason);
    }
  }

  private static String orNone(@Nullable String text) {
    return text == null ? "-" : text;
  }

  /** Prints a line for each job. */
  void list(List<JobReport> jobs) {
    for (JobReport job : jobs) {
      Outcome outcome = job.outcome();
      out.printf(
          "%s  %-14s %-10s %-10s %s%n",
          job.application(),
          outcome == null ? job.state() : outcome,
          job.user(),
          job.queue(),
          job.name());
    }
    if (jobs.isEmpty()) {
      out.println("the ResourceManager knows no jobs of trilho-yarn");
    }
  }

  /** Prints how a job ended: its last line says who is to look into it, and why. */
  void end(JobReport report) {
    JobSnapshot snapshot = report.snapshot();
    if (snapshot != null
        && report.outcome() == Outcome.JOB_FAILED
        && !snapshot.failures.isEmpty()) {
      Failure first = snapshot.failures.get(0);
      out.printf(
          "first failure: %s: %s; log: trilho-yarn logs %s %s%n",
          first.task, first.reason, report.application(), orNone(first.container));
    }
    out.printf("%s: %s%n", report.outcome(), report.message());
  }

  /** Prints reports for programs. */
  void json(Object value) {
    out.println(new String(Wire.write(value), StandardCharsets.UTF_8));
  }

  /** Returns a report's fields for {@link #json}. */
  static Map<String, @Nullable Object> fields(JobReport report) {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    fields.put("application", report.application());
    fields.put("name", report.name());
    fields.put("user", report.user());
    fields.put("queue", report.queue());
    fields.put("state", report.state());
    fields.put("outcome", report.outcome());
    fields.put("message", report.message());
    fields.put("started", report.started());
    fields.put("finished", report.finished());
    fields.put("tracking_url", report.trackingUrl());
    fields.put("job", report.snapshot());
    return fields;
  }
}
