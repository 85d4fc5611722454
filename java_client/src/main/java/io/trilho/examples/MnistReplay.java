package io.trilho.examples;

import io.trilho.client.PredictCall;
import io.trilho.client.PredictResult;
import io.trilho.client.Tensor;
import io.trilho.client.TrilhoClient;
import io.trilho.client.TrilhoException;
import io.trilho.mnist.ClassifyRequest;
import io.trilho.mnist.ClassifyResponse;
import io.trilho.mnist.MnistServiceGrpc;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Plays the test images of MNIST against a server, as TensorFlow Serving's first tutorial does;
 * {@code --help} tells how. {@link #typed} and {@link #predict} are the two ways to call a model.
 */
public final class MnistReplay {
  private static final int OK = 0;
  private static final int CALLS_FAILED = 1;
  private static final int USAGE = 2;

  private final ReplayOptions options;
  private final MnistImages images;
  private final TrilhoClient client;
  private final ReplayResult result = new ReplayResult();

  private MnistReplay(ReplayOptions options, MnistImages images, TrilhoClient client) {
    this.options = options;
    this.images = images;
    this.client = client;
  }

  /**
   * Runs the program.
   *
   * @param args see {@code --help}
   * @throws InterruptedException if the main thread is interrupted
   */
  public static void main(String[] args) throws InterruptedException {
    System.exit(run(args, System.getenv(), System.out, System.err));
  }

  /** Runs the program and returns its exit code. */
  static int run(String[] args, Map<String, String> environment, PrintStream out, PrintStream err)
      throws InterruptedException {
    ReplayOptions options;
    MnistImages images;
    try {
      options = ReplayOptions.parse(args, environment);
      if (options.help()) {
        out.println(ReplayOptions.HELP);
        return OK;
      }
      images =
          MnistImages.read(
              options.data(), options.duration() == null ? options.calls() : Integer.MAX_VALUE);
    } catch (IllegalArgumentException e) {
      err.println("mnist_replay: " + e.getMessage() + "; see --help");
      return USAGE;
    } catch (IOException e) {
      err.println(
          "mnist_replay: cannot read the images: " + e + "; --data DIR says where they are");
      return USAGE;
    }

    ReplayResult result;
    try (TrilhoClient client =
        TrilhoClient.builder(options.server())
            .usePlaintext()
            .defaultDeadline(options.deadline())
            .build()) {
      result = new MnistReplay(options, images, client).replay();
    }
    result.failures().forEach((why, count) -> err.println(count + " x " + why));
    out.print(result.text());
    Path json = options.json();
    if (json != null) {
      try {
        Files.write(json, result.json().getBytes(StandardCharsets.UTF_8));
      } catch (IOException e) {
        err.println("mnist_replay: cannot write " + json + ": " + e);
        return USAGE;
      }
    }
    return result.failed() == 0 ? OK : CALLS_FAILED;
  }

  private ReplayResult replay() throws InterruptedException {
    AtomicInteger next = new AtomicInteger();
    ExecutorService threads = Executors.newFixedThreadPool(options.concurrency());
    long start = System.nanoTime();
    try {
      List<Future<?>> workers = new ArrayList<>();
      for (int i = 0; i < options.concurrency(); i++) {
        workers.add(threads.submit(() -> work(next, start)));
      }
      for (Future<?> worker : workers) {
        worker.get();
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    } finally {
      threads.shutdownNow();
    }
    result.finish(System.nanoTime() - start);
    return result;
  }

  private void work(AtomicInteger next, long start) {
    @Nullable Duration duration = options.duration();
    while (true) {
      int call = next.getAndIncrement();
      if (duration == null
          ? call >= options.calls()
          : System.nanoTime() - start >= duration.toNanos()) {
        return;
      }
      one(Math.floorMod(call, images.size()));
    }
  }

  private void one(int index) {
    long start = System.nanoTime();
    try {
      float[] scores =
          options.api() == ReplayOptions.Api.TYPED
              ? typed(images.image(index))
              : predict(images.image(index));
      result.answered(digit(scores) == images.label(index), System.nanoTime() - start);
    } catch (TrilhoException e) {
      result.failed(e.getMessage());
    }
  }

  /** The typed service: the compiler knows the request's fields. */
  private float[] typed(float[] pixels) {
    ClassifyRequest.Builder request = ClassifyRequest.newBuilder();
    for (float pixel : pixels) {
      request.addImageData(pixel);
    }
    ClassifyResponse response = client.call(MnistServiceGrpc.getClassifyMethod(), request.build());
    float[] scores = new float[response.getValueCount()];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = response.getValue(i);
    }
    return scores;
  }

  /** TensorFlow Serving's Predict: tensors by name, for any model. */
  private float[] predict(float[] pixels) {
    PredictResult answer =
        client.predict(
            PredictCall.model(options.model())
                .input("image_data", Tensor.of(pixels, 1, MnistImages.PIXELS))
                .outputs("value"));
    answer.version().ifPresent(result::version);
    return answer.output("value").floats();
  }

  /** The index of the largest score, -1 of none. */
  private static int digit(float[] scores) {
    int best = -1;
    for (int i = 0; i < scores.length; i++) {
      if (best < 0 || scores[i] > scores[best]) {
        best = i;
      }
    }
    return best;
  }
}
