package io.trilho.e2e;

import io.trilho.client.PredictCall;
import io.trilho.client.PredictResult;
import io.trilho.client.Tensor;
import io.trilho.client.TrilhoClient;
import io.trilho.client.TrilhoException;
import java.util.Arrays;

/**
 * Asks a model for some of its outputs, through a client as it comes.
 *
 * <p>{@code AskForOutputs PORT MODEL OUTPUT...} sends the input {@code x} of 2 and 4, and asks for
 * the outputs, of floats, by their names; without any, for all. It prints each output that came, as
 * {@code NAME: VALUES}, or {@code failed: } and why the call failed.
 */
final class AskForOutputs {
  private AskForOutputs() {}

  public static void main(String[] arguments) {
    String[] outputs = Arrays.copyOfRange(arguments, 2, arguments.length);
    PredictCall call =
        PredictCall.model(arguments[1])
            .input("x", Tensor.of(new float[] {2, 4}, 2))
            .outputs(outputs);
    try (TrilhoClient client =
        TrilhoClient.builder("localhost:" + arguments[0]).usePlaintext().build()) {
      PredictResult result = client.predict(call);
      for (String name : result.outputNames()) {
        System.out.println(name + ": " + Arrays.toString(result.output(name).floats()));
      }
    } catch (TrilhoException error) {
      System.out.println("failed: " + error.getMessage());
    }
  }
}
