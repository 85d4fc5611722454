package io.trilho.client;

import com.google.protobuf.Int64Value;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tensorflow.serving.Model.ModelSpec;
import tensorflow.serving.Predict.PredictRequest;

/**
 * What to ask of a model: its version and signature, the inputs, the outputs wanted. Immutable:
 * each method returns a changed copy, so a call can be kept as a template.
 *
 * <pre>{@code
 * PredictCall.model("mnist").input("image_data", Tensor.of(pixels, 1, 784)).outputs("value")
 * }</pre>
 */
public final class PredictCall {
  private final String model;
  private final @Nullable Long version;
  private final @Nullable String versionLabel;
  private final String signature;
  private final Map<String, Tensor> inputs;
  private final Set<String> outputs;

  private PredictCall(
      String model,
      @Nullable Long version,
      @Nullable String versionLabel,
      String signature,
      Map<String, Tensor> inputs,
      Set<String> outputs) {
    this.model = model;
    this.version = version;
    this.versionLabel = versionLabel;
    this.signature = signature;
    this.inputs = inputs;
    this.outputs = outputs;
  }

  /**
   * Starts a call of the newest version that is ready, by its default signature, for all outputs.
   *
   * @param name the model's name on the server
   * @return the call, still without inputs
   * @throws IllegalArgumentException if {@code name} is empty
   */
  public static PredictCall model(String name) {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("the model's name is empty");
    }
    return new PredictCall(name, null, null, "", Collections.emptyMap(), Collections.emptySet());
  }

  /**
   * Chooses a version by number, in place of any choice made before.
   *
   * @param number the version's number
   * @return a changed copy
   */
  public PredictCall version(long number) {
    return new PredictCall(model, number, null, signature, inputs, outputs);
  }

  /**
   * Chooses a version by its label, in place of any choice made before.
   *
   * @param label a label that the server's configuration gives to a version
   * @return a changed copy
   */
  public PredictCall versionLabel(String label) {
    return new PredictCall(
        model, null, Objects.requireNonNull(label, "label"), signature, inputs, outputs);
  }

  /**
   * Chooses a signature. Without one the server takes {@code serving_default}.
   *
   * @param name the signature's name
   * @return a changed copy
   */
  public PredictCall signature(String name) {
    return new PredictCall(
        model, version, versionLabel, Objects.requireNonNull(name, "name"), inputs, outputs);
  }

  /**
   * Sets an input, in place of the one of the same name.
   *
   * @param name the input's name in the signature
   * @param value its value
   * @return a changed copy
   */
  public PredictCall input(String name, Tensor value) {
    Map<String, Tensor> changed = new LinkedHashMap<>(inputs);
    changed.put(Objects.requireNonNull(name, "name"), Objects.requireNonNull(value, "value"));
    return new PredictCall(model, version, versionLabel, signature, changed, outputs);
  }

  /**
   * Chooses the outputs that are sent back, in place of any chosen before.
   *
   * @param names outputs of the signature; none for all
   * @return a changed copy
   * @throws IllegalArgumentException if a name occurs twice
   */
  public PredictCall outputs(String... names) {
    Set<String> changed = new LinkedHashSet<>();
    for (String name : names) {
      if (!changed.add(Objects.requireNonNull(name, "name"))) {
        throw new IllegalArgumentException("output " + name + " is asked for twice");
      }
    }
    return new PredictCall(model, version, versionLabel, signature, inputs, changed);
  }

  PredictRequest toProto() {
    ModelSpec.Builder spec = ModelSpec.newBuilder().setName(model).setSignatureName(signature);
    if (version != null) {
      spec.setVersion(Int64Value.of(version));
    }
    if (versionLabel != null) {
      spec.setVersionLabel(versionLabel);
    }
    PredictRequest.Builder request =
        PredictRequest.newBuilder().setModelSpec(spec).addAllOutputFilter(outputs);
    inputs.forEach((name, tensor) -> request.putInputs(name, TensorProtos.toProto(tensor)));
    return request.build();
  }

  /** Says what is asked, with the inputs' types and shapes in place of their values. */
  @Override
  public String toString() {
    return "PredictCall{model="
        + model
        + ", version="
        + (versionLabel != null ? versionLabel : version != null ? version.toString() : "newest")
        + ", signature="
        + (signature.isEmpty() ? "default" : signature)
        + ", inputs="
        + inputs
        + ", outputs="
        + (outputs.isEmpty() ? "all" : outputs)
        + "}";
  }
}
