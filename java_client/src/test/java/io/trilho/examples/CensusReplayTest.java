package io.trilho.examples;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertTrue;

import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.trilho.census.CensusServiceGrpc;
import io.trilho.census.Income;
import io.trilho.census.Person;
import io.trilho.census.PredictRequest;
import io.trilho.census.PredictResponse;
import io.trilho.client.TestServer;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;
import org.junit.runner.RunWith;
import org.junit.runners.JUnit4;

/** The program against a server of its typed service. */
@RunWith(JUnit4.class)
public final class CensusReplayTest {
  private static final String HEADER =
      "age\tworkclass\teducation\teducation_num\tmarital_status\toccupation\trelationship\trace"
          + "\tgender\tcapital_gain\tcapital_loss\thours_per_week\tnative_country\tincome";
  private static final String REST = "\tw\te\t9\tm\to\tr\tr\tg\t0\t0\t40\tn\t";

  @Rule public final TemporaryFolder folder = new TemporaryFolder();

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  /** Says of everybody over 40 that the income is high. */
  private static final class Census extends CensusServiceGrpc.CensusServiceImplBase {
    @Override
    public void predict(PredictRequest request, StreamObserver<PredictResponse> response) {
      PredictResponse.Builder answer = PredictResponse.newBuilder();
      for (Person person : request.getPeopleList()) {
        if (person.getAge() < 0) {
          response.onError(Status.INVALID_ARGUMENT.withDescription("no age").asException());
          return;
        }
        answer.addIncomes(
            Income.newBuilder().setIncomeClass(person.getAge() > 40 ? ">50K" : "<=50K"));
      }
      response.onNext(answer.build());
      response.onCompleted();
    }
  }

  private int run(String... rows) throws Exception {
    File file = folder.newFile();
    Files.write(file.toPath(), Arrays.asList(rows), StandardCharsets.UTF_8);
    try (TestServer server = TestServer.of(new Census())) {
      return CensusReplay.run(
          new String[] {server.target(), file.getPath()},
          new PrintStream(out, true),
          new PrintStream(err, true));
    }
  }

  @Test
  public void tellsHowManyAnswersAreRight() throws Exception {
    assertEquals(
        0, run(HEADER, "30" + REST + "<=50K", "50" + REST + ">50K", "60" + REST + "<=50K"));
    assertTrue(out.toString(), out.toString().contains("people    3"));
    assertTrue(out.toString(), out.toString().contains("accuracy  0.6667"));
  }

  @Test
  public void aRefusedCallIsTold() throws Exception {
    assertEquals(1, run(HEADER, "-1" + REST + ">50K"));
    assertTrue(err.toString(), err.toString().contains("no age"));
  }

  @Test
  public void rowsThatAreNoneAreNamed() throws Exception {
    assertEquals(2, run(HEADER));
    assertEquals(2, run("age\tincome", "1\t>50K"));
    assertTrue(err.toString(), err.toString().contains("the header lacks workclass, education"));
    assertEquals(2, run(HEADER, "1\t2"));
    assertTrue(err.toString(), err.toString().contains("line 2 has 2 values, expected 14"));
    assertEquals(2, run(HEADER, "old" + REST + ">50K"));
    assertTrue(err.toString(), err.toString().contains("old"));
  }
}
