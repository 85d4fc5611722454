package io.trilho.client;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import com.google.protobuf.Int64Value;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletionException;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.junit.runners.JUnit4;
import org.tensorflow.framework.DataType;
import org.tensorflow.framework.TensorProto;
import tensorflow.serving.GetModelStatus.GetModelStatusRequest;
import tensorflow.serving.GetModelStatus.GetModelStatusResponse;
import tensorflow.serving.GetModelStatus.ModelVersionStatus;
import tensorflow.serving.Model.ModelSpec;
import tensorflow.serving.ModelServiceGrpc;
import tensorflow.serving.Predict.PredictRequest;
import tensorflow.serving.Predict.PredictResponse;
import tensorflow.serving.PredictionServiceGrpc;

/** Predict and GetModelStatus against a server that has their generated services. */
@RunWith(JUnit4.class)
public final class ServingApiTest {
  private static final PredictCall CALL =
      PredictCall.model("mnist").input("image_data", Tensor.of(new float[] {1, 2}, 1, 2));

  private volatile PredictRequest received;
  private TestServer server;
  private TrilhoClient client;

  /** Answers Predict with its inputs and the version 7, and with an output of type DT_HALF. */
  private final class Prediction extends PredictionServiceGrpc.PredictionServiceImplBase {
    @Override
    public void predict(PredictRequest request, StreamObserver<PredictResponse> answer) {
      received = request;
      ModelSpec.Builder spec =
          request.getModelSpec().toBuilder()
              .setVersion(Int64Value.of(7))
              .setSignatureName("serving_default");
      answer.onNext(
          PredictResponse.newBuilder()
              .setModelSpec(spec)
              .putAllOutputs(request.getInputsMap())
              .putOutputs("half", TensorProto.newBuilder().setDtype(DataType.DT_HALF).build())
              .build());
      answer.onCompleted();
    }
  }

  private static final class Models extends ModelServiceGrpc.ModelServiceImplBase {
    @Override
    public void getModelStatus(
        GetModelStatusRequest request, StreamObserver<GetModelStatusResponse> answer) {
      String name = request.getModelSpec().getName();
      if (!name.equals("mnist")) {
        answer.onError(
            Status.NOT_FOUND
                .withDescription("Could not find any versions of model " + name)
                .asRuntimeException());
        return;
      }
      GetModelStatusResponse.Builder response = GetModelStatusResponse.newBuilder();
      response
          .addModelVersionStatusBuilder()
          .setVersion(2)
          .setState(ModelVersionStatus.State.AVAILABLE);
      ModelVersionStatus.Builder broken =
          response
              .addModelVersionStatusBuilder()
              .setVersion(1)
              .setState(ModelVersionStatus.State.END);
      broken.getStatusBuilder().setErrorCodeValue(5).setErrorMessage("no saved_model.pb");
      response.addModelVersionStatusBuilder().setVersion(3).setStateValue(99);
      answer.onNext(response.build());
      answer.onCompleted();
    }
  }

  @Before
  public void start() throws Exception {
    server = TestServer.of(new Prediction(), new Models());
    client = server.client();
  }

  @After
  public void stop() throws Exception {
    client.close();
    server.close();
  }

  @Test
  public void shortestCallLeavesTheRestToTheServer() {
    client.predict(CALL);
    assertEquals(ModelSpec.newBuilder().setName("mnist").build(), received.getModelSpec());
    assertEquals(0, received.getOutputFilterCount());
    assertEquals(1, received.getInputsCount());
    TensorProto image = received.getInputsOrThrow("image_data");
    assertArrayEquals(new float[] {1, 2}, TensorProtos.fromProto(image).floats(), 0);
  }

