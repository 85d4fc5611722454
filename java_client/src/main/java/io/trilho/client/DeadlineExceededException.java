package io.trilho.client;

import io.grpc.Status;

/** DEADLINE_EXCEEDED: the answer did not come in time; the server may still have run the model. */
public final class DeadlineExceededException extends TrilhoException {
  private static final long serialVersionUID = 1L;

  DeadlineExceededException(String message, Status status, Throwable cause) {
    super(message, status, cause);
  }
}
