package io.trilho.yarn.job;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A mapping of a job file, read field by field.
 *
 * <p>A problem does not end the reading: it goes into a list that all mappings of a file share, and
 * the field has its default. {@link #finish} adds the fields that nobody asked for.
 */
final class Fields {
  private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

  private final String path;
  private final Map<String, @Nullable Object> values;
  private final List<String> problems;
  private final Set<String> known = new TreeSet<>();

  private Fields(String path, Map<String, @Nullable Object> values, List<String> problems) {
    this.path = path;
    this.values = values;
    this.problems = problems;
  }

  static Fields root(Map<String, @Nullable Object> values, List<String> problems) {
    return new Fields("", values, problems);
  }

  /** Returns the name of a field with those of the mappings around it. */
  String name(String field) {
    return path + field;
  }

  void problem(String field, String text) {
    problems.add(name(field) + ": " + text);
  }

  boolean has(String field) {
    known.add(field);
    return values.get(field) != null;
  }

  boolean isText(String field) {
    Object value = get(field);
    return value != null && !(value instanceof List) && !(value instanceof Map);
  }

  private @Nullable Object get(String field) {
    known.add(field);
    return values.get(field);
  }

  Collection<String> names() {
    return Collections.unmodifiableCollection(values.keySet());
  }

  /** Returns the mapping in a field, an empty one if there is none. */
  Fields mapping(String field) {
    Object value = get(field);
    if (value != null && !(value instanceof Map)) {
      problem(field, "expected a mapping of fields, found " + found(value));
    }
    return new Fields(
        name(field) + ".", value instanceof Map ? strings((Map<?, ?>) value) : empty(), problems);
  }

  private static Map<String, @Nullable Object> empty() {
    return new LinkedHashMap<>();
  }

  private static Map<String, @Nullable Object> strings(Map<?, ?> map) {
    Map<String, @Nullable Object> result = empty();
    map.forEach((key, value) -> result.put(String.valueOf(key), value));
    return result;
  }

  String text(String field, String otherwise) {
    Object value = get(field);
    if (value == null) {
      return otherwise;
    }
    if (value instanceof Map || value instanceof List || value.toString().trim().isEmpty()) {
      problem(field, "expected a text, found " + found(value));
      return otherwise;
    }
    return value.toString();
  }

  int integer(String field, int otherwise, int least, int most) {
    Object value = get(field);
    if (value == null) {
      return otherwise;
    }
    if (value instanceof Number || value instanceof String) {
      try {
        long number = Long.parseLong(value.toString().trim());
        if (least <= number && number <= most) {
          return (int) number;
        }
      } catch (NumberFormatException e) {
        // Told below, as a number out of range is.
      }
    }
    problem(
        field, "expected a whole number from " + least + " to " + most + ", found " + found(value));
    return otherwise;
  }

  boolean flag(String field, boolean otherwise) {
    Object value = get(field);
    if (value == null) {
      return otherwise;
    }
    if ("true".equals(value.toString()) || "false".equals(value.toString())) {
      return Boolean.parseBoolean(value.toString());
    }
    problem(field, "expected true or false, found " + found(value));
    return otherwise;
  }

  Duration duration(String field, Duration otherwise, Duration least) {
    Object value = get(field);
    if (value == null) {
      return otherwise;
    }
    try {
      Duration time = Units.duration(value.toString());
      if (time.compareTo(least) >= 0) {
        return time;
      }
      problem(field, "expected " + Units.text(least) + " or more, found " + found(value));
    } catch (IllegalArgumentException e) {
      problem(field, String.valueOf(e.getMessage()));
    }
    return otherwise;
  }

  int memory(String field, int otherwise, int least) {
    Object value = get(field);
    if (value == null) {
      return otherwise;
    }
    try {
      long mebibytes = Units.mebibytes(value.toString());
      if (least <= mebibytes && mebibytes <= Integer.MAX_VALUE) {
        return (int) mebibytes;
      }
      problem(field, "expected " + least + "m or more, found " + found(value));
    } catch (IllegalArgumentException e) {
      problem(field, String.valueOf(e.getMessage()));
    }
    return otherwise;
  }

  List<String> texts(String field) {
    Object value = get(field);
    if (value == null) {
      return Collections.emptyList();
    }
    if (!(value instanceof List)) {
      problem(field, "expected a list of texts, found " + found(value));
      return Collections.emptyList();
    }
    List<String> result = new ArrayList<>();
    for (Object item : (List<?>) value) {
      if (item == null || item instanceof Map || item instanceof List) {
        problem(field, "expected a list of texts, found in it " + found(item));
      } else {
        result.add(item.toString());
      }
    }
    return result;
  }

  /** Returns the variables of a mapping, whose names a shell must be able to have. */
  Map<String, String> variables(String field) {
    Fields mapping = mapping(field);
    Map<String, String> result = new LinkedHashMap<>();
    mapping.values.forEach(
        (name, value) -> {
          mapping.known.add(name);
          if (!VARIABLE.matcher(name).matches()) {
            problem(
                field, "no variable can be named '" + name + "'; expected letters, digits and _");
          } else if (value == null || value instanceof Map || value instanceof List) {
            mapping.problem(name, "expected a text, found " + found(value));
          } else {
            result.put(name, value.toString());
          }
        });
    return result;
  }

  /**
   * Adds a problem for each field that was never asked for, with the known name that is nearest.
   */
  void finish() {
    for (String name : values.keySet()) {
      if (!known.contains(name)) {
        problem(name, "no such field" + Names.advice(name, known));
      }
    }
  }

  private static String found(@Nullable Object value) {
    if (value == null) {
      return "nothing";
    }
    if (value instanceof Map) {
      return "a mapping";
    }
    return value instanceof List ? "a list" : "'" + value + "'";
  }
}
