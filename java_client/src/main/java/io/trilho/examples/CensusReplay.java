package io.trilho.examples;

import io.trilho.census.CensusServiceGrpc;
import io.trilho.census.Income;
import io.trilho.census.Person;
import io.trilho.census.PredictRequest;
import io.trilho.census.PredictResponse;
import io.trilho.client.TrilhoClient;
import io.trilho.client.TrilhoException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Asks trilho.census.CensusService about people whose income is known, and tells how many answers
 * are right: {@code census_replay HOST:PORT ROWS.tsv}, where {@code trilho data census --test-rows}
 * has written the rows.
 */
public final class CensusReplay {
  private static final int OK = 0;
  private static final int CALL_FAILED = 1;
  private static final int USAGE = 2;
  private static final int PEOPLE_A_CALL = 100;
  private static final List<String> COLUMNS =
      Arrays.asList(
          "age",
          "workclass",
          "education",
          "education_num",
          "marital_status",
          "occupation",
          "relationship",
          "race",
          "gender",
          "capital_gain",
          "capital_loss",
          "hours_per_week",
          "native_country",
          "income");

  private CensusReplay() {}

  /**
   * Runs the program.
   *
   * @param args the server's gRPC address, spoken to without TLS, and the file
   */
  public static void main(String[] args) {
    System.exit(run(args, System.out, System.err));
  }

  /** Runs the program and returns its exit code. */
  static int run(String[] args, PrintStream out, PrintStream err) {
    if (args.length != 2) {
      err.println("usage: census_replay HOST:PORT ROWS.tsv");
      return USAGE;
    }
    List<Person> people = new ArrayList<>();
    List<String> incomes = new ArrayList<>();
    try {
      read(Files.readAllLines(Paths.get(args[1]), StandardCharsets.UTF_8), people, incomes);
    } catch (IOException | IllegalArgumentException e) {
      err.println("census_replay: " + args[1] + ": " + e);
      return USAGE;
    }
    int right = 0;
    long start = System.nanoTime();
    try (TrilhoClient client = TrilhoClient.builder(args[0]).usePlaintext().build()) {
      for (int i = 0; i < people.size(); i += PEOPLE_A_CALL) {
        int end = Math.min(i + PEOPLE_A_CALL, people.size());
        PredictRequest request =
            PredictRequest.newBuilder().addAllPeople(people.subList(i, end)).build();
        PredictResponse response = client.call(CensusServiceGrpc.getPredictMethod(), request);
        List<Income> answers = response.getIncomesList();
        for (int j = 0; j < answers.size(); j++) {
          if (answers.get(j).getIncomeClass().equals(incomes.get(i + j))) {
            right++;
          }
        }
      }
    } catch (TrilhoException e) {
      err.println("census_replay: " + e.getMessage());
      return CALL_FAILED;
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    out.printf("people    %d%n", people.size());
    out.printf("accuracy  %.4f%n", (double) right / people.size());
    out.printf("people/s  %.0f%n", people.size() / seconds);
    return OK;
  }

  private static void read(List<String> lines, List<Person> people, List<String> incomes) {
    if (lines.size() < 2) {
      throw new IllegalArgumentException("no rows behind a header");
    }
    List<String> names = Arrays.asList(lines.get(0).split("\t", -1));
    List<String> missing = new ArrayList<>(COLUMNS);
    missing.removeAll(names);
    if (!missing.isEmpty()) {
      throw new IllegalArgumentException("the header lacks " + String.join(", ", missing));
    }
    for (int number = 2; number <= lines.size(); number++) {
      String[] values = lines.get(number - 1).split("\t", -1);
      if (values.length != names.size()) {
        throw new IllegalArgumentException(
            "line " + number + " has " + values.length + " values, expected " + names.size());
      }
      Map<String, String> row = new HashMap<>();
      for (int i = 0; i < names.size(); i++) {
        row.put(names.get(i), values[i]);
      }
      people.add(person(row));
      incomes.add(row.get("income"));
    }
  }

  private static Person person(Map<String, String> row) {
    return Person.newBuilder()
        .setAge(Float.parseFloat(row.get("age")))
        .setWorkclass(row.get("workclass"))
        .setEducation(row.get("education"))
        .setEducationNum(Float.parseFloat(row.get("education_num")))
        .setMaritalStatus(row.get("marital_status"))
        .setOccupation(row.get("occupation"))
        .setRelationship(row.get("relationship"))
        .setRace(row.get("race"))
        .setGender(row.get("gender"))
        .setCapitalGain(Float.parseFloat(row.get("capital_gain")))
        .setCapitalLoss(Float.parseFloat(row.get("capital_loss")))
        .setHoursPerWeek(Float.parseFloat(row.get("hours_per_week")))
        .setNativeCountry(row.get("native_country"))
        .build();
  }
}
