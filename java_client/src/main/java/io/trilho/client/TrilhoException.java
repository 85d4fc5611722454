package io.trilho.client;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;

/**
 * A call failed. The subclasses are the failures that callers tell apart; every other code, such as
 * FAILED_PRECONDITION for a signature the model does not have, is this class with its {@link
 * #getStatus}. The cause is gRPC's exception, which also has the trailers.
 */
public class TrilhoException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Transient since gRPC's statuses cannot be serialized; nor can the cause. */
  private final transient Status status;

  TrilhoException(String message, Status status, Throwable cause) {
    super(message, cause);
    this.status = status;
  }

  /**
   * Turns what a stub threw, or handed to an observer, into the exception of this package.
   *
   * @param error any error; its code is the first {@link Status} found along its causes, UNKNOWN
   *     without one
   * @return {@code error} if it is a {@code TrilhoException}, else a new one caused by it
   */
  public static TrilhoException of(Throwable error) {
    return error instanceof TrilhoException ? (TrilhoException) error : of("", error);
  }

  /** Makes an exception whose message is {@code context}, the code and its description. */
  static TrilhoException of(String context, Throwable error) {
    Status status = Status.fromThrowable(error);
    String description = status.getDescription();
    String message = context + status.getCode() + (description == null ? "" : ": " + description);
    switch (status.getCode()) {
      case INVALID_ARGUMENT:
        return new InvalidArgumentException(message, status, error);
      case NOT_FOUND:
        return new NotFoundException(message, status, error);
      case UNAVAILABLE:
        return new UnavailableException(message, status, error);
      case DEADLINE_EXCEEDED:
        return new DeadlineExceededException(message, status, error);
      case RESOURCE_EXHAUSTED:
        return new ResourceExhaustedException(message, status, error);
      default:
        return new TrilhoException(message, status, error);
    }
  }

  /** Makes an exception for a response that breaks the protocol. */
  static TrilhoException malformed(String message, Throwable cause) {
    Status status = Status.INTERNAL.withDescription(message).withCause(cause);
    return of("malformed response: ", new StatusRuntimeException(status));
  }

  /**
   * Returns the status the call ended with.
   *
   * @return its code is never OK
   */
  public Status getStatus() {
    return status;
  }
}
