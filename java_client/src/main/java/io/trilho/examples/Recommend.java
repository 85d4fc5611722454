package io.trilho.examples;

import io.trilho.client.TrilhoClient;
import io.trilho.client.TrilhoException;
import io.trilho.recommender.RankRequest;
import io.trilho.recommender.RankedItem;
import io.trilho.recommender.RankedItems;
import io.trilho.recommender.RatedItems;
import io.trilho.recommender.RecommendRequest;
import io.trilho.recommender.RecommenderServiceGrpc;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;

/**
 * Asks trilho.recommender.RecommenderService what somebody who has liked some items may like next,
 * and how many stars they would give it: {@code recommend HOST:PORT ITEM...}, the oldest first.
 */
public final class Recommend {
  private static final int OK = 0;
  private static final int CALL_FAILED = 1;
  private static final int USAGE = 2;

  private Recommend() {}

  /**
   * Runs the program.
   *
   * @param args the server's gRPC address, spoken to without TLS, and the items
   */
  public static void main(String[] args) {
    System.exit(run(args, System.out, System.err));
  }

  /** Runs the program and returns its exit code. */
  static int run(String[] args, PrintStream out, PrintStream err) {
    if (args.length < 2) {
      err.println("usage: recommend HOST:PORT ITEM...");
      return USAGE;
    }
    List<String> history = Arrays.asList(args).subList(1, args.length);
    try (TrilhoClient client = TrilhoClient.builder(args[0]).usePlaintext().build()) {
      RankedItems best =
          client.call(
              RecommenderServiceGrpc.getRecommendMethod(),
              RecommendRequest.newBuilder().addAllHistory(history).build());
      RankRequest.Builder candidates = RankRequest.newBuilder().addAllHistory(history);
      for (RankedItem item : best.getItemsList()) {
        candidates.addCandidates(item.getItemId());
      }
      RatedItems stars = client.call(RecommenderServiceGrpc.getRateMethod(), candidates.build());
      for (int i = 0; i < best.getItemsCount(); i++) {
        RankedItem item = best.getItems(i);
        out.printf(
            "%s\t%.3f\t%.2f%n", item.getItemId(), item.getScore(), stars.getItems(i).getRating());
      }
    } catch (TrilhoException e) {
      err.println("recommend: " + e.getMessage());
      return CALL_FAILED;
    }
    return OK;
  }
}
