package io.trilho.client;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.MethodDescriptor;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Gives a deadline to every call that has none, so that no stub can forget it. */
final class DefaultDeadline implements ClientInterceptor {
  private final long nanos;

  DefaultDeadline(Duration deadline) {
    nanos = Durations.toNanos(Durations.requirePositive("the deadline", deadline));
  }

  @Override
  public <Q, R> ClientCall<Q, R> interceptCall(
      MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
    return next.newCall(
        method,
        options.getDeadline() == null
            ? options.withDeadlineAfter(nanos, TimeUnit.NANOSECONDS)
            : options);
  }
}
