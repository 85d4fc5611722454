package io.trilho.client;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.AbstractStub;
import io.grpc.stub.ClientCalls;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tensorflow.serving.ModelServiceGrpc;
import tensorflow.serving.PredictionServiceGrpc;

/** The client: a channel behind {@link DefaultDeadline}. Immutable. */
final class GrpcTrilhoClient implements TrilhoClient {
  private final Channel rawChannel;
  private final Channel channel;
  private final Duration deadline;

  /** What {@link #close} shuts down; null on a caller's channel and on a view. */
  private final @Nullable ManagedChannel owned;

  private GrpcTrilhoClient(Channel rawChannel, Duration deadline, @Nullable ManagedChannel owned) {
    this.rawChannel = rawChannel;
    this.channel = ClientInterceptors.intercept(rawChannel, new DefaultDeadline(deadline));
    this.deadline = deadline;
    this.owned = owned;
  }

  static TrilhoClient owning(ManagedChannel channel, Duration deadline) {
    return new GrpcTrilhoClient(channel, deadline, channel);
  }

  static TrilhoClient borrowing(Channel channel, Duration deadline) {
    return new GrpcTrilhoClient(channel, deadline, null);
  }

  @Override
  public <Q, R> R call(MethodDescriptor<Q, R> method, Q request) {
    requireUnary(method);
    try {
      return ClientCalls.blockingUnaryCall(channel, method, CallOptions.DEFAULT, request);
    } catch (StatusRuntimeException e) {
      throw TrilhoException.of(method.getFullMethodName() + ": ", e);
    }
  }

  @Override
  public <Q, R> CompletableFuture<R> callAsync(MethodDescriptor<Q, R> method, Q request) {
    return start(method, request, response -> response);
  }

  @Override
  public <S extends AbstractStub<S>> S stub(Function<Channel, S> factory) {
    return factory.apply(channel);
  }

  @Override
  public PredictResult predict(PredictCall call) {
    return new PredictResult(call(PredictionServiceGrpc.getPredictMethod(), call.toProto()));
  }

  @Override
  public CompletableFuture<PredictResult> predictAsync(PredictCall call) {
    return start(PredictionServiceGrpc.getPredictMethod(), call.toProto(), PredictResult::new);
  }

  @Override
  public List<ModelVersion> modelStatus(String model) {
    return ModelVersion.fromProto(
        call(ModelServiceGrpc.getGetModelStatusMethod(), ModelVersion.request(model)));
  }

  @Override
  public CompletableFuture<List<ModelVersion>> modelStatusAsync(String model) {
    return start(
        ModelServiceGrpc.getGetModelStatusMethod(),
        ModelVersion.request(model),
        ModelVersion::fromProto);
  }

  @Override
  public TrilhoClient withDeadline(Duration other) {
    return borrowing(rawChannel, other);
  }

  @Override
  public void close() {
    if (owned == null || owned.isTerminated()) {
      return;
    }
    owned.shutdown();
    try {
      owned.awaitTermination(Durations.toNanos(deadline), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      owned.shutdownNow();
    }
  }

  private <Q, R, T> CompletableFuture<T> start(
      MethodDescriptor<Q, R> method, Q request, Function<R, T> convert) {
    requireUnary(method);
    return CallFuture.start(
        channel.newCall(method, CallOptions.DEFAULT), method.getFullMethodName(), request, convert);
  }

  private static void requireUnary(MethodDescriptor<?, ?> method) {
    if (method.getType() != MethodDescriptor.MethodType.UNARY) {
      throw new IllegalArgumentException(
          method.getFullMethodName()
              + " is "
              + method.getType()
              + ", expected UNARY: use a stub for streams");
    }
  }
}
