/**
 * Calls models that a Trilho server, or any server that speaks TensorFlow Serving's gRPC API, has
 * loaded.
 *
 * <p>Start at {@link io.trilho.client.TrilhoClient}. No parameter, field or result is null unless
 * it says so.
 */
@NullMarked
package io.trilho.client;

import org.jspecify.annotations.NullMarked;
