package io.trilho.client;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import io.grpc.BindableService;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.trilho.mnist.ClassifyRequest;
import io.trilho.mnist.MnistServiceGrpc;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.junit.runners.JUnit4;

/** Who opens and closes what, TLS, sizes, threads, several servers. */
@RunWith(JUnit4.class)
public final class ConnectionTest {
  private static final ClassifyRequest REQUEST =
      ClassifyRequest.newBuilder().addImageData(1f).build();

  private static int call(TrilhoClient client) {
    return client.call(MnistServiceGrpc.getClassifyMethod(), REQUEST).getValueCount();
  }

  @Test
  public void closesItsOwnChannel() throws Exception {
    try (TestServer server = TestServer.classifying(TestServer::echo)) {
      TrilhoClient client = server.client();
      assertEquals(1, call(client));
      client.close();
      client.close();
      assertThrows(UnavailableException.class, () -> call(client));
    }
  }

  @Test
  public void leavesTheCallersChannelOpen() throws Exception {
    Server server =
        InProcessServerBuilder.forName("borrowed")
            .addService(TestServer.mnist(TestServer::echo))
            .build()
            .start();
    ManagedChannel channel = InProcessChannelBuilder.forName("borrowed").build();
    try {
      TrilhoClient client = TrilhoClient.forChannel(channel);
      assertEquals(1, call(client));
      client.close();
      assertFalse(channel.isShutdown());
      assertEquals(1, call(TrilhoClient.forChannel(channel, Duration.ofMinutes(1))));
    } finally {
      channel.shutdownNow();
      server.shutdownNow();
    }
  }

  @Test
  public void viewDoesNotCloseTheConnection() throws Exception {
    try (TestServer server = TestServer.classifying(TestServer::echo);
        TrilhoClient client = server.client()) {
      TrilhoClient view = client.withDeadline(Duration.ofMinutes(1));
      assertEquals(1, call(view));
      view.close();
      assertEquals(1, call(client));
    }
  }

