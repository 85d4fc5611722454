package io.trilho.client;

import io.grpc.Status;

/** UNAVAILABLE: no server was reached or none is ready, after all attempts. */
public final class UnavailableException extends TrilhoException {
  private static final long serialVersionUID = 1L;

  UnavailableException(String message, Status status, Throwable cause) {
    super(message, status, cause);
  }
}
