/**
 * The command line {@code trilho-yarn}.
 *
 * <p>No parameter, field or result is null unless it says so.
 */
@NullMarked
package io.trilho.yarn.cli;

import org.jspecify.annotations.NullMarked;
