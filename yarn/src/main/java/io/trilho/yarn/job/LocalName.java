package io.trilho.yarn.job;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The name that a localized file has in a container's working directory. */
public final class LocalName {
  // A container's launch script names them; these letters mean nothing to a shell.
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._+=@-]*");
  private static final String RESERVED = "trilho-";

  private LocalName() {}

  /** Adds a problem for each file whose name in the container is unfit or not its own. */
  static void check(
      Fields job, @Nullable String script, List<String> files, List<String> archives) {
    Set<String> names = new HashSet<>();
    if (script != null) {
      check(job, "script", script, names);
    }
    files.forEach(file -> check(job, "files", file, names));
    archives.forEach(file -> check(job, "archives", file, names));
  }

  private static void check(Fields job, String field, String file, Set<String> names) {
    String name = of(file);
    if (!NAME.matcher(name).matches() || name.startsWith(RESERVED)) {
      job.problem(
          field,
          file
              + " would be '"
              + name
              + "' in a container; expected letters, digits and ._+=@-, and not a name that begins"
              + " with "
              + RESERVED
              + ". FILE#NAME gives another name");
    } else if (!names.add(name)) {
      job.problem(
          field, file + " is the second file named " + name + "; FILE#NAME gives another name");
    }
  }

  /**
   * Returns the name of a file in a container.
   *
   * @param file a path or URI, with {@code #NAME} if it is to have another name
   * @return the name after {@code #}, else the last part of the path; empty if there is none
   */
  public static String of(String file) {
    int fragment = file.lastIndexOf('#');
    if (fragment >= 0) {
      return file.substring(fragment + 1);
    }
    String path = file.endsWith("/") ? file.substring(0, file.length() - 1) : file;
    return path.substring(path.lastIndexOf('/') + 1);
  }

  /**
   * Returns where a file comes from.
   *
   * @param file a path or URI, with or without {@code #NAME}
   * @return the same without {@code #NAME}
   */
  public static String source(String file) {
    int fragment = file.lastIndexOf('#');
    return fragment >= 0 ? file.substring(0, fragment) : file;
  }
}
