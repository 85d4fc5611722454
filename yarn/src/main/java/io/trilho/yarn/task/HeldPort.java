package io.trilho.yarn.task;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketOption;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;

/**
 * A port that is this task's.
 *
 * <p>Where Java can share ports (9 and later on Linux), the port stays bound until {@link #close},
 * and a server that sets SO_REUSEPORT can listen on it: TensorFlow does if TF_GRPC_REUSE_PORT is
 * true. The socket here does not listen, so the server gets all connections. On Java 8, and without
 * sharing, {@link #yieldToCommand} lets the port go, and another program may take it first.
 */
final class HeldPort implements Closeable {
  private final SocketChannel channel;
  private final int port;
  private final boolean shared;

  private HeldPort(SocketChannel channel, boolean shared) throws IOException {
    this.channel = channel;
    this.shared = shared;
    port = ((InetSocketAddress) channel.getLocalAddress()).getPort();
  }

  /**
   * Binds a free port.
   *
   * @param shares whether a server of the same user may listen on it meanwhile
   * @throws IOException if there is none
   */
  static HeldPort take(boolean shares) throws IOException {
    SocketChannel channel = SocketChannel.open();
    try {
      SocketOption<Boolean> option = shares ? reusePort() : null;
      boolean shared = option != null && channel.supportedOptions().contains(option);
      if (shared) {
        channel.setOption(option, true);
      }
      channel.bind(new InetSocketAddress(0));
      return new HeldPort(channel, shared);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  /** Returns Java 9's SO_REUSEPORT, null where there is none. */
  @SuppressWarnings("unchecked")
  private static @Nullable SocketOption<Boolean> reusePort() {
    try {
      return (SocketOption<Boolean>) StandardSocketOptions.class.getField("SO_REUSEPORT").get(null);
    } catch (ReflectiveOperationException e) {
      return null;
    }
  }

  int port() {
    return port;
  }

  boolean isShared() {
    return shared;
  }

  /** Makes the port free for the command: it stays held if it is shared. */
  void yieldToCommand() throws IOException {
    if (!shared) {
      channel.close();
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
