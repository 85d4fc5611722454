package io.trilho.client;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNotNull;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.trilho.mnist.ClassifyRequest;
import io.trilho.mnist.MnistServiceGrpc;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.After;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.Timeout;
import org.junit.runner.RunWith;
import org.junit.runners.JUnit4;

@RunWith(JUnit4.class)
public final class DeadlineTest {
  private static final Duration HOUR = Duration.ofHours(1);
  private static final ClassifyRequest REQUEST = ClassifyRequest.getDefaultInstance();

  /** So that a call that never ends fails a test by its name. */
  @Rule public final Timeout timeout = Timeout.seconds(50);

  /** What the server saw, minutes left; -1 for a call without deadline. */
  private final BlockingQueue<Long> minutesLeft = new LinkedBlockingQueue<>();

  private TestServer server;
  private TrilhoClient client;

  @Before
  public void start() throws Exception {
    server =
        TestServer.classifying(
            (request, response) -> {
              Deadline deadline = Context.current().getDeadline();
              minutesLeft.add(deadline == null ? -1 : deadline.timeRemaining(TimeUnit.MINUTES));
              TestServer.echo(request, response);
            });
    client = TrilhoClient.builder(server.target()).usePlaintext().defaultDeadline(HOUR).build();
  }

  @After
  public void stop() throws Exception {
    client.close();
    server.close();
  }

  private void assertServerSawAnHour() {
    Long left = minutesLeft.poll();
    assertNotNull(left);
    assertTrue("minutes left: " + left, left >= 30 && left <= 60);
  }

  @Test
  public void syncCallHasTheDefault() {
    client.call(MnistServiceGrpc.getClassifyMethod(), REQUEST);
    assertServerSawAnHour();
  }

  @Test
  public void asyncCallHasTheDefault() {
    client.callAsync(MnistServiceGrpc.getClassifyMethod(), REQUEST).join();
    assertServerSawAnHour();
  }

  @Test
  public void stubsHaveTheDefault() throws Exception {
    client.stub(MnistServiceGrpc::newBlockingStub).classify(REQUEST);
    assertServerSawAnHour();
    client.stub(MnistServiceGrpc::newFutureStub).classify(REQUEST).get();
    assertServerSawAnHour();
  }

  @Test
  public void stubsOwnDeadlineWins() {
    client
        .stub(MnistServiceGrpc::newBlockingStub)
        .withDeadlineAfter(10, TimeUnit.HOURS)
        .classify(REQUEST);
    Long left = minutesLeft.poll();
    assertTrue("minutes left: " + left, left != null && left > 60);
  }

  @Test
  public void withDeadlineReplacesTheDefault() {
    client.withDeadline(Duration.ofHours(10)).call(MnistServiceGrpc.getClassifyMethod(), REQUEST);
    Long left = minutesLeft.poll();
    assertTrue("minutes left: " + left, left != null && left > 60);

    client.call(MnistServiceGrpc.getClassifyMethod(), REQUEST);
    assertServerSawAnHour();
  }

  @Test
  public void clientNobodyConfiguredHasADeadline() {
    try (TrilhoClient plain = server.client()) {
      plain.call(MnistServiceGrpc.getClassifyMethod(), REQUEST);
    }
    assertEquals(Long.valueOf(0), minutesLeft.poll());
  }

  @Test
  public void deadlinesLongerThanNanosecondsCountStillWork() {
    client
        .withDeadline(Duration.ofSeconds(Long.MAX_VALUE))
        .call(MnistServiceGrpc.getClassifyMethod(), REQUEST);
    Long left = minutesLeft.poll();
    assertTrue("minutes left: " + left, left != null && left > 60);
  }

  @Test
  public void passingIsTold() throws Exception {
    try (TestServer silent = TestServer.classifying((request, response) -> {});
        TrilhoClient hasty =
            TrilhoClient.builder(silent.target())
                .usePlaintext()
                .defaultDeadline(Duration.ofMillis(100))
                .build()) {
      DeadlineExceededException sync =
          assertThrows(
              DeadlineExceededException.class,
              () -> hasty.call(MnistServiceGrpc.getClassifyMethod(), REQUEST));
      assertEquals(Status.Code.DEADLINE_EXCEEDED, sync.getStatus().getCode());

      CompletionException async =
          assertThrows(
              CompletionException.class,
              () -> hasty.callAsync(MnistServiceGrpc.getClassifyMethod(), REQUEST).join());
      assertEquals(DeadlineExceededException.class, async.getCause().getClass());

      StatusRuntimeException stub =
          assertThrows(
              StatusRuntimeException.class,
              () -> hasty.stub(MnistServiceGrpc::newBlockingStub).classify(REQUEST));
      assertEquals(DeadlineExceededException.class, TrilhoException.of(stub).getClass());
    }
  }

  @Test
  public void onlyPositiveOnes() {
    for (Duration wrong : new Duration[] {Duration.ZERO, Duration.ofSeconds(-1)}) {
      assertThrows(IllegalArgumentException.class, () -> client.withDeadline(wrong));
      assertThrows(
          IllegalArgumentException.class,
          () -> TrilhoClient.builder("localhost:1").defaultDeadline(wrong));
    }
  }
}
