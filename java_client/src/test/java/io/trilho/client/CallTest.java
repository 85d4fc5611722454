package io.trilho.client;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertSame;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ServerCallStreamObserver;
import io.trilho.mnist.ClassifyRequest;
import io.trilho.mnist.ClassifyResponse;
import io.trilho.mnist.MnistServiceGrpc;
import java.time.Duration;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.Timeout;
import org.junit.runner.RunWith;
import org.junit.runners.JUnit4;

/** Typed calls: answers, errors, retries, cancelling. */
@RunWith(JUnit4.class)
public final class CallTest {
  private static final MethodDescriptor<ClassifyRequest, ClassifyResponse> CLASSIFY =
      MnistServiceGrpc.getClassifyMethod();
  private static final ClassifyRequest REQUEST =
      ClassifyRequest.newBuilder().addImageData(0.5f).addImageData(1f).build();

  /** So that a call that never ends fails a test by its name. */
  @Rule public final Timeout timeout = Timeout.seconds(50);

  private static TestServer failing(Status status, int times, AtomicInteger attempts)
      throws Exception {
    return TestServer.classifying(
        (request, response) -> {
          if (attempts.incrementAndGet() <= times) {
            response.onError(status.asRuntimeException());
          } else {
            TestServer.echo(request, response);
          }
        });
  }

  @Test
  public void answers() throws Exception {
    try (TestServer server = TestServer.classifying(TestServer::echo);
        TrilhoClient client = server.client()) {
      assertEquals(Arrays.asList(0.5f, 1f), client.call(CLASSIFY, REQUEST).getValueList());
      assertEquals(
          Arrays.asList(0.5f, 1f), client.callAsync(CLASSIFY, REQUEST).join().getValueList());
    }
  }

  @Test
  public void errorsHaveTheirClassAndKeepTheStatus() throws Exception {
    Map<Status.Code, Class<?>> classes = new EnumMap<>(Status.Code.class);
    for (Status.Code code : Status.Code.values()) {
      classes.put(code, TrilhoException.class);
    }
    classes.put(Status.Code.INVALID_ARGUMENT, InvalidArgumentException.class);
    classes.put(Status.Code.NOT_FOUND, NotFoundException.class);
    classes.put(Status.Code.UNAVAILABLE, UnavailableException.class);
    classes.put(Status.Code.DEADLINE_EXCEEDED, DeadlineExceededException.class);
    classes.put(Status.Code.RESOURCE_EXHAUSTED, ResourceExhaustedException.class);
    classes.remove(Status.Code.OK);

    for (Map.Entry<Status.Code, Class<?>> each : classes.entrySet()) {
      Status status = each.getKey().toStatus().withDescription("image_data holds 2 values");
      try (TestServer server = failing(status, Integer.MAX_VALUE, new AtomicInteger());
          TrilhoClient client =
              TrilhoClient.builder(server.target()).usePlaintext().maxAttempts(1).build()) {
        TrilhoException sync =
            assertThrows(TrilhoException.class, () -> client.call(CLASSIFY, REQUEST));
        CompletionException async =
            assertThrows(
                CompletionException.class, () -> client.callAsync(CLASSIFY, REQUEST).join());
        for (Throwable error : Arrays.asList(sync, async.getCause())) {
          assertSame(each.getValue(), error.getClass());
          TrilhoException trilho = (TrilhoException) error;
          assertEquals(each.getKey(), trilho.getStatus().getCode());
          assertEquals("image_data holds 2 values", trilho.getStatus().getDescription());
          assertEquals(
              "trilho.mnist.MnistService/Classify: "
                  + each.getKey()
                  + ": image_data holds 2 values",
              trilho.getMessage());
          assertEquals(StatusRuntimeException.class, trilho.getCause().getClass());
        }
      }
    }
  }

  @Test
  public void unavailableIsTriedAgain() throws Exception {
    AtomicInteger attempts = new AtomicInteger();
    try (TestServer server = failing(Status.UNAVAILABLE, 2, attempts);
        TrilhoClient client = server.client()) {
      assertEquals(2, client.call(CLASSIFY, REQUEST).getValueCount());
      assertEquals(3, attempts.get());

      attempts.set(0);
      assertEquals(2, client.callAsync(CLASSIFY, REQUEST).join().getValueCount());
      assertEquals(3, attempts.get());

      attempts.set(0);
      assertEquals(
          2, client.stub(MnistServiceGrpc::newBlockingStub).classify(REQUEST).getValueCount());
      assertEquals(3, attempts.get());
    }
  }

