package io.trilho.client;

import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.trilho.mnist.ClassifyRequest;
import io.trilho.mnist.ClassifyResponse;
import io.trilho.mnist.MnistServiceGrpc;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

/** A gRPC server on a free local port. */
public final class TestServer implements AutoCloseable {
  private final Server server;

  private TestServer(Server server) {
    this.server = server;
  }

  /** Starts a server of {@code services}. */
  public static TestServer of(BindableService... services) throws IOException {
    ServerBuilder<?> builder = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0));
    for (BindableService service : services) {
      builder.addService(service);
    }
    return new TestServer(builder.build().start());
  }

  /** Starts a server whose Classify is {@code answer}. */
  static TestServer classifying(
      BiConsumer<ClassifyRequest, StreamObserver<ClassifyResponse>> answer) throws IOException {
    return of(mnist(answer));
  }

  /** A typed service whose Classify is {@code answer}. */
  static BindableService mnist(
      BiConsumer<ClassifyRequest, StreamObserver<ClassifyResponse>> answer) {
    return new MnistServiceGrpc.MnistServiceImplBase() {
      @Override
      public void classify(ClassifyRequest request, StreamObserver<ClassifyResponse> response) {
        answer.accept(request, response);
      }
    };
  }

  /** Answers with the request's values. */
  static void echo(ClassifyRequest request, StreamObserver<ClassifyResponse> response) {
    response.onNext(ClassifyResponse.newBuilder().addAllValue(request.getImageDataList()).build());
    response.onCompleted();
  }

  /** What a client connects to. */
  public String target() {
    return "127.0.0.1:" + server.getPort();
  }

  int port() {
    return server.getPort();
  }

  /** A client with a connection of its own. */
  TrilhoClient client() {
    return TrilhoClient.builder(target()).usePlaintext().build();
  }

  @Override
  public void close() throws InterruptedException {
    server.shutdownNow().awaitTermination(30, TimeUnit.SECONDS);
  }
}
