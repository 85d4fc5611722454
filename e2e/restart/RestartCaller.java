package io.trilho.e2e;

import io.grpc.EquivalentAddressGroup;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import io.grpc.NameResolverRegistry;
import io.grpc.StatusOr;
import io.trilho.client.PredictCall;
import io.trilho.client.Tensor;
import io.trilho.client.TrilhoClient;
import java.net.InetSocketAddress;
import java.net.URI;
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
    List<EquivalentAddressGroup> addresses = new ArrayList<>();
    for (int i = 1; i < arguments.length; i++) {
      addresses.add(
          new EquivalentAddressGroup(
              new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[i]))));
    }
    NameResolverRegistry.getDefaultRegistry().register(new FixedAddresses(addresses));
    PredictCall call = PredictCall.model("m").input("x", Tensor.of(new float[] {2}, 1));
    AtomicLong answered = new AtomicLong();
    // A server that does not answer is not called without end.
    Semaphore room = new Semaphore(MOST_UNDER_WAY);
    ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    try (TrilhoClient client = TrilhoClient.builder("fixed:///models").usePlaintext().build()) {
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

  /** Resolves every name to the same addresses, as DNS does for the name of a service. */
  private static final class FixedAddresses extends NameResolverProvider {
    private final List<EquivalentAddressGroup> addresses;

    FixedAddresses(List<EquivalentAddressGroup> addresses) {
      this.addresses = addresses;
    }

    @Override
    protected boolean isAvailable() {
      return true;
    }

    @Override
    protected int priority() {
      return 5;
    }

    @Override
    public String getDefaultScheme() {
      return "fixed";
    }

    @Override
    public NameResolver newNameResolver(URI target, NameResolver.Args args) {
      return new NameResolver() {
        @Override
        public String getServiceAuthority() {
          return "models";
        }

        @Override
        public void start(Listener2 listener) {
          listener.onResult(
              ResolutionResult.newBuilder()
                  .setAddressesOrError(StatusOr.fromValue(addresses))
                  .build());
        }

        @Override
        public void shutdown() {}
      };
    }
  }
}
