package io.trilho.yarn.task;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertTrue;

import com.sun.net.httpserver.HttpServer;
import io.trilho.yarn.job.Job;
import io.trilho.yarn.job.RoleType;
import io.trilho.yarn.protocol.MasterAddress;
import io.trilho.yarn.protocol.Post;
import io.trilho.yarn.protocol.TaskOrder;
import io.trilho.yarn.protocol.TaskOrder.Kind;
import io.trilho.yarn.protocol.TaskReport;
import io.trilho.yarn.protocol.TaskReport.State;
import io.trilho.yarn.protocol.Wire;
import java.io.File;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.After;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;
import org.junit.runner.RunWith;
import org.junit.runners.JUnit4;

/** The launcher with real commands and an HTTP server that answers as a test says. */
@RunWith(JUnit4.class)
public final class TaskRunnerTest {
  private static final String TOKEN = "0123";
  private static final Map<String, List<String>> CLUSTER =
      Collections.singletonMap("worker", Arrays.asList("a:1", "b:2"));

  @Rule public final TemporaryFolder folder = new TemporaryFolder();

  private HttpServer server;
  private volatile Function<TaskReport, TaskOrder> answers = report -> order(Kind.WAIT, 1);
  private volatile boolean silent;

  @Before
  public void openServer() throws Exception {
    server = HttpServer.create(new InetSocketAddress("localhost", 0), 0);
    server.createContext(
        Wire.REPORT_PATH,
        exchange -> {
          boolean known = TOKEN.equals(exchange.getRequestHeaders().getFirst(Wire.TOKEN_HEADER));
          if (silent || !known) {
            exchange.sendResponseHeaders(silent ? 500 : 403, -1);
          } else {
            TaskReport report =
                Wire.read(Post.readAll(exchange.getRequestBody(), 1 << 20), TaskReport.class);
            byte[] answer = Wire.write(answers.apply(report));
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
          }
          exchange.close();
        });
    server.start();
  }

  @After
  public void closeServer() {
    server.stop(0);
  }

  private static TaskOrder order(Kind kind, int generation) {
    return new TaskOrder(kind, generation, kind == Kind.RUN ? CLUSTER : Collections.emptyMap());
  }

  private static TaskOrder obey(TaskReport report, int generation) {
    if (report.state == State.EXITED) {
      return order(Kind.STOP, generation);
    }
    return order(report.generation == generation ? Kind.RUN : Kind.WAIT, generation);
  }

  private String address() {
    return "localhost:" + server.getAddress().getPort();
  }

  private TaskRunner runner(MasterLink master, String... command) throws Exception {
    Map<String, Object> fields = new HashMap<>();
    fields.put("command", Arrays.asList(command));
    fields.put("containers", 2);
    fields.put("stop_grace", "1s");
    Map<String, Object> heartbeat = new HashMap<>();
    heartbeat.put("interval", "100ms");
    heartbeat.put("master_timeout", "1s");
    fields.put("heartbeat", heartbeat);
    TaskLog log = new TaskLog(new File(folder.getRoot(), "log").toPath());
    String container = "container_" + System.nanoTime();
    return new TaskRunner(Job.of(fields), RoleType.WORKER, 1, container, "host", 7, master, log);
  }

  private int run(String... command) throws Exception {
    return runner(new MasterLink(address(), TOKEN), command).run();
  }

  private String read(String name) throws IOException {
    return new String(Files.readAllBytes(new File(folder.getRoot(), name).toPath()), "UTF-8")
        .trim();
  }

  private String path(String name) {
    return new File(folder.getRoot(), name).getPath();
  }

  @Test
  public void aCommandRunsWithTfConfigAndItsExitCodeIsReported() throws Exception {
    CompletableFuture<Integer> reported = new CompletableFuture<>();
    answers =
        report -> {
          if (report.state == State.EXITED) {
            reported.complete(report.exitCode);
          }
          return obey(report, 1);
        };
    int code = run("/bin/sh", "-c", "echo \"$TF_CONFIG\" > " + path("out") + "; exit 3");
    assertEquals(3, code);
    assertEquals(3, (int) reported.get(0, TimeUnit.SECONDS));
    assertEquals(
        "{\"cluster\": {\"worker\": [\"a:1\",\"b:2\"]},\"task\": {\"type\": \"worker\",\"index\":"
            + " 1}}",
        read("out"));
  }

  @Test
  public void textsOfAJobAreNotExpanded() throws Exception {
    answers = report -> obey(report, 1);
    run("/bin/sh", "-c", "printf %s \"$1\" > " + path("out"), "sh", "$HOME `id` $(id) \"'");
    assertEquals("$HOME `id` $(id) \"'", read("out"));
  }

