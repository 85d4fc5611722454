package io.trilho.yarn.job;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads the roles of a job: {@code roles}, or {@code containers} for so many workers.
 *
 * <p>{@code container}, {@code command}, {@code arguments} and {@code environment} of the job are
 * the defaults of every role.
 */
final class RoleReader {
  private static final int MOST_TASKS = 10_000;
  private static final int LEAST_MEMORY = 128;
  private static final List<String> TYPES = new ArrayList<>();

  static {
    for (RoleType type : RoleType.values()) {
      TYPES.add(type.label());
    }
  }

  private final Fields job;
  private final int memory;
  private final int vcores;
  private final Map<String, String> environment;

  RoleReader(Fields job) {
    this.job = job;
    Fields container = job.mapping("container");
    memory = container.memory("memory", 1024, LEAST_MEMORY);
    vcores = container.integer("vcores", 1, 1, 1024);
    container.finish();
    environment = job.variables("environment");
  }

  List<Role> read() {
    List<Role> roles = new ArrayList<>();
    if (job.has("roles")) {
      if (job.has("containers")) {
        job.problem("containers", "not both containers and roles; roles.worker.count is the same");
      }
      Fields types = job.mapping("roles");
      for (RoleType type : RoleType.values()) {
        if (types.has(type.label())) {
          roles.add(role(type, types.mapping(type.label())));
        }
      }
      types.finish();
    } else {
      int count = job.integer("containers", 1, 1, MOST_TASKS);
      roles.add(new Role(RoleType.WORKER, count, memory, vcores, command(job), environment));
    }
    if (roles.stream().noneMatch(r -> r.type() == RoleType.CHIEF || r.type() == RoleType.WORKER)) {
      job.problem(
          "roles", "expected a chief or workers among them; there are " + String.join(", ", TYPES));
    }
    return roles;
  }

  private Role role(RoleType type, Fields fields) {
    Map<String, String> variables = new LinkedHashMap<>(environment);
    variables.putAll(fields.variables("environment"));
    Role role =
        new Role(
            type,
            fields.integer("count", 1, 1, type == RoleType.CHIEF ? 1 : MOST_TASKS),
            fields.memory("memory", memory, LEAST_MEMORY),
            fields.integer("vcores", vcores, 1, 1024),
            command(fields),
            Collections.unmodifiableMap(variables));
    fields.finish();
    return role;
  }

  /** Returns the command of a role: its own, the job's, or the job's script; arguments likewise. */
  private List<String> command(Fields fields) {
    List<String> words = new ArrayList<>();
    if (fields.has("command")) {
      words.addAll(words(fields));
    } else if (job.has("command")) {
      words.addAll(words(job));
    } else if (job.has("script")) {
      words.add("./" + LocalName.of(job.text("script", "")));
    } else {
      fields.problem(
          "command", "expected a command here or for the whole job, or a script for the whole job");
    }
    words.addAll((fields.has("arguments") ? fields : job).texts("arguments"));
    return Collections.unmodifiableList(words);
  }

  /** Returns the words of a list; a single text is for a shell. */
  private static List<String> words(Fields fields) {
    if (fields.isText("command")) {
      // The shell gives the arguments to the text as $1, $2 and so on.
      return Arrays.asList("/bin/sh", "-c", fields.text("command", ""), "command");
    }
    List<String> words = fields.texts("command");
    if (words.isEmpty()) {
      fields.problem(
          "command", "expected a list of a program and its arguments, or a text for a shell");
    }
    return words;
  }
}
