package io.trilho.examples;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import com.google.protobuf.Int64Value;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.trilho.client.TestServer;
import io.trilho.mnist.ClassifyRequest;
import io.trilho.mnist.ClassifyResponse;
import io.trilho.mnist.MnistServiceGrpc;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;
import org.junit.runner.RunWith;
import org.junit.runners.JUnit4;
import org.tensorflow.framework.DataType;
import org.tensorflow.framework.TensorProto;
import org.tensorflow.framework.TensorShapeProto;
import tensorflow.serving.Predict.PredictRequest;
import tensorflow.serving.Predict.PredictResponse;
import tensorflow.serving.PredictionServiceGrpc;

@RunWith(JUnit4.class)
public final class MnistReplayTest {
  private static final int IMAGES = 20;

  @Rule public final TemporaryFolder folder = new TemporaryFolder();

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private final AtomicInteger calls = new AtomicInteger();

  /** Images whose first pixel tells the digit; every fourth has a label that is not its digit. */
  @Before
  public void writeImages() throws Exception {
    Path data = folder.newFolder("mnist").toPath();
    try (DataOutputStream images = create(data.resolve(MnistImages.IMAGES_FILE));
        DataOutputStream labels = create(data.resolve(MnistImages.LABELS_FILE))) {
      for (int number : new int[] {0x803, IMAGES, 28, 28}) {
        images.writeInt(number);
      }
      labels.writeInt(0x801);
      labels.writeInt(IMAGES);
      for (int i = 0; i < IMAGES; i++) {
        byte[] image = new byte[MnistImages.PIXELS];
        image[0] = (byte) (i % 10);
        images.write(image);
        labels.write(i % 4 == 0 ? (i + 1) % 10 : i % 10);
      }
    }
  }

  private static DataOutputStream create(Path file) throws Exception {
    OutputStream bytes = Files.newOutputStream(file);
    return new DataOutputStream(bytes);
  }

  private int run(String... args) throws Exception {
    return MnistReplay.run(
        args,
        Collections.singletonMap("TRILHO_CACHE", folder.getRoot().getPath()),
        new PrintStream(out, true, "UTF-8"),
        new PrintStream(err, true, "UTF-8"));
  }

  private String text(ByteArrayOutputStream bytes) {
    return new String(bytes.toByteArray(), StandardCharsets.UTF_8);
  }

  private static Iterable<Float> scores(float firstPixel) {
    Float[] scores = new Float[10];
    Arrays.fill(scores, 0f);
    scores[Math.round(firstPixel * 255)] = 1f;
    return Arrays.asList(scores);
  }

  /** Answers as the pixel tells, and fails calls number 3 and 7 if told to. */
  private TestServer server(boolean failing) throws Exception {
    return TestServer.of(
        new MnistServiceGrpc.MnistServiceImplBase() {
          @Override
          public void classify(ClassifyRequest request, StreamObserver<ClassifyResponse> answer) {
            int call = calls.incrementAndGet();
            if (failing && (call == 3 || call == 7)) {
              answer.onError(Status.INTERNAL.withDescription("on purpose").asRuntimeException());
              return;
            }
            answer.onNext(
                ClassifyResponse.newBuilder().addAllValue(scores(request.getImageData(0))).build());
            answer.onCompleted();
          }
        },
        new PredictionServiceGrpc.PredictionServiceImplBase() {
          @Override
          public void predict(PredictRequest request, StreamObserver<PredictResponse> answer) {
            float first =
                request
                    .getInputsOrThrow("image_data")
                    .getTensorContent()
                    .asReadOnlyByteBuffer()
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .getFloat();
            PredictResponse.Builder response = PredictResponse.newBuilder();
            response
                .getModelSpecBuilder()
                .setName(request.getModelSpec().getName())
                .setVersion(Int64Value.of(calls.incrementAndGet() <= 15 ? 1 : 2));
            response.putOutputs(
                "value",
                TensorProto.newBuilder()
                    .setDtype(DataType.DT_FLOAT)
                    .setTensorShape(
                        TensorShapeProto.newBuilder()
                            .addDim(TensorShapeProto.Dim.newBuilder().setSize(1))
                            .addDim(TensorShapeProto.Dim.newBuilder().setSize(10)))
                    .addAllFloatVal(scores(first))
                    .build());
            answer.onNext(response.build());
            answer.onCompleted();
          }
        });
  }

