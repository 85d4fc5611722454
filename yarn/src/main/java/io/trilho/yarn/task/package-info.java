/**
 * Runs a task's command in its container, and keeps in touch with the ApplicationMaster.
 *
 * <p>Needs Java 8, {@code /proc} and a shell, and no class of Hadoop: a container has what the job
 * gave it. No parameter, field or result is null unless it says so.
 */
@NullMarked
package io.trilho.yarn.task;

import org.jspecify.annotations.NullMarked;