  @Test
  public void closeWaitsForCallsUnderWay() throws Exception {
    CountDownLatch arrived = new CountDownLatch(1);
    CountDownLatch closing = new CountDownLatch(1);
    try (TestServer server =
        TestServer.classifying(
            (request, response) -> {
              arrived.countDown();
              try {
                closing.await(30, TimeUnit.SECONDS);
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              TestServer.echo(request, response);
            })) {
      TrilhoClient client =
          TrilhoClient.builder(server.target())
              .usePlaintext()
              .defaultDeadline(Duration.ofMinutes(1))
              .build();
      CompletableFuture<?> call = client.callAsync(MnistServiceGrpc.getClassifyMethod(), REQUEST);
      assertTrue(arrived.await(30, TimeUnit.SECONDS));
      Thread closer = new Thread(client::close);
      closer.start();
      // The channel refuses new calls once close has begun.
      while (true) {
        try {
          client
              .withDeadline(Duration.ofMillis(20))
              .call(MnistServiceGrpc.getClassifyMethod(), REQUEST);
        } catch (UnavailableException e) {
          break;
        } catch (DeadlineExceededException e) {
          continue;
        }
      }
      closing.countDown();
      call.get(30, TimeUnit.SECONDS);
      closer.join(30_000);
      assertFalse(closer.isAlive());
    }
  }

  @Test
  public void speaksTlsUnlessToldOtherwise() throws Exception {
    try (TestServer server = TestServer.classifying(TestServer::echo);
        TrilhoClient client = TrilhoClient.builder(server.target()).maxAttempts(1).build()) {
      assertThrows(UnavailableException.class, () -> call(client));
    }
  }

  @Test
  public void limitsWhatItReceives() throws Exception {
    try (TestServer server = TestServer.classifying(TestServer::echo);
        TrilhoClient client =
            TrilhoClient.builder(server.target())
                .usePlaintext()
                .maxInboundMessageBytes(100)
                .build()) {
      ClassifyRequest.Builder large = ClassifyRequest.newBuilder();
      for (int i = 0; i < 100; i++) {
        large.addImageData(i);
      }
      assertThrows(
          ResourceExhaustedException.class,
          () -> client.call(MnistServiceGrpc.getClassifyMethod(), large.build()));
      assertEquals(1, call(client));
    }
  }

  @Test
  public void completesFuturesOnTheGivenExecutor() throws Exception {
    ExecutorService executor = Executors.newSingleThreadExecutor(r -> new Thread(r, "mine"));
    CountDownLatch go = new CountDownLatch(1);
    try (TestServer server =
            TestServer.classifying(
                (request, response) -> {
                  try {
                    go.await(30, TimeUnit.SECONDS);
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                  TestServer.echo(request, response);
                });
        TrilhoClient client =
            TrilhoClient.builder(server.target())
                .usePlaintext()
                .keepAlive(Duration.ofMinutes(10))
                .executor(executor)
                .build()) {
      CompletableFuture<String> thread =
          client
              .callAsync(MnistServiceGrpc.getClassifyMethod(), REQUEST)
              .thenApply(response -> Thread.currentThread().getName());
      go.countDown();
      assertEquals("mine", thread.get(30, TimeUnit.SECONDS));
    } finally {
      executor.shutdownNow();
    }
  }

  @Test
  public void spreadsCallsOverServers() throws Exception {
    AtomicInteger first = new AtomicInteger();
    AtomicInteger second = new AtomicInteger();
    try (TestServer one = counting(first);
        TestServer two = counting(second);
        FixedAddresses models = FixedAddresses.of(Arrays.asList(one.port(), two.port()));
        TrilhoClient client = TrilhoClient.builder(models.target()).usePlaintext().build()) {
      callUntil(client, () -> first.get() >= 10 && second.get() >= 10);
    }
  }

  /** Calls until {@code condition} holds; fails if it does not. */
  private static void callUntil(TrilhoClient client, BooleanSupplier condition) {
    long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
    while (!condition.getAsBoolean()) {
      assertTrue("within a minute", System.nanoTime() < end);
      call(client);
    }
  }

  @Test
  public void avoidsAServerThatIsAboutToStop() throws Exception {
    AtomicInteger first = new AtomicInteger();
    AtomicInteger second = new AtomicInteger();
    HealthStatusManager health = new HealthStatusManager();
    health.setStatus("PredictionService", ServingStatus.SERVING);
    // One of its models has failed, which is not ours.
    health.setStatus("", ServingStatus.NOT_SERVING);
    try (TestServer one = TestServer.of(countingService(first), health.getHealthService());
        TestServer two = counting(second);
        FixedAddresses models = FixedAddresses.of(Arrays.asList(one.port(), two.port()));
        TrilhoClient client = TrilhoClient.builder(models.target()).usePlaintext().build()) {
      callUntil(client, () -> first.get() >= 10 && second.get() >= 10);
      health.setStatus("PredictionService", ServingStatus.NOT_SERVING);
      // Until the client has noticed: turns of three pass the first one by.
      callUntil(
          client,
          () -> {
            int before = first.get();
            for (int i = 0; i < 3; i++) {
              call(client);
            }
            return first.get() == before;
          });
      int calls = first.get();
      for (int i = 0; i < 100; i++) {
        call(client);
      }
      assertEquals(calls, first.get());
      health.setStatus("PredictionService", ServingStatus.SERVING);
      callUntil(client, () -> first.get() >= calls + 10);
    }
  }

  @Test
  public void callsAServerThatIsAboutToStopIfToldNotToLook() throws Exception {
    AtomicInteger calls = new AtomicInteger();
    HealthStatusManager health = new HealthStatusManager();
    health.setStatus("PredictionService", ServingStatus.NOT_SERVING);
    try (TestServer server = TestServer.of(countingService(calls), health.getHealthService())) {
      try (TrilhoClient looks =
          TrilhoClient.builder(server.target()).usePlaintext().maxAttempts(1).build()) {
        assertThrows(UnavailableException.class, () -> call(looks));
      }
      assertEquals(0, calls.get());
      for (TrilhoClientBuilder builder :
          Arrays.asList(
              TrilhoClient.builder(server.target()).healthChecks(false),
              TrilhoClient.builder(server.target()).loadBalancingPolicy("pick_first"))) {
        try (TrilhoClient client = builder.usePlaintext().build()) {
          assertEquals(1, call(client));
        }
      }
    }
  }

  private static TestServer counting(AtomicInteger calls) throws Exception {
    return TestServer.of(countingService(calls));
  }

  private static BindableService countingService(AtomicInteger calls) {
    return TestServer.mnist(
        (request, response) -> {
          calls.incrementAndGet();
          TestServer.echo(request, response);
        });
  }
}