  @Test
  public void aCommandThatCannotStartIsReported() throws Exception {
    CompletableFuture<String> problem = new CompletableFuture<>();
    answers =
        report -> {
          if (report.problem != null) {
            problem.complete(report.problem);
          }
          return obey(report, 1);
        };
    assertEquals(127, run("/no/such/program"));
    assertTrue(problem.get(0, TimeUnit.SECONDS).contains("/no/such/program"));
  }

  @Test
  public void aNewGenerationEndsAllProcessesOfTheOldOneAndTakesANewPort() throws Exception {
    CompletableFuture<Integer> oldPort = new CompletableFuture<>();
    answers =
        report -> {
          if (!new File(path("1")).exists()) {
            oldPort.complete(report.port);
            return obey(report, 1);
          }
          return obey(report, 2);
        };
    // The first one leaves a grandchild that does not mind SIGTERM, and waits for ever.
    String script =
        "if [ \"$TRILHO_GENERATION\" = 1 ]; then"
            + " (trap '' TERM; sleep 1000 & echo $! > "
            + path("pid")
            + "; touch "
            + path("1")
            + "; wait) & wait;"
            + " else echo \"$TRILHO_PORT\" > "
            + path("port")
            + "; fi";
    assertEquals(0, run("/bin/sh", "-c", script));
    assertFalse(new File("/proc/" + read("pid") + "/environ").exists());
    assertNotEquals(String.valueOf(oldPort.get(0, TimeUnit.SECONDS)), read("port"));
  }

  @Test
  public void anOrderToStopEndsTheCommand() throws Exception {
    answers =
        report ->
            report.state == State.RUNNING && new File(path("pid")).exists()
                ? order(Kind.STOP, 1)
                : obey(report, 1);
    assertEquals(
        TaskRunner.STOPPED, run("/bin/sh", "-c", "echo $$ > " + path("pid") + "; sleep 1000"));
    assertFalse(new File("/proc/" + read("pid") + "/environ").exists());
  }

  @Test
  public void aTaskWithoutAMasterEndsItself() throws Exception {
    answers = report -> obey(report, 1);
    String command = "echo $$ > " + path("pid") + "; sleep 1000";
    TaskRunner runner = runner(new MasterLink(address(), TOKEN), "/bin/sh", "-c", command);
    CompletableFuture<Integer> code = new CompletableFuture<>();
    Thread thread =
        new Thread(
            () -> {
              try {
                code.complete(runner.run());
              } catch (IOException | InterruptedException e) {
                code.completeExceptionally(e);
              }
            });
    thread.start();
    while (!new File(path("pid")).exists() || read("pid").isEmpty()) {
      Thread.sleep(20);
    }
    silent = true;
    assertEquals(TaskRunner.MASTER_LOST, (int) code.get(30, TimeUnit.SECONDS));
    assertFalse(new File("/proc/" + read("pid") + "/environ").exists());
  }

  @Test
  public void aTaskFollowsItsMasterToANewAddress() throws Exception {
    answers = report -> obey(report, 1);
    MasterLink master = new MasterLink("localhost:1", TOKEN);
    TaskRunner runner = runner(master, "/bin/true");
    CompletableFuture<Integer> code = new CompletableFuture<>();
    try (ControlPort control = new ControlPort(TOKEN, master::moveTo)) {
      byte[] message = Wire.write(new MasterAddress(address()));
      String place = "localhost:" + control.port();
      try {
        Post.send(place, Wire.MASTER_PATH, "wrong", message);
        throw new AssertionError("a wrong token was taken");
      } catch (IOException e) {
        assertTrue(e.getMessage(), e.getMessage().contains("403"));
      }
      assertEquals("localhost:1", master.address());
      Post.send(place, Wire.MASTER_PATH, TOKEN, message);
      code.complete(runner.run());
    }
    assertEquals(0, (int) code.get(0, TimeUnit.SECONDS));
  }

  @Test
  public void aHeldPortIsNobodyElsesButMayBeShared() throws Exception {
    try (HeldPort port = HeldPort.take(true)) {
      port.yieldToCommand();
      assertTrue("this Java can share ports", port.isShared());
      try (java.net.ServerSocket other = new java.net.ServerSocket()) {
        other.bind(new InetSocketAddress(port.port()));
        throw new AssertionError("the port was not held");
      } catch (java.net.BindException e) {
        assertTrue(e.getMessage(), e.getMessage().contains("in use"));
      }
      try (java.nio.channels.ServerSocketChannel sharing =
          java.nio.channels.ServerSocketChannel.open()) {
        @SuppressWarnings("unchecked")
        java.net.SocketOption<Boolean> reuse =
            (java.net.SocketOption<Boolean>)
                java.net.StandardSocketOptions.class.getField("SO_REUSEPORT").get(null);
        sharing.setOption(reuse, true);
        sharing.bind(new InetSocketAddress(port.port()));
        for (int i = 0; i < 20; i++) {
          new java.net.Socket("localhost", port.port()).close();
          sharing.accept().close();
        }
      }
    }
  }
}
