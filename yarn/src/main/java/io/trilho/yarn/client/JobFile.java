package io.trilho.yarn.client;

import io.trilho.yarn.job.InvalidJobException;
import io.trilho.yarn.job.Job;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/** The fields of a job: from a YAML or JSON file, and from settings that change some of them. */
public final class JobFile {
  private final Map<String, @Nullable Object> fields;

  private JobFile(Map<String, @Nullable Object> fields) {
    this.fields = fields;
  }

  /**
   * Makes a job without a file.
   *
   * @return a file without fields
   */
  public static JobFile empty() {
    return new JobFile(new LinkedHashMap<>());
  }

  /**
   * Reads a file.
   *
   * @param file YAML 1.2, of which JSON is a part
   * @return its fields; checked only by {@link #job}
   * @throws JobException if it cannot be read, or is no mapping
   */
  public static JobFile read(Path file) throws JobException {
    try {
      return parse(new String(Files.readAllBytes(file), StandardCharsets.UTF_8), file.toString());
    } catch (NoSuchFileException e) {
      throw JobException.input("there is no job file " + file);
    } catch (IOException e) {
      throw JobException.input("the job file " + file + " cannot be read: " + e);
    }
  }

  /**
   * Reads a text.
   *
   * @param text YAML or JSON
   * @param label the text's name in messages
   * @return its fields; checked only by {@link #job}
   * @throws JobException if it is no mapping
   */
  public static JobFile parse(String text, String label) throws JobException {
    Object value = yaml(text, label);
    if (!(value instanceof Map)) {
      throw JobException.input(
          label + ": expected fields such as 'name: census', found no mapping");
    }
    return new JobFile(mapping((Map<?, ?>) value));
  }

  private static @Nullable Object yaml(String text, String label) throws JobException {
    try {
      return new Load(LoadSettings.builder().setLabel(label).build()).loadFromString(text);
    } catch (YamlEngineException e) {
      throw JobException.input(label + " is no YAML: " + e.getMessage());
    }
  }

  private static Map<String, @Nullable Object> mapping(Map<?, ?> value) {
    Map<String, @Nullable Object> result = new LinkedHashMap<>();
    value.forEach((key, item) -> result.put(String.valueOf(key), item));
    return result;
  }

  /**
   * Sets a field.
   *
   * @param setting {@code FIELD=VALUE}, such as {@code roles.worker.count=3}; the value is YAML
   * @return this
   * @throws JobException if there is no {@code =}, or a field around it is no mapping
   */
  public JobFile set(String setting) throws JobException {
    int equals = setting.indexOf('=');
    if (equals <= 0) {
      throw JobException.input(
          "expected FIELD=VALUE, such as roles.worker.count=3, found " + setting);
    }
    String field = setting.substring(0, equals);
    return set(field, yaml(setting.substring(equals + 1), "the value of " + field));
  }

  /**
   * Sets a field.
   *
   * @param field the field, with those around it: {@code roles.worker.count}
   * @param value a text, number, flag, list or mapping; null for the field's default
   * @return this
   * @throws JobException if a field around it is no mapping
   */
  public JobFile set(String field, @Nullable Object value) throws JobException {
    Map<String, @Nullable Object> around = fields;
    String[] names = field.split("\\.", -1);
    for (int i = 0; i + 1 < names.length; i++) {
      Object inner = around.get(names[i]);
      if (inner != null && !(inner instanceof Map)) {
        throw JobException.input(field + ": " + names[i] + " is no mapping, but '" + inner + "'");
      }
      Map<String, @Nullable Object> copy =
          inner == null ? new LinkedHashMap<>() : mapping((Map<?, ?>) inner);
      around.put(names[i], copy);
      around = copy;
    }
    around.put(names[names.length - 1], value);
    return this;
  }

  /**
   * Returns a field's value.
   *
   * @param field a field of the file itself, not of a mapping in it
   * @return the value, or null if it is not set
   */
  public @Nullable Object get(String field) {
    return fields.get(field);
  }

  /**
   * Checks the fields.
   *
   * @return the job
   * @throws JobException if fields are unknown, wrong or missing; names all of them
   */
  public Job job() throws JobException {
    try {
      return Job.of(fields);
    } catch (InvalidJobException e) {
      throw JobException.input(e.getMessage());
    }
  }
}
