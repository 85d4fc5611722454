package io.trilho.yarn.applicationmaster;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import io.trilho.yarn.protocol.JobSnapshot;
import io.trilho.yarn.protocol.Post;
import io.trilho.yarn.protocol.TaskOrder;
import io.trilho.yarn.protocol.TaskReport;
import io.trilho.yarn.protocol.Wire;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The ApplicationMaster's HTTP port: reports of tasks, and the page that the tracking URL leads to.
 *
 * <p>Reports must have the application's token. The page may be read by all who reach the port, as
 * the ResourceManager's pages may; it tells no secret and changes nothing.
 */
final class ReportServer implements Closeable {
  private static final Logger LOG = Logger.getLogger(ReportServer.class.getName());
  private static final int THREADS = 8;
  private static final int MOST_BYTES = 1 << 20;

  private final HttpServer server;
  private final ExecutorService threads = Executors.newFixedThreadPool(THREADS);
  private final String token;

  /**
   * Opens a port on all addresses.
   *
   * @param token the application's token
   * @param report answers a report; called by several threads
   * @param state returns the state to show; called by several threads
   */
  ReportServer(String token, Function<TaskReport, TaskOrder> report, Supplier<JobSnapshot> state)
      throws IOException {
    this.token = token;
    server = HttpServer.create(new InetSocketAddress(0), 0);
    server.setExecutor(threads);
    server.createContext(Wire.REPORT_PATH, guarded(exchange -> answer(exchange, report)));
    server.createContext("/", guarded(exchange -> show(exchange, state.get())));
  }

  /** Begins to answer; until then clients wait. */
  void start() {
    server.start();
  }

  int port() {
    return server.getAddress().getPort();
  }

  private static HttpHandler guarded(HttpHandler handler) {
    return exchange -> {
      try {
        handler.handle(exchange);
      } catch (RuntimeException e) {
        LOG.log(Level.WARNING, "cannot answer " + exchange.getRequestURI(), e);
        send(exchange, HttpURLConnection.HTTP_INTERNAL_ERROR, "text/plain", "internal error\n");
      } finally {
        exchange.close();
      }
    };
  }

  private void answer(HttpExchange exchange, Function<TaskReport, TaskOrder> report)
      throws IOException {
    String given = exchange.getRequestHeaders().getFirst(Wire.TOKEN_HEADER);
    if (given == null || !Wire.isSameToken(given, token)) {
      send(
          exchange,
          HttpURLConnection.HTTP_FORBIDDEN,
          "text/plain",
          "the token is missing or wrong\n");
      return;
    }
    TaskReport message;
    try {
      message = Wire.read(Post.readAll(exchange.getRequestBody(), MOST_BYTES), TaskReport.class);
    } catch (IOException e) {
      send(exchange, HttpURLConnection.HTTP_BAD_REQUEST, "text/plain", e.getMessage() + "\n");
      return;
    }
    byte[] order = Wire.write(report.apply(message));
    send(exchange, HttpURLConnection.HTTP_OK, "application/json", order);
  }

  private static void show(HttpExchange exchange, JobSnapshot state) throws IOException {
    switch (exchange.getRequestURI().getPath()) {
      case "/":
        send(exchange, HttpURLConnection.HTTP_OK, "text/html; charset=utf-8", StatusPage.of(state));
        break;
      case "/status.json":
        send(exchange, HttpURLConnection.HTTP_OK, "application/json", Wire.write(state));
        break;
      default:
        send(
            exchange,
            HttpURLConnection.HTTP_NOT_FOUND,
            "text/plain",
            "there are / and /status.json\n");
        break;
    }
  }

  private static void send(HttpExchange exchange, int code, String type, String text)
      throws IOException {
    send(exchange, code, type, text.getBytes(StandardCharsets.UTF_8));
  }

  private static void send(HttpExchange exchange, int code, String type, byte[] content)
      throws IOException {
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.getResponseHeaders().set("Cache-Control", "no-store");
    exchange.sendResponseHeaders(code, content.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(content);
    }
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdown();
  }
}
