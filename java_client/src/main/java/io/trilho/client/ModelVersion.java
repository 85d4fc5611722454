package io.trilho.client;

import io.grpc.Status;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import tensorflow.serving.GetModelStatus.GetModelStatusRequest;
import tensorflow.serving.GetModelStatus.GetModelStatusResponse;
import tensorflow.serving.GetModelStatus.ModelVersionStatus;
import tensorflow.serving.Model.ModelSpec;

/** A version of a model as its server sees it. Immutable. */
public final class ModelVersion {
  private final long version;
  private final ModelState state;
  private final Status.Code code;
  private final String message;

  private ModelVersion(ModelVersionStatus proto) {
    version = proto.getVersion();
    state = state(proto.getState());
    code = Status.fromCodeValue(proto.getStatus().getErrorCodeValue()).getCode();
    message = proto.getStatus().getErrorMessage();
  }

  static GetModelStatusRequest request(String model) {
    return GetModelStatusRequest.newBuilder()
        .setModelSpec(ModelSpec.newBuilder().setName(model))
        .build();
  }

  static List<ModelVersion> fromProto(GetModelStatusResponse response) {
    List<ModelVersion> versions = new ArrayList<>();
    response.getModelVersionStatusList().forEach(proto -> versions.add(new ModelVersion(proto)));
    return Collections.unmodifiableList(versions);
  }

  private static ModelState state(ModelVersionStatus.State state) {
    switch (state) {
      case START:
        return ModelState.START;
      case LOADING:
        return ModelState.LOADING;
      case AVAILABLE:
        return ModelState.AVAILABLE;
      case UNLOADING:
        return ModelState.UNLOADING;
      case END:
        return ModelState.END;
      default:
        return ModelState.UNKNOWN;
    }
  }

  /**
   * Returns the version.
   *
   * @return its number
   */
  public long version() {
    return version;
  }

  /**
   * Returns where the version is.
   *
   * @return its state
   */
  public ModelState state() {
    return state;
  }

  /**
   * Returns what went wrong with the version.
   *
   * @return OK if nothing did
   */
  public Status.Code code() {
    return code;
  }

  /**
   * Returns what went wrong with the version, for people.
   *
   * @return the server's words, empty if nothing did
   */
  public String message() {
    return message;
  }

  /** Reads like a line of a table: {@code 2 AVAILABLE}, {@code 3 END NOT_FOUND: no such file}. */
  @Override
  public String toString() {
    return version + " " + state + (code == Status.Code.OK ? "" : " " + code + ": " + message);
  }
}
