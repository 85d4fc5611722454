package io.trilho.examples;

import java.nio.file.Path;
import java.nio.file.Paths;
import java.time.Duration;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the command line of {@link MnistReplay} says. */
final class ReplayOptions {
  static final String HELP =
      String.join(
          System.lineSeparator(),
          "Plays MNIST test images against a model server and tells how it did.",
          "",
          "usage: mnist_replay --server HOST:PORT [options]",
          "",
          "  --server HOST:PORT   the server's gRPC address, spoken to without TLS",
          "  --api typed|predict  typed: trilho.mnist.MnistService (default);",
          "                       predict: TensorFlow Serving's Predict, which also tells versions",
          "  --data DIR           folder with t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte;",
          "                       default: mnist in $TRILHO_CACHE, or in trilho within the user's",
          "                       cache folder",
          "  --model NAME         the model that --api predict asks (default mnist)",
          "  --calls N            how many calls to make (default 1000)",
          "  --duration SECONDS   call until the time is over, in place of --calls",
          "  --concurrency C      how many calls at a time (default 10)",
          "  --deadline SECONDS   how long one call may take, retries included (default 10)",
          "  --json FILE          also write the result there",
          "  --help               this text",
          "",
          "The error rate is the part of the answers that name the wrong digit; failed calls,"
              + " which",
          "have no answer, are counted apart. Latencies are of answered calls.",
          "",
          "exit code: 0 every call was answered, 1 a call failed, 2 wrong usage or unreadable data",
          "",
          "examples:",
          "  mnist_replay --server localhost:8500",
          "  mnist_replay --server localhost:8500 --api predict --duration 30 --json result.json");

  /** Which of the server's services is called. */
  enum Api {
    TYPED,
    PREDICT
  }

  private String server = "";
  private Path data;
  private Api api = Api.TYPED;
  private String model = "mnist";
  private int calls = 1000;
  private int concurrency = 10;
  private Duration deadline = Duration.ofSeconds(10);
  private boolean help;
  private @Nullable Duration duration;
  private @Nullable Path json;

  private ReplayOptions(Path data) {
    this.data = data;
  }

  /**
   * Reads a command line.
   *
   * @param environment the process's variables
   * @throws IllegalArgumentException if it is wrong; the message names what would be right
   */
  static ReplayOptions parse(String[] args, Map<String, String> environment) {
    ReplayOptions options = new ReplayOptions(defaultData(environment));
    Iterator<String> rest = Arrays.asList(args).iterator();
    while (rest.hasNext()) {
      options.read(rest.next(), rest);
    }
    if (!options.help && options.server.isEmpty()) {
      throw new IllegalArgumentException("--server HOST:PORT is missing");
    }
    return options;
  }

  private void read(String name, Iterator<String> rest) {
    switch (name) {
      case "--help":
        help = true;
        break;
      case "--server":
        server = value(name, rest);
        break;
      case "--data":
        data = Paths.get(value(name, rest));
        break;
      case "--api":
        api = api(value(name, rest));
        break;
      case "--model":
        model = value(name, rest);
        break;
      case "--calls":
        calls = (int) number(name, rest, Integer.MAX_VALUE);
        break;
      case "--duration":
        duration = Duration.ofSeconds(number(name, rest, Integer.MAX_VALUE));
        break;
      case "--concurrency":
        concurrency = (int) number(name, rest, 10_000);
        break;
      case "--deadline":
        deadline = Duration.ofSeconds(number(name, rest, Integer.MAX_VALUE));
        break;
      case "--json":
        json = Paths.get(value(name, rest));
        break;
      default:
        throw new IllegalArgumentException(
            "unknown option "
                + name
                + "; there are --server, --api, --data, --model, --calls, --duration,"
                + " --concurrency, --deadline, --json and --help");
    }
  }

  private static Path defaultData(Map<String, String> environment) {
    String cache = environment.get("TRILHO_CACHE");
    if (cache != null && !cache.isEmpty()) {
      return Paths.get(cache, "mnist");
    }
    String user = environment.get("XDG_CACHE_HOME");
    if (user == null || user.isEmpty()) {
      user = environment.getOrDefault("HOME", ".") + "/.cache";
    }
    return Paths.get(user, "trilho", "mnist");
  }

  private static String value(String name, Iterator<String> rest) {
    if (!rest.hasNext()) {
      throw new IllegalArgumentException(name + " needs a value");
    }
    return rest.next();
  }

  private static long number(String name, Iterator<String> rest, long most) {
    String value = value(name, rest);
    try {
      long number = Long.parseLong(value);
      if (number >= 1 && number <= most) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Told below, as a number out of range is.
    }
    throw new IllegalArgumentException(
        name + " must be a whole number from 1 to " + most + ", found " + value);
  }

  private static Api api(String value) {
    switch (value) {
      case "typed":
        return Api.TYPED;
      case "predict":
        return Api.PREDICT;
      default:
        throw new IllegalArgumentException("--api must be typed or predict, found " + value);
    }
  }

  String server() {
    return server;
  }

  Path data() {
    return data;
  }

  Api api() {
    return api;
  }

  String model() {
    return model;
  }

  int calls() {
    return calls;
  }

  int concurrency() {
    return concurrency;
  }

  Duration deadline() {
    return deadline;
  }

  boolean help() {
    return help;
  }

  /** How long to call; null to make {@link #calls} calls. */
  @Nullable Duration duration() {
    return duration;
  }

  /** Where to write the result besides the standard output; null for nowhere. */
  @Nullable Path json() {
    return json;
  }
}