  @Test
  public void typedCallsAreCounted() throws Exception {
    Path json = folder.getRoot().toPath().resolve("result.json");
    try (TestServer server = server(false)) {
      int code = run("--server", server.target(), "--calls", "40", "--json", json.toString());
      assertEquals(text(err), 0, code);
    }
    assertEquals(40, calls.get());
    assertTrue(text(out), text(out).contains("error rate    25.00 %"));
    String result = new String(Files.readAllBytes(json), StandardCharsets.UTF_8);
    String start = "{\"calls\": 40, \"failed\": 0, \"errors\": 10, \"error_rate\": 0.2500, ";
    assertTrue(result, result.startsWith(start + "\"calls_per_second\": "));
    assertTrue(result, result.matches("(?s).*\"p50_ms\": [0-9.]+, \"p99_ms\": [0-9.]+, .*"));
    assertTrue(result, result.endsWith("\"versions\": {}}\n"));
  }

  @Test
  public void predictCallsTellVersions() throws Exception {
    Path json = folder.getRoot().toPath().resolve("result.json");
    try (TestServer server = server(false)) {
      int code =
          run(
              "--server",
              server.target(),
              "--api",
              "predict",
              "--calls",
              "40",
              "--concurrency",
              "3",
              "--json",
              json.toString());
      assertEquals(text(err), 0, code);
    }
    String result = new String(Files.readAllBytes(json), StandardCharsets.UTF_8);
    assertTrue(result, result.contains("\"errors\": 10, "));
    assertTrue(result, result.endsWith("\"versions\": {\"1\": 15, \"2\": 25}}\n"));
    assertTrue(text(out), text(out).contains("versions      {1: 15, 2: 25}"));
  }

  @Test
  public void failedCallsAreToldAndEndWithOne() throws Exception {
    try (TestServer server = server(true)) {
      assertEquals(1, run("--server", server.target(), "--calls", "20"));
    }
    assertTrue(text(out), text(out).contains("failed        2"));
    assertEquals(
        "2 x trilho.mnist.MnistService/Classify: INTERNAL: on purpose" + System.lineSeparator(),
        text(err));
  }

  @Test
  public void durationGoesOnAfterTheLastImage() throws Exception {
    try (TestServer server = server(false)) {
      assertEquals(text(err), 0, run("--server", server.target(), "--duration", "1"));
    }
    assertTrue("calls: " + calls, calls.get() > IMAGES);
  }

  @Test
  public void wrongUsageNamesWhatIsRight() throws Exception {
    String[][] wrong = {
      {"--server HOST:PORT is missing"},
      {"--api must be typed or predict, found rest", "--server", "x:1", "--api", "rest"},
      {"--calls must be a whole number from 1 to", "--server", "x:1", "--calls", "many"},
      {"--concurrency must be a whole number from 1 to 10000, found 0", "--concurrency", "0"},
      {"--server needs a value", "--server"},
      {"unknown option --host; there are --server, --api", "--host", "x"},
      {"cannot read the images", "--server", "x:1", "--data", "/nowhere"},
    };
    for (String[] each : wrong) {
      err.reset();
      String[] args = Stream.of(each).skip(1).toArray(String[]::new);
      assertEquals(Arrays.toString(args), 2, run(args));
      assertTrue(text(err), text(err).contains(each[0]));
    }
    assertEquals("", text(out));
  }

  @Test
  public void filesThatAreNotImagesAreRefused() throws Exception {
    Path data = folder.newFolder("broken").toPath();
    Files.write(data.resolve(MnistImages.IMAGES_FILE), new byte[100]);
    assertEquals(2, run("--server", "x:1", "--data", data.toString()));
    assertTrue(text(err), text(err).contains("the magic number must be 2051, found 0"));
  }

  @Test
  public void helpTeaches() throws Exception {
    assertEquals(0, run("--help"));
    for (String each : new String[] {"--server", "--api typed|predict", "exit code", "examples:"}) {
      assertTrue(each, text(out).contains(each));
    }
  }
}
