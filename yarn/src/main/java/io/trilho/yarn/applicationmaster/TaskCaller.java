package io.trilho.yarn.applicationmaster;

import io.trilho.yarn.protocol.MasterAddress;
import io.trilho.yarn.protocol.Post;
import io.trilho.yarn.protocol.Wire;
import java.io.Closeable;
import java.io.IOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.logging.Logger;

/** Tells tasks of an earlier attempt where their ApplicationMaster is now. Does not block. */
final class TaskCaller implements Closeable {
  private static final Logger LOG = Logger.getLogger(TaskCaller.class.getName());
  private static final int THREADS = 8;

  private final ExecutorService threads = Executors.newFixedThreadPool(THREADS);
  private final Set<String> underWay = ConcurrentHashMap.newKeySet();
  private final String token;
  private final byte[] message;

  TaskCaller(String token, String address) {
    this.token = token;
    message = Wire.write(new MasterAddress(address));
  }

  /** Calls a task, unless a call of it is under way. The task's answer is a report. */
  void call(Task task) {
    String address = task.state.host + ":" + task.state.controlPort;
    String label = task.label();
    if (underWay.add(address)) {
      threads.execute(
          () -> {
            try {
              Post.send(address, Wire.MASTER_PATH, token, message);
            } catch (IOException e) {
              LOG.info("cannot reach " + label + " at " + address + " yet: " + e);
            } finally {
              underWay.remove(address);
            }
          });
    }
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
