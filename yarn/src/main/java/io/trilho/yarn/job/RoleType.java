package io.trilho.yarn.job;

import java.util.Locale;

/**
 * The part a task plays in a training, in TensorFlow's terms. The order is that of TF_CONFIG and of
 * requests.
 */
public enum RoleType {
  /** The one worker that also saves and exports. The job is done when it is. */
  CHIEF(true, true),
  /** A worker. Without a chief, worker 0 is the chief and the job is done when all workers are. */
  WORKER(true, true),
  /** A parameter server, which runs until the job is done. */
  PS(true, true),
  /** Evaluates checkpoints beside the training. Its loss harms nobody. */
  EVALUATOR(false, true),
  /** Anything else beside the training, without TF_CONFIG. Its loss harms nobody. */
  UNTRACKED(false, false);

  private final boolean inGang;
  private final boolean inTensorFlow;

  RoleType(boolean inGang, boolean inTensorFlow) {
    this.inGang = inGang;
    this.inTensorFlow = inTensorFlow;
  }

  /**
   * Returns whether tasks of this role start together, and all of them again when one is lost.
   *
   * @return true for the roles that TF_CONFIG's cluster lists
   */
  public boolean isInGang() {
    return inGang;
  }

  /**
   * Returns whether the role's tasks get TF_CONFIG.
   *
   * @return false for untracked tasks only
   */
  public boolean hasTfConfig() {
    return inTensorFlow;
  }

  /**
   * Returns the role's name in a job file and in TF_CONFIG.
   *
   * @return the name, in lower case
   */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
