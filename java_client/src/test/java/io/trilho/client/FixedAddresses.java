package io.trilho.client;

import io.grpc.EquivalentAddressGroup;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import io.grpc.NameResolverRegistry;
import io.grpc.StatusOr;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;

/** Resolves a target to local ports, as DNS does the name of a service, until it is closed. */
public final class FixedAddresses extends NameResolverProvider implements AutoCloseable {
  private final List<EquivalentAddressGroup> addresses;

  private FixedAddresses(Collection<Integer> ports) {
    addresses =
        ports.stream()
            .map(port -> new EquivalentAddressGroup(new InetSocketAddress("127.0.0.1", port)))
            .collect(Collectors.toList());
  }

  /** Begins to resolve the target to {@code ports}; only one of these may be open. */
  public static FixedAddresses of(Collection<Integer> ports) {
    FixedAddresses addresses = new FixedAddresses(ports);
    NameResolverRegistry.getDefaultRegistry().register(addresses);
    return addresses;
  }

  /** Returns what a client is to be built for. */
  public String target() {
    return getDefaultScheme() + ":///models";
  }

  @Override
  public void close() {
    NameResolverRegistry.getDefaultRegistry().deregister(this);
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
