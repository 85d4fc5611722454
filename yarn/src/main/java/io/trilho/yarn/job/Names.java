package io.trilho.yarn.job;

import java.util.Collection;

/** Advice for a name that nobody knows. */
public final class Names {
  private Names() {}

  /**
   * Returns the names there are, and the nearest one first if the unknown one looks like a slip.
   *
   * @param name the name that is not known
   * @param known the names that are
   * @return the rest of a sentence that begins with "no such ..."
   */
  public static String advice(String name, Collection<String> known) {
    String nearest = "";
    int least = Math.max(2, name.length() / 3) + 1;
    for (String other : known) {
      int distance = distance(name, other);
      if (distance < least) {
        least = distance;
        nearest = other;
      }
    }
    String meant = nearest.isEmpty() ? "" : "; did you mean " + nearest + "?";
    return meant + (meant.isEmpty() ? "; there are " : " There are ") + String.join(", ", known);
  }

  /** Returns how many letters must be changed, added or left out. */
  private static int distance(String one, String other) {
    int[] row = new int[other.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= one.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j < row.length; j++) {
        int replaced = diagonal + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[other.length()];
  }
}
