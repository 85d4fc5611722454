package io.trilho.yarn.applicationmaster;

import io.trilho.yarn.protocol.JobSnapshot;
import io.trilho.yarn.protocol.JobSnapshot.Failure;
import io.trilho.yarn.protocol.JobSnapshot.TaskState;
import java.text.SimpleDateFormat;
import java.util.Date;
import java.util.Locale;
import java.util.TimeZone;
import org.jspecify.annotations.Nullable;

/**
 * The page of a job, in plain HTML that renews itself.
 *
 * <p>Links are relative or absolute URLs of nodes: the ResourceManager's proxy puts the page below
 * a path of its own.
 */
final class StatusPage {
  private static final String HEAD =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
          + "<meta http-equiv=\"refresh\" content=\"3\">"
          + "<meta name=\"viewport\" content=\"width=device-width\"><title>%s</title><style>"
          + "body{font:15px/1.5 system-ui,sans-serif;margin:2rem;color:#1a1a1a}"
          + "table{border-collapse:collapse;margin:.5rem 0 1.5rem}"
          + "th,td{text-align:left;padding:.2rem .8rem;border-bottom:1px solid #ddd}"
          + "th{background:#f3f3f3}</style></head><body>\n";

  private final StringBuilder html = new StringBuilder();

  private StatusPage() {}

  /** Returns the page of a state. */
  static String of(JobSnapshot state) {
    StatusPage page = new StatusPage();
    page.html.append(String.format(Locale.ROOT, HEAD, escape(state.name)));
    page.summary(state);
    page.tasks(state);
    page.failures(state);
    page.html.append("<p><a href=\"status.json\">status.json</a> has the same for programs.</p>");
    return page.html.append("</body></html>\n").toString();
  }

  private void summary(JobSnapshot state) {
    html.append("<h1>").append(escape(state.name)).append("</h1>\n<p>");
    html.append(escape(state.application)).append(" of ").append(escape(state.user));
    html.append(", submitted ").append(time(state.submitted)).append("</p>\n<table>");
    row("state", state.outcome == null ? state.phase.name() : state.outcome.name());
    row("last event", state.message);
    row("generation", String.valueOf(state.generation));
    row("restarts", state.restarts + ", and " + state.clusterRestarts + " that the cluster caused");
    row("containers given back", state.givenBack + " times");
    row("ApplicationMaster", "attempt " + state.attempt);
    html.append("</table>\n");
  }

  private void row(String name, String value) {
    html.append("<tr><th scope=\"row\">").append(escape(name)).append("</th><td>");
    html.append(escape(value)).append("</td></tr>\n");
  }

  private void tasks(JobSnapshot state) {
    html.append("<h2>Tasks</h2>\n<table><tr>");
    for (String name :
        new String[] {"task", "state", "node", "address", "containers", "exit code", "logs"}) {
      html.append("<th scope=\"col\">").append(name).append("</th>");
    }
    html.append("</tr>\n");
    for (TaskState task : state.tasks) {
      html.append("<tr>");
      cell(task.label());
      cell(task.stage.name());
      cell(task.node);
      cell(task.host == null ? null : task.host + ":" + task.port);
      cell(String.valueOf(task.containers));
      cell(task.exitCode == null ? null : String.valueOf(task.exitCode));
      log(task.log);
      html.append("</tr>\n");
    }
    html.append("</table>\n");
  }

  private void failures(JobSnapshot state) {
    if (state.failures.isEmpty()) {
      return;
    }
    html.append("<h2>Failures</h2>\n<table><tr>");
    for (String name :
        new String[] {"time", "task", "generation", "kind", "reason", "node", "logs"}) {
      html.append("<th scope=\"col\">").append(name).append("</th>");
    }
    html.append("</tr>\n");
    for (Failure failure : state.failures) {
      html.append("<tr>");
      cell(time(failure.time));
      cell(failure.task);
      cell(String.valueOf(failure.generation));
      cell(failure.kind);
      cell(failure.reason);
      cell(failure.node);
      log(failure.log);
      html.append("</tr>\n");
    }
    html.append("</table>\n");
  }

  private void cell(@Nullable String text) {
    html.append("<td>").append(text == null ? "" : escape(text)).append("</td>");
  }

  private void log(@Nullable String url) {
    html.append("<td>");
    if (url != null) {
      html.append("<a href=\"").append(escape(url)).append("\">logs</a>");
    }
    html.append("</td>");
  }

  private static String time(long millis) {
    SimpleDateFormat format = new SimpleDateFormat("yyyy-MM-dd HH:mm:ss 'UTC'", Locale.ROOT);
    format.setTimeZone(TimeZone.getTimeZone("UTC"));
    return format.format(new Date(millis));
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
