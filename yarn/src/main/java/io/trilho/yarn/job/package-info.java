/**
 * A job: roles, resources, and what to do on a failure; read from YAML or JSON and checked.
 *
 * <p>No parameter, field or result is null unless it says so.
 */
@NullMarked
package io.trilho.yarn.job;

import org.jspecify.annotations.NullMarked;
