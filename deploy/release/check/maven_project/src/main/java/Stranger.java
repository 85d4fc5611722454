import io.trilho.census.CensusServiceGrpc;
import io.trilho.census.Income;
import io.trilho.census.Person;
import io.trilho.census.PredictRequest;
import io.trilho.client.ModelVersion;
import io.trilho.client.TrilhoClient;

/** Asks a server about one person, with nothing but what the POM names: {@code HOST:PORT}. */
public final class Stranger {
  private Stranger() {}

  /**
   * Prints the versions that the server has, and its answer.
   *
   * @param args the server's address
   */
  public static void main(String[] args) {
    Person person =
        Person.newBuilder()
            .setAge(39)
            .setWorkclass("State-gov")
            .setEducation("Bachelors")
            .setEducationNum(13)
            .setHoursPerWeek(40)
            .setNativeCountry("United-States")
            .build();
    try (TrilhoClient client = TrilhoClient.builder(args[0]).usePlaintext().build()) {
      for (ModelVersion version : client.modelStatus("census")) {
        System.out.println("version " + version.version() + " " + version.state());
      }
      Income income =
          client
              .call(
                  CensusServiceGrpc.getPredictMethod(),
                  PredictRequest.newBuilder().addPeople(person).build())
              .getIncomes(0);
      System.out.println("probability " + income.getProbability());
      System.out.println("class " + income.getIncomeClass());
    }
  }
}
