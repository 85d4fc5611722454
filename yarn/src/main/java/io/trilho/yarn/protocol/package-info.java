/**
 * The messages of ApplicationMaster and tasks: JSON over HTTP, with the application's token.
 *
 * <p>A task reports at once when something has changed and else at each heartbeat; the answer is an
 * order. Neither side needs to remember what it has sent. No parameter, field or result is null
 * unless it says so.
 */
@NullMarked
package io.trilho.yarn.protocol;

import org.jspecify.annotations.NullMarked;
