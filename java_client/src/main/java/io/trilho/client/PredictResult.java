package io.trilho.client;

import java.util.Collections;
import java.util.NoSuchElementException;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import org.tensorflow.framework.TensorProto;
import tensorflow.serving.Predict.PredictResponse;

/** What a model answered. Immutable. */
public final class PredictResult {
  private final PredictResponse response;

  PredictResult(PredictResponse response) {
    this.response = response;
  }

  /**
   * Returns the model that answered.
   *
   * @return its name, empty if the server did not say
   */
  public String model() {
    return response.getModelSpec().getName();
  }

  /**
   * Returns the version that answered, also where the call chose none.
   *
   * @return its number, absent if the server did not say
   */
  public OptionalLong version() {
    return response.getModelSpec().hasVersion()
        ? OptionalLong.of(response.getModelSpec().getVersion().getValue())
        : OptionalLong.empty();
  }

  /**
   * Returns the signature that answered, also where the call chose none.
   *
   * @return its name, empty if the server did not say
   */
  public String signature() {
    return response.getModelSpec().getSignatureName();
  }

  /**
   * Returns the names of the outputs.
   *
   * @return an unmodifiable set in alphabetical order
   */
  public Set<String> outputNames() {
    return Collections.unmodifiableSet(new TreeSet<>(response.getOutputsMap().keySet()));
  }

  /**
   * Reads an output. Converts at each call, so keep the tensor.
   *
   * @param name the output's name in the signature
   * @return its value
   * @throws NoSuchElementException if there is no such output; the message lists those there are
   * @throws TrilhoException with the code INTERNAL if its type is none of {@link ElementType} or
   *     its values do not fit its shape
   */
  public Tensor output(String name) {
    TensorProto proto = response.getOutputsMap().get(name);
    if (proto == null) {
      throw new NoSuchElementException("expected one of " + outputNames() + ", found " + name);
    }
    try {
      return TensorProtos.fromProto(proto);
    } catch (IllegalArgumentException e) {
      throw TrilhoException.malformed("output " + name + ": " + e.getMessage(), e);
    }
  }

  /** Says who answered, and the names of the outputs. */
  @Override
  public String toString() {
    return "PredictResult{model="
        + model()
        + ", version="
        + (version().isPresent() ? version().getAsLong() : "unknown")
        + ", signature="
        + signature()
        + ", outputs="
        + outputNames()
        + "}";
  }
}
