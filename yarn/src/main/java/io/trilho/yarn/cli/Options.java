package io.trilho.yarn.cli;

import io.trilho.yarn.client.JobException;
import io.trilho.yarn.client.JobFile;
import io.trilho.yarn.job.Job;
import io.trilho.yarn.job.Names;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A command line, read. */
final class Options {
  private static final List<String> COMMANDS =
      Arrays.asList("submit", "status", "list", "logs", "kill");

  /** The options of submit that set a field of the job, and the fields. */
  private static final Map<String, String> FIELDS = new LinkedHashMap<>();

  /** The options of submit that add to a list of the job, and the fields. */
  private static final Map<String, String> LISTS = new LinkedHashMap<>();

  static {
    FIELDS.put("--appname", "name");
    FIELDS.put("--priority", "priority");
    FIELDS.put("--queue", "queue");
    FIELDS.put("--timeout", "timeout");
    FIELDS.put("--master-memory", "master.memory");
    FIELDS.put("--master-vcores", "master.vcores");
    FIELDS.put("--container-memory", "container.memory");
    FIELDS.put("--container-vcores", "container.vcores");
    FIELDS.put("--num-containers", "containers");
    FIELDS.put("--script", "script");
    FIELDS.put("--keep-containers", "keep_containers");
    LISTS.put("--file", "files");
    LISTS.put("--archive", "archives");
  }

  private String command = "";
  private @Nullable String operand;
  private @Nullable String task;
  private @Nullable String configuration;
  private boolean dryRun;
  private boolean detach;
  private boolean killOnInterrupt;
  private boolean json;
  private boolean verbose;
  private boolean help;

  /** Changes of the job file, in the order of the command line. */
  private final List<JobChange> changes = new ArrayList<>();

  /** A change of a job's fields. */
  private interface JobChange {
    void apply(JobFile job) throws JobException;
  }

  private Options() {}

  /**
   * Reads a command line.
   *
   * @throws IllegalArgumentException if it is wrong; the message names what would be right
   */
  static Options parse(String[] args) {
    Options options = new Options();
    Iterator<String> rest = Arrays.asList(args).iterator();
    while (rest.hasNext()) {
      options.read(rest.next(), rest);
    }
    options.check();
    return options;
  }

  private void read(String word, Iterator<String> rest) {
    if (word.equals("--")) {
      List<String> arguments = new ArrayList<>();
      rest.forEachRemaining(arguments::add);
      change("--", job -> job.set("arguments", arguments));
    } else if (!word.startsWith("-")) {
      readOperand(word);
    } else {
      int equals = word.indexOf('=');
      String name = equals < 0 ? word : word.substring(0, equals);
      Iterator<String> values =
          equals < 0 ? rest : Arrays.asList(word.substring(equals + 1)).iterator();
      if (!readFlag(name)) {
        readValue(name, values);
      } else if (equals >= 0) {
        throw new IllegalArgumentException(name + " takes no value");
      }
    }
  }

  private void readOperand(String word) {
    if (command.isEmpty()) {
      if (!COMMANDS.contains(word)) {
        throw new IllegalArgumentException(
            "no such command " + word + Names.advice(word, COMMANDS));
      }
      command = word;
    } else if (operand == null) {
      operand = word;
    } else if (command.equals("logs") && task == null) {
      task = word;
    } else {
      throw new IllegalArgumentException(
          "unexpected " + word + " after " + operand + "; the arguments of a job come after --");
    }
  }

  private boolean readFlag(String name) {
    switch (name) {
      case "--help":
        help = true;
        return true;
      case "--dry-run":
        dryRun = true;
        return true;
      case "--detach":
        detach = true;
        return true;
      case "--json":
        json = true;
        return true;
      case "--verbose":
        verbose = true;
        return true;
      default:
        return false;
    }
  }

