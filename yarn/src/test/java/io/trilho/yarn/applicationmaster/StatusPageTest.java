package io.trilho.yarn.applicationmaster;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import io.trilho.yarn.protocol.JobSnapshot;
import io.trilho.yarn.protocol.JobSnapshot.Failure;
import io.trilho.yarn.protocol.JobSnapshot.TaskState;
import io.trilho.yarn.protocol.Post;
import io.trilho.yarn.protocol.TaskOrder;
import io.trilho.yarn.protocol.TaskReport;
import io.trilho.yarn.protocol.Wire;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.junit.runners.JUnit4;

/** The ApplicationMaster's port, by HTTP. */
@RunWith(JUnit4.class)
public final class StatusPageTest {
  private final JobSnapshot state = new JobSnapshot();
  private ReportServer server;

  @Before
  public void open() throws Exception {
    server =
        new ReportServer(
            "secret",
            report ->
                new TaskOrder(TaskOrder.Kind.WAIT, report.generation + 1, Collections.emptyMap()),
            () -> state);
    server.start();
    TaskState task = new TaskState();
    task.role = "worker";
    task.container = "container_1";
    task.log = "http://node/logs?a=1&b=2";
    state.tasks.add(task);
    state.name = "<b>census</b>";
    Failure failure = new Failure();
    failure.task = "worker:0";
    failure.reason = "its command failed with exit code 1";
    state.failures.add(failure);
  }

  @After
  public void close() {
    server.close();
  }

  private String get(String path) throws IOException {
    try (InputStream in = new URL("http://localhost:" + server.port() + path).openStream()) {
      return new String(Post.readAll(in, 1 << 20), StandardCharsets.UTF_8);
    }
  }

  @Test
  public void thePageTellsTasksAndFailures() throws Exception {
    String page = get("/");
    assertTrue(page, page.contains("<td>worker:0</td>"));
    assertTrue(page, page.contains("<a href=\"http://node/logs?a=1&amp;b=2\">logs</a>"));
    assertTrue(page, page.contains("its command failed with exit code 1"));
    assertTrue("names are text", page.contains("&lt;b&gt;census"));
    assertFalse("links work below a path of the proxy", page.contains("href=\"/"));
  }

  @Test
  public void programsGetJson() throws Exception {
    JobSnapshot read = Wire.read(get("/status.json").getBytes("UTF-8"), JobSnapshot.class);
    assertEquals("worker:0", read.tasks.get(0).label());
    assertEquals("container_1", read.tasks.get(0).container);
  }

  @Test
  public void reportsNeedTheToken() throws Exception {
    TaskReport report =
        new TaskReport("container_1", 4, TaskReport.State.WAITING, "host", 1, 2, null, null);
    String address = "localhost:" + server.port();
    byte[] answer = Post.send(address, Wire.REPORT_PATH, "secret", Wire.write(report));
    assertEquals(5, Wire.read(answer, TaskOrder.class).generation);
    IOException e =
        assertThrows(
            IOException.class,
            () -> Post.send(address, Wire.REPORT_PATH, "guess", Wire.write(report)));
    assertTrue(e.getMessage(), e.getMessage().contains("403"));
  }

  @Test
  public void nonsenseIsRefused() {
    String address = "localhost:" + server.port();
    IOException e =
        assertThrows(
            IOException.class,
            () -> Post.send(address, Wire.REPORT_PATH, "secret", "{".getBytes("UTF-8")));
    assertTrue(e.getMessage(), e.getMessage().contains("400"));
  }
}
