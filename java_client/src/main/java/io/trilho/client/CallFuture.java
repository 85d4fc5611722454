package io.trilho.client;

import io.grpc.ClientCall;
import io.grpc.Status;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Receives the answer of one unary call into a future; whoever ends the future ends the call. */
final class CallFuture<R, T> implements StreamObserver<R> {
  private final CompletableFuture<T> future = new CompletableFuture<>();
  private final String method;
  private final Function<R, T> convert;

  /** Touched by gRPC alone, which serialises the callbacks of a call. */
  private @Nullable R response;

  private CallFuture(String method, Function<R, T> convert) {
    this.method = method;
    this.convert = convert;
  }

  static <Q, R, T> CompletableFuture<T> start(
      ClientCall<Q, R> call, String method, Q request, Function<R, T> convert) {
    CallFuture<R, T> observer = new CallFuture<>(method, convert);
    ClientCalls.asyncUnaryCall(call, request, observer);
    // Does nothing to a call that has ended: gRPC ends it before it completes the future.
    observer.future.whenComplete((value, error) -> call.cancel("the future was completed", null));
    return observer.future;
  }

  @Override
  public void onNext(R value) {
    response = value;
  }

  @Override
  public void onError(Throwable error) {
    future.completeExceptionally(TrilhoException.of(method + ": ", error));
  }

  @Override
  public void onCompleted() {
    R value = response;
    if (value == null) {
      onError(Status.INTERNAL.withDescription("no response").asRuntimeException());
      return;
    }
    try {
      future.complete(convert.apply(value));
    } catch (RuntimeException e) {
      future.completeExceptionally(e);
    }
  }
}
