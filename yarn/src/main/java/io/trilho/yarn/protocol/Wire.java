package io.trilho.yarn.protocol;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonParseException;
import com.google.gson.ToNumberPolicy;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/** Paths, headers and names that both sides know, and the JSON of their messages. */
public final class Wire {
  /**
   * Where the ApplicationMaster takes a {@link TaskReport} and answers with a {@link TaskOrder}.
   */
  public static final String REPORT_PATH = "/v1/report";

  /** Where a task takes a {@link MasterAddress}. */
  public static final String MASTER_PATH = "/v1/master";

  /** The header with the application's token. */
  public static final String TOKEN_HEADER = "X-Trilho-Token";

  /** The job's fields as JSON, in the working directory of every container. */
  public static final String JOB_FILE = "trilho-job.json";

  /** The application's token, in the working directory of every container. */
  public static final String TOKEN_FILE = "trilho-token";

  /** The start of the names that jobs must not give to their files. */
  public static final String RESERVED_NAMES = "trilho-";

  private static final Gson GSON =
      new GsonBuilder()
          .setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
          .setObjectToNumberStrategy(ToNumberPolicy.LONG_OR_DOUBLE)
          .disableHtmlEscaping()
          .setPrettyPrinting()
          .create();

  private Wire() {}

  /**
   * Writes a message.
   *
   * @param message an object of this package, or of maps, lists, texts and numbers
   * @return JSON in UTF-8
   */
  public static byte[] write(Object message) {
    return GSON.toJson(message).getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Reads a message.
   *
   * @param <T> the message's type
   * @param json JSON in UTF-8
   * @param type the message's type
   * @return the message
   * @throws IOException if {@code json} is not such a message
   */
  public static <T> T read(byte[] json, Class<T> type) throws IOException {
    T message;
    try {
      message = GSON.fromJson(new String(json, StandardCharsets.UTF_8), type);
    } catch (JsonParseException e) {
      throw new IOException("not a " + type.getSimpleName() + ": " + e.getMessage(), e);
    }
    if (message == null) {
      throw new IOException("not a " + type.getSimpleName() + ": empty");
    }
    return message;
  }

  /**
   * Compares tokens in a time that does not tell where they differ.
   *
   * @param one a token
   * @param other a token
   * @return whether they are the same
   */
  public static boolean isSameToken(String one, String other) {
    return MessageDigest.isEqual(
        one.getBytes(StandardCharsets.UTF_8), other.getBytes(StandardCharsets.UTF_8));
  }
}