  private void readValue(String name, Iterator<String> rest) {
    if (FIELDS.containsKey(name)) {
      String value = value(name, rest);
      change(name, job -> job.set(FIELDS.get(name), value));
    } else if (LISTS.containsKey(name)) {
      String value = value(name, rest);
      change(name, job -> add(job, LISTS.get(name), value));
    } else if (name.equals("--set")) {
      String value = value(name, rest);
      change(name, job -> job.set(value));
    } else if (name.equals("--env")) {
      String value = value(name, rest);
      int equals = value.indexOf('=');
      if (equals <= 0) {
        throw new IllegalArgumentException("--env needs NAME=VALUE, found " + value);
      }
      change(
          name,
          job -> job.set("environment." + value.substring(0, equals), value.substring(equals + 1)));
    } else if (name.equals("--conf")) {
      configuration = value(name, rest);
    } else if (name.equals("--on-interrupt")) {
      killOnInterrupt = isKill(value(name, rest));
    } else {
      throw new IllegalArgumentException("no such option " + name + Names.advice(name, all()));
    }
  }

  private static List<String> all() {
    List<String> names = new ArrayList<>(FIELDS.keySet());
    names.addAll(LISTS.keySet());
    names.addAll(
        Arrays.asList(
            "--set",
            "--env",
            "--dry-run",
            "--detach",
            "--on-interrupt",
            "--conf",
            "--json",
            "--verbose",
            "--help"));
    return names;
  }

  private static void add(JobFile job, String field, String value) throws JobException {
    List<Object> values = new ArrayList<>();
    Object there = job.get(field);
    if (there instanceof List) {
      values.addAll((List<?>) there);
    }
    values.add(value);
    job.set(field, values);
  }

  private static boolean isKill(String value) {
    if (!value.equals("kill") && !value.equals("detach")) {
      throw new IllegalArgumentException("--on-interrupt must be detach or kill, found " + value);
    }
    return value.equals("kill");
  }

  private static String value(String name, Iterator<String> rest) {
    if (!rest.hasNext()) {
      throw new IllegalArgumentException(name + " needs a value");
    }
    return rest.next();
  }

  private void change(String name, JobChange change) {
    if (!command.isEmpty() && !command.equals("submit")) {
      throw new IllegalArgumentException(name + " is an option of submit, not of " + command);
    }
    changes.add(change);
  }

  private void check() {
    if (help) {
      return;
    }
    if (command.isEmpty()) {
      throw new IllegalArgumentException(
          "a command is missing; there are " + String.join(", ", COMMANDS));
    }
    boolean takesApplication = !command.equals("submit") && !command.equals("list");
    if (takesApplication && operand == null) {
      throw new IllegalArgumentException(command + " needs an application, as list shows them");
    }
    if (command.equals("list") && operand != null) {
      throw new IllegalArgumentException("list takes no " + operand);
    }
    if (!command.equals("submit") && (dryRun || detach || !changes.isEmpty())) {
      throw new IllegalArgumentException("options of a job go with submit, not with " + command);
    }
  }

  /** Returns the job of the file, if one is given, with the options' changes. */
  Job job() throws JobException {
    JobFile job = operand == null ? JobFile.empty() : JobFile.read(Paths.get(operand));
    for (JobChange change : changes) {
      change.apply(job);
    }
    return job.job();
  }

  String command() {
    return command;
  }

  /** Returns the application; only of commands that take one. */
  String application() {
    return String.valueOf(operand);
  }

  /** Returns the task or container whose logs are wanted, null for those of all. */
  @Nullable String task() {
    return task;
  }

  /** Returns the folder with Hadoop's configuration, null for HADOOP_CONF_DIR's. */
  @Nullable String configuration() {
    return configuration;
  }

  boolean isDryRun() {
    return dryRun;
  }

  boolean detaches() {
    return detach;
  }

  boolean killsOnInterrupt() {
    return killOnInterrupt;
  }

  boolean isJson() {
    return json;
  }

  boolean isVerbose() {
    return verbose;
  }

  boolean isHelp() {
    return help;
  }
}
