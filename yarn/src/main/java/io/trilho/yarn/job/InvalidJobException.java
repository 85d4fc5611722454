package io.trilho.yarn.job;

import java.util.List;

/**
 * A job that cannot be run as it is described. The message names each wrong field and the values it
 * can have.
 */
public final class InvalidJobException extends Exception {
  private static final long serialVersionUID = 1;

  private final List<String> problems;

  InvalidJobException(List<String> problems) {
    super(String.join(System.lineSeparator(), problems));
    this.problems = problems;
  }

  /**
   * Returns all that is wrong.
   *
   * @return one sentence for each problem, with the field it is about
   */
  public List<String> problems() {
    return problems;
  }
}
