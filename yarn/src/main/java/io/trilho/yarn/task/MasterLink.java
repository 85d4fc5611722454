package io.trilho.yarn.task;

import io.trilho.yarn.protocol.Post;
import io.trilho.yarn.protocol.TaskOrder;
import io.trilho.yarn.protocol.TaskReport;
import io.trilho.yarn.protocol.Wire;
import java.io.IOException;

/** The way to the ApplicationMaster, which may move. Safe for use by several threads. */
final class MasterLink {
  private final String token;
  private volatile String address;

  MasterLink(String address, String token) {
    this.address = address;
    this.token = token;
  }

  String address() {
    return address;
  }

  void moveTo(String newAddress) {
    address = newAddress;
  }

  /**
   * Sends a report and returns the answer.
   *
   * @throws IOException if the ApplicationMaster cannot be reached or refuses
   */
  TaskOrder send(TaskReport report) throws IOException {
    byte[] answer = Post.send(address, Wire.REPORT_PATH, token, Wire.write(report));
    return Wire.read(answer, TaskOrder.class);
  }
}
