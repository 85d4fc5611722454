package io.trilho.yarn.applicationmaster;

import io.trilho.yarn.protocol.JobSnapshot;
import io.trilho.yarn.protocol.Wire;
import java.io.Closeable;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.IOUtils;
import org.jspecify.annotations.Nullable;

/**
 * The state of a job in the cluster's file system, for a next attempt.
 *
 * <p>{@link #write} does not block: a thread of this object writes the newest state there is. A
 * write that fails is told and made good by the next one.
 */
final class Journal implements Closeable {
  private static final Logger LOG = Logger.getLogger(Journal.class.getName());
  private static final String FILE = "state.json";
  private static final long CLOSE_SECONDS = 30;

  private final FileSystem files;
  private final Path file;
  private final ExecutorService writer = Executors.newSingleThreadExecutor();
  private final AtomicReference<@Nullable JobSnapshot> newest = new AtomicReference<>();

  Journal(FileSystem files, Path staging) {
    this.files = files;
    file = new Path(staging, FILE);
  }

  /** Returns the state that an earlier attempt has left, or null. */
  @Nullable JobSnapshot read() throws IOException {
    try (FSDataInputStream in = files.open(file)) {
      byte[] json = new byte[(int) files.getFileStatus(file).getLen()];
      in.readFully(json);
      return Wire.read(json, JobSnapshot.class);
    } catch (FileNotFoundException e) {
      return null;
    }
  }

  void write(JobSnapshot state) {
    // One write for all states that came while the last one was being written.
    if (newest.getAndSet(state) == null) {
      writer.execute(this::writeNewest);
    }
  }

  private void writeNewest() {
    JobSnapshot state = newest.getAndSet(null);
    try {
      if (state != null) {
        replace(files, file, state);
      }
    } catch (IOException e) {
      LOG.log(Level.WARNING, "cannot write " + file + "; a next attempt would know less", e);
    }
  }

  /** Writes a file aside and renames it, so that nobody reads a half of it. */
  static void replace(FileSystem files, Path file, Object content) throws IOException {
    Path aside = new Path(file.getParent(), "." + file.getName() + ".writing");
    FSDataOutputStream out = files.create(aside, true);
    try {
      out.write(Wire.write(content));
      out.close();
    } finally {
      IOUtils.closeStream(out);
    }
    FileContext.getFileContext(file.toUri(), files.getConf())
        .rename(aside, file, Options.Rename.OVERWRITE);
  }

  /** Writes what is still to be written. */
  @Override
  public void close() throws IOException {
    writer.shutdown();
    try {
      if (!writer.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
        LOG.warning(file + " was not written within " + CLOSE_SECONDS + " s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
