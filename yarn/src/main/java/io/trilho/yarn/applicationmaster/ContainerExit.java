package io.trilho.yarn.applicationmaster;

/** The exit statuses of containers, by which YARN tells who ended one. */
final class ContainerExit {
  // As in ContainerExitStatus, whose class a test compares.
  static final int INVALID = -1000;
  static final int ABORTED = -100;
  static final int DISKS_FAILED = -101;
  static final int PREEMPTED = -102;
  static final int KILLED_EXCEEDED_VMEM = -103;
  static final int KILLED_EXCEEDED_PMEM = -104;
  static final int KILLED_BY_APPMASTER = -105;
  static final int KILLED_BY_RESOURCEMANAGER = -106;
  static final int KILLED_BY_CONTAINER_SCHEDULER = -108;

  private static final int SIGNAL = 128;
  private static final int SIGKILL = 9;

  private ContainerExit() {}

  /**
   * Returns why a container is gone that nobody had released.
   *
   * @param status YARN's exit status, or the exit code of the container's program
   * @param diagnostics YARN's text, which may be empty
   */
  static Loss classify(int status, String diagnostics) {
    switch (status) {
      case ABORTED:
        return loss(Loss.Kind.NODE, status, "its node was lost", diagnostics);
      case DISKS_FAILED:
        return loss(Loss.Kind.NODE, status, "the disks of its node failed", diagnostics);
      case PREEMPTED:
        return loss(
            Loss.Kind.PREEMPTED, status, "the scheduler preempted its container", diagnostics);
      case KILLED_BY_RESOURCEMANAGER:
        return loss(
            Loss.Kind.PREEMPTED, status, "the ResourceManager took its container", diagnostics);
      case KILLED_BY_CONTAINER_SCHEDULER:
        return loss(Loss.Kind.PREEMPTED, status, "its node took the container", diagnostics);
      case KILLED_EXCEEDED_VMEM:
        return loss(
            Loss.Kind.MEMORY,
            status,
            "killed for more virtual memory than its container may have"
                + " (yarn.nodemanager.vmem-check-enabled; TensorFlow needs it off)",
            diagnostics);
      case KILLED_EXCEEDED_PMEM:
        return loss(
            Loss.Kind.MEMORY,
            status,
            "killed for more memory than its container has; give the role more memory",
            diagnostics);
      case INVALID:
        return loss(Loss.Kind.LAUNCH, status, "its container could not be started", diagnostics);
      case SIGNAL + SIGKILL:
        return loss(Loss.Kind.CONTAINER, status, "killed by SIGKILL", diagnostics);
      default:
        if (status > SIGNAL && status < SIGNAL + 65) {
          return loss(
              Loss.Kind.CONTAINER, status, "killed by signal " + (status - SIGNAL), diagnostics);
        }
        return loss(Loss.Kind.CONTAINER, status, "its container ended with " + status, diagnostics);
    }
  }

  private static Loss loss(Loss.Kind kind, int status, String reason, String diagnostics) {
    String text = diagnostics.trim().replaceAll("\\s*\n\\s*", " ");
    int most = 500;
    if (text.length() > most) {
      text = text.substring(0, most) + "...";
    }
    return new Loss(kind, status, text.isEmpty() ? reason : reason + " (YARN: " + text + ")");
  }
}
