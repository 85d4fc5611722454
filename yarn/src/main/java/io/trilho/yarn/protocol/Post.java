package io.trilho.yarn.protocol;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.URL;

/** A message over HTTP, with the application's token. */
public final class Post {
  private static final int CONNECT_MILLIS = 5_000;
  private static final int READ_MILLIS = 10_000;
  private static final int MOST_BYTES = 16 << 20;

  private Post() {}

  /**
   * Sends a message and returns the answer.
   *
   * @param address {@code host:port}
   * @param path one of {@link Wire}'s paths
   * @param token the application's token
   * @param message what {@link Wire#write} has written
   * @return the answer's body, which may be empty
   * @throws IOException if no answer comes in time, or one that is not of success
   */
  public static byte[] send(String address, String path, String token, byte[] message)
      throws IOException {
    HttpURLConnection connection =
        (HttpURLConnection) new URL("http://" + address + path).openConnection(Proxy.NO_PROXY);
    try {
      connection.setConnectTimeout(CONNECT_MILLIS);
      connection.setReadTimeout(READ_MILLIS);
      connection.setRequestMethod("POST");
      connection.setRequestProperty("Content-Type", "application/json");
      connection.setRequestProperty(Wire.TOKEN_HEADER, token);
      connection.setDoOutput(true);
      try (OutputStream out = connection.getOutputStream()) {
        out.write(message);
      }
      int code = connection.getResponseCode();
      if (code != HttpURLConnection.HTTP_OK) {
        throw new IOException(address + " answered with " + code);
      }
      try (InputStream in = connection.getInputStream()) {
        return readAll(in, MOST_BYTES);
      }
    } finally {
      connection.disconnect();
    }
  }

  /**
   * Reads a body to its end.
   *
   * @param in the body
   * @param most the most bytes it may have
   * @return the bytes
   * @throws IOException if there are more, or they cannot be read
   */
  public static byte[] readAll(InputStream in, int most) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    byte[] buffer = new byte[8192];
    for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
      bytes.write(buffer, 0, n);
      if (bytes.size() > most) {
        throw new IOException("the body has more than " + most + " bytes");
      }
    }
    return bytes.toByteArray();
  }
}
