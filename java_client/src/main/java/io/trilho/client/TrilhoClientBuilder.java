package io.trilho.client;

import io.grpc.ChannelCredentials;
import io.grpc.ClientInterceptor;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannelBuilder;
import io.grpc.TlsChannelCredentials;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Describes a {@link TrilhoClient}. Not safe for use by several threads at once; may be used again
 * after {@link #build}.
 */
public final class TrilhoClientBuilder {
  private static final int MOST_ATTEMPTS = 5;

  /**
   * Its health says whether calls are to be sent to a server. That of the server as a whole ("")
   * also says no where a single model has failed.
   */
  private static final String HEALTH_SERVICE = "PredictionService";

  private final String target;
  private final List<ClientInterceptor> interceptors = new ArrayList<>();
  private ChannelCredentials credentials = TlsChannelCredentials.create();
  private Duration defaultDeadline = TrilhoClient.DEFAULT_DEADLINE;
  private int maxAttempts = 4;
  private int maxInboundMessageBytes = 64 << 20;
  private String loadBalancingPolicy = "round_robin";
  private boolean healthChecks = true;
  private @Nullable Duration keepAlive;
  private @Nullable Executor executor;

  TrilhoClientBuilder(String target) {
    this.target = Objects.requireNonNull(target, "target");
  }

  /**
   * Speaks without encryption. Has to be asked for: a client that forgets it fails to connect
   * rather than send data in the clear.
   *
   * @return this
   */
  public TrilhoClientBuilder usePlaintext() {
    return credentials(InsecureChannelCredentials.create());
  }

  /**
   * Sets how the connection is secured. The default is TLS with the JVM's trusted roots.
   *
   * @param value for own roots or client certificates, a {@link TlsChannelCredentials}
   * @return this
   */
  public TrilhoClientBuilder credentials(ChannelCredentials value) {
    credentials = Objects.requireNonNull(value, "credentials");
    return this;
  }

  /**
   * Sets how long a call lasts at most when it has no deadline of its own, retries included. The
   * default is {@link TrilhoClient#DEFAULT_DEADLINE}.
   *
   * @param value a positive duration
   * @return this
   * @throws IllegalArgumentException if {@code value} is not positive
   */
  public TrilhoClientBuilder defaultDeadline(Duration value) {
    defaultDeadline = Durations.requirePositive("the default deadline", value);
    return this;
  }

  /**
   * Sets how often a call is tried while the server answers UNAVAILABLE; no other error is tried
   * again. The default is 4. Between two attempts gRPC waits a random time around 0.1 s, then 0.2
   * s, then 0.4 s, then 0.8 s. A service config that the name resolver supplies replaces this
   * policy.
   *
   * @param value from 1, which means no retries, to 5
   * @return this
   * @throws IllegalArgumentException if {@code value} is outside that range
   */
  public TrilhoClientBuilder maxAttempts(int value) {
    if (value < 1 || value > MOST_ATTEMPTS) {
      throw new IllegalArgumentException(
          "attempts must be 1 to " + MOST_ATTEMPTS + ", found " + value);
    }
    maxAttempts = value;
    return this;
  }

  /**
   * Sets the largest response that is accepted; larger ones fail with {@link
   * ResourceExhaustedException}. The default is 64 MiB. What may be sent is the server's to limit.
   *
   * @param bytes a positive number of bytes
   * @return this
   * @throws IllegalArgumentException if {@code bytes} is not positive
   */
  public TrilhoClientBuilder maxInboundMessageBytes(int bytes) {
    if (bytes < 1) {
      throw new IllegalArgumentException("the largest message must be positive, found " + bytes);
    }
    maxInboundMessageBytes = bytes;
    return this;
  }

  /**
   * Sends a ping over a connection that has calls under way and was silent for {@code time}, so
   * that a dead peer is noticed. Off by default. gRPC raises times under 10 s to 10 s; servers may
   * close connections that ping more often than they permit, often every 5 minutes.
   *
   * @param time a positive duration
   * @return this
   * @throws IllegalArgumentException if {@code time} is not positive
   */
  public TrilhoClientBuilder keepAlive(Duration time) {
    keepAlive = Durations.requirePositive("the keep-alive time", time);
    return this;
  }

  /**
   * Sets how calls are spread over the addresses that the target resolves to. The default, {@code
   * round_robin}, gives each server its turn; {@code pick_first} stays with one, and looks at no
   * health.
   *
   * @param policy the name of a policy registered with gRPC
   * @return this
   */
  public TrilhoClientBuilder loadBalancingPolicy(String policy) {
    loadBalancingPolicy = Objects.requireNonNull(policy, "policy");
    return this;
  }

  /**
   * Sets whether calls avoid a server whose health ({@code grpc.health.v1}, of PredictionService)
   * says that it does not serve, as one says that is about to stop or still loads its first models.
   * On by default, so that a rolling restart loses no call; off where something in between answers
   * such questions wrongly. A server that has no such service, as TensorFlow Serving's has not
   * unless it is told, counts as healthy. A service config that the name resolver supplies replaces
   * this choice.
   *
   * @param value whether to look
   * @return this
   */
  public TrilhoClientBuilder healthChecks(boolean value) {
    healthChecks = value;
    return this;
  }

  /**
   * Adds interceptors, for authentication or tracing. They see calls that already have their
   * deadline.
   *
   * @param values run in reverse order, as gRPC does
   * @return this
   */
  public TrilhoClientBuilder intercept(ClientInterceptor... values) {
    interceptors.addAll(Arrays.asList(values));
    return this;
  }

  /**
   * Sets the threads that complete futures. The default is gRPC's pool, shared by all channels of
   * the process.
   *
   * @param value stays the caller's to shut down, after the client is closed
   * @return this
   */
  public TrilhoClientBuilder executor(Executor value) {
    executor = Objects.requireNonNull(value, "executor");
    return this;
  }

  /**
   * Makes the client. Connects at the first call, so a server that is down is no error here.
   *
   * @return a client that the caller closes
   * @throws IllegalArgumentException if the target cannot be parsed or its scheme has no resolver
   */
  public TrilhoClient build() {
    ManagedChannelBuilder<?> channel =
        Grpc.newChannelBuilder(target, credentials)
            .maxInboundMessageSize(maxInboundMessageBytes)
            .defaultLoadBalancingPolicy(loadBalancingPolicy)
            .defaultServiceConfig(serviceConfig())
            .intercept(interceptors);
    if (maxAttempts > 1) {
      channel.enableRetry();
    } else {
      channel.disableRetry();
    }
    if (keepAlive != null) {
      channel.keepAliveTime(Durations.toNanos(keepAlive), TimeUnit.NANOSECONDS);
    }
    if (executor != null) {
      channel.executor(executor);
    }
    return GrpcTrilhoClient.owning(channel.build(), defaultDeadline);
  }

  /** A gRPC service config, in the form its JSON parser gives: numbers are doubles. */
  private Map<String, Object> serviceConfig() {
    Map<String, Object> config = new HashMap<>();
    if (healthChecks) {
      config.put("healthCheckConfig", Collections.singletonMap("serviceName", HEALTH_SERVICE));
    }
    if (maxAttempts > 1) {
      Map<String, Object> policy = new HashMap<>();
      policy.put("maxAttempts", (double) maxAttempts);
      policy.put("initialBackoff", "0.1s");
      policy.put("maxBackoff", "1s");
      policy.put("backoffMultiplier", 2.0);
      policy.put("retryableStatusCodes", Collections.singletonList("UNAVAILABLE"));
      Map<String, Object> everyMethod = new HashMap<>();
      everyMethod.put("name", Collections.singletonList(Collections.emptyMap()));
      everyMethod.put("retryPolicy", policy);
      config.put("methodConfig", Collections.singletonList(everyMethod));
    }
    return config;
  }
}
