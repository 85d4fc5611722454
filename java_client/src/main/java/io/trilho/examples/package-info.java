/** Programs that show how the client is used. */
@NullMarked
package io.trilho.examples;

import org.jspecify.annotations.NullMarked;
