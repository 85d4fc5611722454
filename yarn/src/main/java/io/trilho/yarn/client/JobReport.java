package io.trilho.yarn.client;

import io.trilho.yarn.protocol.JobSnapshot;
import io.trilho.yarn.protocol.Outcome;
import java.util.Locale;
import org.apache.hadoop.yarn.api.records.ApplicationReport;
import org.apache.hadoop.yarn.api.records.FinalApplicationStatus;
import org.apache.hadoop.yarn.api.records.YarnApplicationState;
import org.jspecify.annotations.Nullable;

/** A job as the ResourceManager and, while it runs, its ApplicationMaster tell it. Immutable. */
public final class JobReport {
  private static final int MOST_LETTERS = 800;

  private final String application;
  private final String name;
  private final String user;
  private final String queue;
  private final String state;
  private final String message;
  private final long started;
  private final long finished;
  private final @Nullable String trackingUrl;
  private final @Nullable Outcome outcome;
  private final @Nullable JobSnapshot snapshot;

  JobReport(ApplicationReport report, @Nullable JobSnapshot snapshot) {
    application = report.getApplicationId().toString();
    name = report.getName();
    user = report.getUser();
    queue = report.getQueue();
    state = report.getYarnApplicationState().name();
    outcome = outcome(report);
    message = message(report, snapshot);
    started = report.getStartTime();
    finished = report.getFinishTime();
    trackingUrl = report.getTrackingUrl();
    this.snapshot = snapshot;
  }

  private static String diagnostics(ApplicationReport report) {
    return report.getDiagnostics() == null
        ? ""
        : report.getDiagnostics().trim().replaceAll("\\s+", " ");
  }

  private static String message(ApplicationReport report, @Nullable JobSnapshot snapshot) {
    String text = diagnostics(report);
    Outcome told = Outcome.ofDiagnostics(text);
    if (told != null) {
      return told.message(text);
    }
    if (text.isEmpty() && snapshot != null) {
      return snapshot.message;
    }
    // With what a lost ApplicationMaster printed, YARN's text can be several pages.
    return text.length() > MOST_LETTERS ? text.substring(0, MOST_LETTERS) + "..." : text;
  }

  private static @Nullable Outcome outcome(ApplicationReport report) {
    String text = diagnostics(report);
    YarnApplicationState state = report.getYarnApplicationState();
    if (state == YarnApplicationState.KILLED) {
      boolean late = text.toLowerCase(Locale.ROOT).contains("lifetime");
      return late ? Outcome.TIMED_OUT : Outcome.KILLED;
    }
    if (state == YarnApplicationState.FINISHED) {
      Outcome told = Outcome.ofDiagnostics(text);
      if (told != null) {
        return told;
      }
      return report.getFinalApplicationStatus() == FinalApplicationStatus.SUCCEEDED
          ? Outcome.SUCCEEDED
          : Outcome.JOB_FAILED;
    }
    if (state == YarnApplicationState.FAILED) {
      // A queue that refuses an application fails it before there is an attempt.
      boolean attempted = text.contains("appattempt_");
      return attempted ? Outcome.MASTER_LOST : Outcome.CLUSTER_FAILED;
    }
    return null;
  }

  /**
   * Returns the application's id.
   *
   * @return such as {@code application_1700000000000_0001}
   */
  public String application() {
    return application;
  }

  /**
   * Returns the job's name.
   *
   * @return the name
   */
  public String name() {
    return name;
  }

  /**
   * Returns the user who submitted it.
   *
   * @return the user's name
   */
  public String user() {
    return user;
  }

  /**
   * Returns the queue it is in.
   *
   * @return the queue's name
   */
  public String queue() {
    return queue;
  }

  /**
   * Returns the ResourceManager's word for where it is.
   *
   * @return NEW, NEW_SAVING, SUBMITTED, ACCEPTED, RUNNING, FINISHED, FAILED or KILLED
   */
  public String state() {
    return state;
  }

  /**
   * Returns how it ended.
   *
   * @return the outcome, or null if it has not ended
   */
  public @Nullable Outcome outcome() {
    return outcome;
  }

  /**
   * Returns a sentence about the state: what it waits for, or why it has ended.
   *
   * @return the sentence, which may be empty
   */
  public String message() {
    return message;
  }

  /**
   * Returns the time of its submission.
   *
   * @return milliseconds since 1970
   */
  public long started() {
    return started;
  }

  /**
   * Returns the time of its end.
   *
   * @return milliseconds since 1970; 0 before the end
   */
  public long finished() {
    return finished;
  }

  /**
   * Returns the address of the job's page, through the ResourceManager.
   *
   * @return a URL, or null if there is none yet
   */
  public @Nullable String trackingUrl() {
    return trackingUrl;
  }

  /**
   * Returns what the ApplicationMaster knows: of a running job from itself, of an ended one from
   * the history.
   *
   * @return tasks and failures, or null if neither could tell
   */
  public @Nullable JobSnapshot snapshot() {
    return snapshot;
  }
}