  @Test
  public void attemptsAreLimited() throws Exception {
    AtomicInteger attempts = new AtomicInteger();
    try (TestServer server = failing(Status.UNAVAILABLE, Integer.MAX_VALUE, attempts)) {
      for (int most : new int[] {1, 2, 5}) {
        attempts.set(0);
        try (TrilhoClient client =
            TrilhoClient.builder(server.target()).usePlaintext().maxAttempts(most).build()) {
          assertThrows(UnavailableException.class, () -> client.call(CLASSIFY, REQUEST));
        }
        assertEquals(most, attempts.get());
      }
    }
    assertThrows(
        IllegalArgumentException.class, () -> TrilhoClient.builder("localhost:1").maxAttempts(6));
    assertThrows(
        IllegalArgumentException.class, () -> TrilhoClient.builder("localhost:1").maxAttempts(0));
  }

  @Test
  public void invalidArgumentIsNotTriedAgain() throws Exception {
    AtomicInteger attempts = new AtomicInteger();
    try (TestServer server = failing(Status.INVALID_ARGUMENT, 1, attempts);
        TrilhoClient client = server.client()) {
      assertThrows(InvalidArgumentException.class, () -> client.call(CLASSIFY, REQUEST));
      assertEquals(1, attempts.get());
    }
  }

  @Test
  public void cancellingTheFutureCancelsTheCall() throws Exception {
    assertEndsTheCall(
        future -> {
          assertTrue(future.cancel(true));
          assertThrows(CancellationException.class, future::join);
        });
  }

  @Test
  public void completingTheFutureCancelsTheCall() throws Exception {
    assertEndsTheCall(future -> future.complete(ClassifyResponse.getDefaultInstance()));
  }

  private interface End {
    void of(CompletableFuture<ClassifyResponse> future);
  }

  private static void assertEndsTheCall(End end) throws Exception {
    CountDownLatch arrived = new CountDownLatch(1);
    CountDownLatch cancelled = new CountDownLatch(1);
    try (TestServer server =
            TestServer.classifying(
                (request, response) -> {
                  ((ServerCallStreamObserver<ClassifyResponse>) response)
                      .setOnCancelHandler(cancelled::countDown);
                  arrived.countDown();
                });
        TrilhoClient client =
            TrilhoClient.builder(server.target())
                .usePlaintext()
                .defaultDeadline(Duration.ofHours(1))
                .build()) {
      CompletableFuture<ClassifyResponse> future = client.callAsync(CLASSIFY, REQUEST);
      assertTrue(arrived.await(30, TimeUnit.SECONDS));
      assertFalse(future.isDone());
      end.of(future);
      assertTrue(cancelled.await(30, TimeUnit.SECONDS));
    }
  }

  @Test
  public void interruptEndsASyncCall() throws Exception {
    CountDownLatch arrived = new CountDownLatch(1);
    try (TestServer server = TestServer.classifying((request, response) -> arrived.countDown());
        TrilhoClient client = server.client()) {
      CompletableFuture<Boolean> flag = new CompletableFuture<>();
      CompletableFuture<TrilhoException> thrown = new CompletableFuture<>();
      Thread caller =
          new Thread(
              () -> {
                try {
                  client.call(CLASSIFY, REQUEST);
                } catch (TrilhoException e) {
                  flag.complete(Thread.currentThread().isInterrupted());
                  thrown.complete(e);
                }
              });
      caller.start();
      assertTrue(arrived.await(30, TimeUnit.SECONDS));
      caller.interrupt();
      assertEquals(Status.Code.CANCELLED, thrown.get(30, TimeUnit.SECONDS).getStatus().getCode());
      assertTrue(flag.get(30, TimeUnit.SECONDS));
    }
  }

  @Test
  public void streamsAreForStubs() {
    MethodDescriptor<ClassifyRequest, ClassifyResponse> stream =
        CLASSIFY.toBuilder().setType(MethodDescriptor.MethodType.SERVER_STREAMING).build();
    try (TrilhoClient client = TrilhoClient.builder("localhost:1").usePlaintext().build()) {
      IllegalArgumentException error =
          assertThrows(IllegalArgumentException.class, () -> client.call(stream, REQUEST));
      assertTrue(error.getMessage(), error.getMessage().contains("SERVER_STREAMING"));
      assertThrows(IllegalArgumentException.class, () -> client.callAsync(stream, REQUEST));
    }
  }
}