  @Test
  public void everyFieldIsSent() {
    client.predict(
        CALL.version(3)
            .signature("top_k")
            .input("k", Tensor.of(new int[] {5}))
            .outputs("value", "index"));
    assertEquals(3, received.getModelSpec().getVersion().getValue());
    assertEquals("top_k", received.getModelSpec().getSignatureName());
    assertEquals(2, received.getInputsCount());
    assertEquals(Arrays.asList("value", "index"), received.getOutputFilterList());
  }

  @Test
  public void numberAndLabelReplaceEachOther() {
    client.predict(CALL.version(3).versionLabel("stable"));
    assertEquals("stable", received.getModelSpec().getVersionLabel());
    assertFalse(received.getModelSpec().hasVersion());
    client.predict(CALL.versionLabel("stable").version(0));
    assertTrue(received.getModelSpec().hasVersion());
    assertEquals("", received.getModelSpec().getVersionLabel());
  }

  @Test
  public void callIsATemplate() {
    PredictCall other = CALL.input("image_data", Tensor.of(new float[] {9}, 1)).outputs("value");
    assertEquals(
        "PredictCall{model=mnist, version=newest, signature=default,"
            + " inputs={image_data=FLOAT[1]}, outputs=[value]}",
        other.toString());
    assertEquals(
        "PredictCall{model=mnist, version=newest, signature=default,"
            + " inputs={image_data=FLOAT[1, 2]}, outputs=all}",
        CALL.toString());
  }

  @Test
  public void wrongCallsAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> PredictCall.model(""));
    assertThrows(IllegalArgumentException.class, () -> CALL.outputs("value", "value"));
  }

  @Test
  public void resultTellsWhoAnswered() {
    for (PredictResult result :
        Arrays.asList(client.predict(CALL), client.predictAsync(CALL).join())) {
      assertEquals("mnist", result.model());
      assertEquals(7, result.version().getAsLong());
      assertEquals("serving_default", result.signature());
      assertEquals("[half, image_data]", result.outputNames().toString());
      assertArrayEquals(new float[] {1, 2}, result.output("image_data").floats(), 0);
      assertArrayEquals(new long[] {1, 2}, result.output("image_data").shape());
    }
  }

  @Test
  public void outputsThatAreNotThereAreNamed() {
    PredictResult result = client.predict(CALL);
    NoSuchElementException error =
        assertThrows(NoSuchElementException.class, () -> result.output("value"));
    assertEquals("expected one of [half, image_data], found value", error.getMessage());
  }

  @Test
  public void outputsThatCannotBeReadAreTold() {
    PredictResult result = client.predict(CALL);
    TrilhoException error = assertThrows(TrilhoException.class, () -> result.output("half"));
    assertEquals(Status.Code.INTERNAL, error.getStatus().getCode());
    assertTrue(error.getMessage(), error.getMessage().contains("output half: expected"));
    assertTrue(error.getMessage(), error.getMessage().contains("found DT_HALF"));
  }

  @Test
  public void statusListsVersions() {
    for (List<ModelVersion> versions :
        Arrays.asList(client.modelStatus("mnist"), client.modelStatusAsync("mnist").join())) {
      assertEquals(
          "[2 AVAILABLE, 1 END NOT_FOUND: no saved_model.pb, 3 UNKNOWN]", versions.toString());
      assertEquals(2, versions.get(0).version());
      assertEquals(ModelState.AVAILABLE, versions.get(0).state());
      assertEquals(Status.Code.OK, versions.get(0).code());
      assertEquals(Status.Code.NOT_FOUND, versions.get(1).code());
      assertEquals("no saved_model.pb", versions.get(1).message());
    }
  }

  @Test
  public void statusOfAnUnknownModelIsNotFound() {
    NotFoundException error =
        assertThrows(NotFoundException.class, () -> client.modelStatus("other"));
    assertEquals("Could not find any versions of model other", error.getStatus().getDescription());
    CompletionException async =
        assertThrows(CompletionException.class, () -> client.modelStatusAsync("other").join());
    assertEquals(NotFoundException.class, async.getCause().getClass());
  }
}
