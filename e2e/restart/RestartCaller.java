package io.trilho.e2e;

import io.trilho.client.FixedAddresses;
import io.trilho.client.PredictCall;
import io.trilho.client.Tensor;
import io.trilho.client.TrilhoClient;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Calls the model "m" of several servers through a client as it comes, for tests of restarts.
 *
 * <p>{@code RestartCaller RATE PORT...} makes RATE calls a second, spread over the ports of
 * localhost, until its standard input ends. It prints how many calls were answered, as a line, ten
 * times a second; the error of each call that failed, behind "failed: "; and "done" when no call is
 * under way any more.
 */
final class RestartCaller {
  private static final int TICKS_PER_SECOND = 100;
  private static final int MOST_UNDER_WAY = 500;

  private RestartCaller() {}

  public static void main(String[] arguments) throws Exception {
    int rate = Integer.parseInt(arguments[0]);
    List<Integer> ports = new ArrayList<>();
    for (int i = 1; i < arguments.length; i++) {
      ports.add(Integer.parseInt(arguments[i]));
    }
    PredictCall call = PredictCall.model("m").input("x", Tensor.of(new float[] {2}, 1));
    AtomicLong answered = new AtomicLong();
    // A server that does not answer is not called without end.
    Semaphore room = new Semaphore(MOST_UNDER_WAY);
    ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    try (FixedAddresses servers = FixedAddresses.of(ports);
        TrilhoClient client = TrilhoClient.builder(servers.target()).usePlaintext().build()) {
      Runnable callSome =
          () -> {
            for (int i = 0; i < rate / TICKS_PER_SECOND && room.tryAcquire(); i++) {
              client
                  .predictAsync(call)
                  .whenComplete(
                      (result, error) -> {
                        if (error == null) {
                          answered.incrementAndGet();
                        } else {
                          System.out.println("failed: " + error);
                        }
                        room.release();
                      });
            }
          };
      clock.scheduleAtFixedRate(callSome, 0, 1000 / TICKS_PER_SECOND, TimeUnit.MILLISECONDS);
      clock.scheduleAtFixedRate(
          () -> System.out.println(answered.get()), 0, 100, TimeUnit.MILLISECONDS);
      while (System.in.read() >= 0) {
        // Whoever holds the other end wants it to go on.
      }
      clock.shutdown();
      clock.awaitTermination(1, TimeUnit.MINUTES);
      room.acquire(MOST_UNDER_WAY);
    }
    System.out.println(answered.get());
    System.out.println("done");
  }
}
