package io.trilho.client;

import io.grpc.Status;

/** RESOURCE_EXHAUSTED: the server is overloaded, or a message is larger than a limit. */
public final class ResourceExhaustedException extends TrilhoException {
  private static final long serialVersionUID = 1L;

  ResourceExhaustedException(String message, Status status, Throwable cause) {
    super(message, status, cause);
  }
}
