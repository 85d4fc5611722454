/**
 * Submits training jobs to YARN and looks after them, for Java 8 and later.
 *
 * <p>Start at {@link io.trilho.yarn.client.TrilhoYarnClient}. No parameter, field or result is null
 * unless it says so.
 */
@NullMarked
package io.trilho.yarn.client;

import org.jspecify.annotations.NullMarked;
