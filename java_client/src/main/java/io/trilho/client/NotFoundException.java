package io.trilho.client;

import io.grpc.Status;

/** NOT_FOUND: the server has no such model, or no such version of it. */
public final class NotFoundException extends TrilhoException {
  private static final long serialVersionUID = 1L;

  NotFoundException(String message, Status status, Throwable cause) {
    super(message, status, cause);
  }
}
