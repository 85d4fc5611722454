package io.trilho.contracts;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import com.google.protobuf.Message;
import com.google.protobuf.TextFormat;
import io.trilho.census.PredictRequest;
import io.trilho.census.PredictResponse;
import io.trilho.mnist.ClassifyRequest;
import io.trilho.mnist.ClassifyResponse;
import io.trilho.recommender.RankRequest;
import io.trilho.recommender.RankedItems;
import io.trilho.recommender.RatedItems;
import io.trilho.recommender.RecommendRequest;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.junit.runners.JUnit4;

/** Golden bytes as Java reads and writes them; the build says in which folder they are. */
@RunWith(JUnit4.class)
public final class GoldenTest {
  private static final List<Message> MESSAGES =
      Arrays.asList(
          ClassifyRequest.getDefaultInstance(),
          ClassifyResponse.getDefaultInstance(),
          PredictRequest.getDefaultInstance(),
          PredictResponse.getDefaultInstance(),
          RecommendRequest.getDefaultInstance(),
          RankRequest.getDefaultInstance(),
          RankedItems.getDefaultInstance(),
          RatedItems.getDefaultInstance());

  private static byte[] content(File file) throws Exception {
    return Files.readAllBytes(file.toPath());
  }

  private static Message named(String text) {
    String name = text.substring(0, text.indexOf('\n')).replace("# proto-message: ", "");
    for (Message message : MESSAGES) {
      if (message.getDescriptorForType().getFullName().equals(name)) {
        return message;
      }
    }
    throw new AssertionError("no message of the jar is a " + name);
  }

  @Test
  public void bytesAndTextAreTheSameMessage() throws Exception {
    File[] texts =
        new File(System.getProperty("golden")).listFiles((dir, name) -> name.endsWith(".txtpb"));
    assertTrue(texts != null && texts.length >= MESSAGES.size());
    for (File file : texts) {
      String text = new String(content(file), StandardCharsets.UTF_8);
      byte[] golden = content(new File(file.getPath().replace(".txtpb", ".binpb")));
      Message.Builder written = named(text).newBuilderForType();
      TextFormat.merge(text, written);
      assertArrayEquals(file.getName(), golden, written.build().toByteArray());
      Message read = named(text).getParserForType().parseFrom(golden);
      assertEquals(file.getName(), written.build(), read);
    }
  }
}
