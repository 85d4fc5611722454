package io.trilho.yarn.task;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.trilho.yarn.protocol.MasterAddress;
import io.trilho.yarn.protocol.Post;
import io.trilho.yarn.protocol.Wire;
import java.io.Closeable;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.util.function.Consumer;

/**
 * Listens for an ApplicationMaster that has followed a lost one and says where it is.
 *
 * <p>A task cannot find its new master by itself: that would take HDFS or the ResourceManager, and
 * with them Hadoop's classes and the user's tokens, in every container.
 */
final class ControlPort implements Closeable {
  private static final int MOST_BYTES = 1 << 16;

  private final HttpServer server;
  private final String token;
  private final Consumer<String> moved;

  /**
   * Opens a port.
   *
   * @param token the application's token; a message with another one is refused
   * @param moved called with the new master's address, by a thread of this object
   */
  ControlPort(String token, Consumer<String> moved) throws IOException {
    this.token = token;
    this.moved = moved;
    server = HttpServer.create(new InetSocketAddress(0), 0);
    server.createContext(Wire.MASTER_PATH, this::handle);
    server.start();
  }

  int port() {
    return server.getAddress().getPort();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try {
      exchange.sendResponseHeaders(answer(exchange), -1);
    } finally {
      exchange.close();
    }
  }

  private int answer(HttpExchange exchange) {
    String given = exchange.getRequestHeaders().getFirst(Wire.TOKEN_HEADER);
    if (given == null || !Wire.isSameToken(given, token)) {
      return HttpURLConnection.HTTP_FORBIDDEN;
    }
    try {
      byte[] body = Post.readAll(exchange.getRequestBody(), MOST_BYTES);
      moved.accept(Wire.read(body, MasterAddress.class).address);
      return HttpURLConnection.HTTP_OK;
    } catch (IOException e) {
      return HttpURLConnection.HTTP_BAD_REQUEST;
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
