package io.trilho.yarn.protocol;

/** The address of an ApplicationMaster that has followed a lost one. The fields are JSON's. */
public final class MasterAddress {
  /** The {@code host:port} that reports go to from now on. */
  public final String address;

  /**
   * Makes a message.
   *
   * @param address {@code host:port}
   */
  public MasterAddress(String address) {
    this.address = address;
  }
}
