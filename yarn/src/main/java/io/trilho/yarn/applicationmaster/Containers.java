package io.trilho.yarn.applicationmaster;

/**
 * What the coordinator asks of the cluster. No method blocks; what comes of it comes back as an
 * event.
 */
interface Containers {
  /** Asks for a container for a task. */
  void request(Task task);

  /** Withdraws what {@link #request} asked for. */
  void cancel(Task task);

  /** Starts the launcher of a task in its container. */
  void launch(Task task);

  /** Gives a container back, and with it ends what runs in it. */
  void release(String container);
}
