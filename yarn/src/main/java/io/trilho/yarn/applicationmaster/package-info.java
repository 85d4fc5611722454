/**
 * The ApplicationMaster: gets containers, starts tasks in them, and decides when one is lost.
 *
 * <p>{@link io.trilho.yarn.applicationmaster.Coordinator} decides, in one thread and without
 * Hadoop. The other classes bring it events and do what it asks for. No parameter, field or result
 * is null unless it says so.
 */
@NullMarked
package io.trilho.yarn.applicationmaster;

import org.jspecify.annotations.NullMarked;
