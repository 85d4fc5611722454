package io.trilho.client;

import io.grpc.Status;

/** INVALID_ARGUMENT: the request is wrong and will be wrong again, as in a shape or a value. */
public final class InvalidArgumentException extends TrilhoException {
  private static final long serialVersionUID = 1L;

  InvalidArgumentException(String message, Status status, Throwable cause) {
    super(message, status, cause);
  }
}
