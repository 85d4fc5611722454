package io.trilho.client;

import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.stub.AbstractStub;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * A connection to a model server, made once and shared by the whole process.
 *
 * <pre>{@code
 * try (TrilhoClient client = TrilhoClient.builder("models:8500").usePlaintext().build()) {
 *   ClassifyResponse answer = client.call(MnistServiceGrpc.getClassifyMethod(), request);
 * }
 * }</pre>
 *
 * <p><b>Deadlines.</b> Every call has one: its own if the stub set it, else this client's. A
 * deadline in the current {@link io.grpc.Context} still applies where it is earlier. {@link
 * #withDeadline} gives a client with another default.
 *
 * <p><b>Threads.</b> Instances are safe for use by many threads. The methods whose names end in
 * {@code Async} and {@link #stub} never block; {@link #call}, {@link #predict}, {@link
 * #modelStatus} and {@link #close} do. A future is completed by a thread of the channel's executor
 * ({@link TrilhoClientBuilder#executor}), except when it fails before the call starts: actions
 * chained to it without an executor of their own must not block.
 *
 * <p><b>Futures.</b> A future fails with {@link TrilhoException}, which {@code join} and {@code
 * get} wrap as their contracts say. Cancelling or completing a future before its answer came
 * cancels its call on the server too. That holds for the future returned here, not for stages
 * derived from it.
 */
public interface TrilhoClient extends AutoCloseable {

  /** The deadline of a call when nobody chose another. */
  Duration DEFAULT_DEADLINE = Duration.ofSeconds(10);

  /**
   * Starts the description of a client with a connection of its own.
   *
   * @param target {@code host:port}, or a URI whose scheme a {@link io.grpc.NameResolverProvider}
   *     knows, such as {@code dns:///models:8500}
   * @return a builder, with TLS on until {@link TrilhoClientBuilder#usePlaintext} is called
   */
  static TrilhoClientBuilder builder(String target) {
    return new TrilhoClientBuilder(target);
  }

  /**
   * Makes a client on a channel that stays the caller's: closing the client leaves it open.
   *
   * @param channel what the calls go through; its own retry, TLS and size settings apply
   * @return a client whose calls last {@link #DEFAULT_DEADLINE} at most
   */
  static TrilhoClient forChannel(Channel channel) {
    return forChannel(channel, DEFAULT_DEADLINE);
  }

  /**
   * Makes a client on a channel that stays the caller's: closing the client leaves it open.
   *
   * @param channel what the calls go through; its own retry, TLS and size settings apply
   * @param defaultDeadline how long a call lasts at most
   * @return a client
   * @throws IllegalArgumentException if {@code defaultDeadline} is not positive
   */
  static TrilhoClient forChannel(Channel channel, Duration defaultDeadline) {
    return GrpcTrilhoClient.borrowing(channel, defaultDeadline);
  }

  /**
   * Calls a method of a typed service and waits for the answer.
   *
   * @param <Q> the request's type
   * @param <R> the response's type
   * @param method a unary method, as generated: {@code MnistServiceGrpc.getClassifyMethod()}
   * @param request the request
   * @return the response
   * @throws IllegalArgumentException if {@code method} is not unary
   * @throws TrilhoException if the call failed; with the code CANCELLED, and the thread's interrupt
   *     flag set, if the thread was interrupted
   */
  <Q, R> R call(MethodDescriptor<Q, R> method, Q request);

  /**
   * Calls a method of a typed service.
   *
   * @param <Q> the request's type
   * @param <R> the response's type
   * @param method a unary method, as generated: {@code MnistServiceGrpc.getClassifyMethod()}
   * @param request the request
   * @return the response, or a {@link TrilhoException}
   * @throws IllegalArgumentException if {@code method} is not unary
   */
  <Q, R> CompletableFuture<R> callAsync(MethodDescriptor<Q, R> method, Q request);

  /**
   * Makes a generated stub whose calls get this client's deadline unless the stub sets its own.
   * Errors of a stub are gRPC's; {@link TrilhoException#of} turns them into this package's.
   *
   * @param <S> the stub's type
   * @param factory the generated factory: {@code MnistServiceGrpc::newBlockingStub}
   * @return the stub, usable until this client is closed
   */
  <S extends AbstractStub<S>> S stub(Function<Channel, S> factory);

  /**
   * Runs a model through TensorFlow Serving's Predict and waits for the answer.
   *
   * @param call model, signature and inputs
   * @return the outputs
   * @throws TrilhoException if the call failed; with the code CANCELLED, and the thread's interrupt
   *     flag set, if the thread was interrupted
   */
  PredictResult predict(PredictCall call);

  /**
   * Runs a model through TensorFlow Serving's Predict.
   *
   * @param call model, signature and inputs
   * @return the outputs, or a {@link TrilhoException}
   */
  CompletableFuture<PredictResult> predictAsync(PredictCall call);

  /**
   * Asks which versions of a model the server knows, and waits for the answer.
   *
   * @param model the model's name
   * @return the versions in the server's order, among them those that were unloaded or failed
   * @throws NotFoundException if the server does not know the model
   * @throws TrilhoException if the call failed otherwise
   */
  List<ModelVersion> modelStatus(String model);

  /**
   * Asks which versions of a model the server knows.
   *
   * @param model the model's name
   * @return as {@link #modelStatus}, or a {@link TrilhoException}
   */
  CompletableFuture<List<ModelVersion>> modelStatusAsync(String model);

  /**
   * Gives a client on the same connection with another default deadline, for one call or many.
   *
   * @param deadline how long a call lasts at most, counted from the moment it is made
   * @return a client that is cheap to make and need not be closed: its {@link #close} does nothing
   * @throws IllegalArgumentException if {@code deadline} is not positive
   */
  TrilhoClient withDeadline(Duration deadline);

  /**
   * Closes the connection if this client made it; calls made later fail with {@link
   * UnavailableException}. Waits for calls under way, at most as long as the default deadline or
   * until the thread is interrupted, then cancels them. Closing again does nothing more. Not to be
   * called from a future's action, which would wait for itself.
   */
  @Override
  void close();
}
