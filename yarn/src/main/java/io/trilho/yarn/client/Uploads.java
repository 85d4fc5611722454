package io.trilho.yarn.client;

import io.trilho.yarn.protocol.LocalFile;
import java.io.File;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Locale;
import java.util.UUID;
import java.util.function.Consumer;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsAction;
import org.apache.hadoop.fs.permission.FsPermission;
import org.jspecify.annotations.Nullable;

/**
 * Files in the cluster's file system, each under the SHA-256 of its content: what is there already
 * is not sent again, by whatever job.
 *
 * <p>A file is written aside and renamed, so that a name is only ever that of a whole file.
 */
final class Uploads {
  private static final FsPermission FOR_ALL = new FsPermission((short) 0755);
  private static final FsPermission FOR_USER = new FsPermission((short) 0700);

  private final FileSystem files;
  private final Path base;
  private final Consumer<String> progress;

  /**
   * Prepares uploads.
   *
   * @param base the folder that has the uploads of all of a user's jobs
   * @param progress told of each file that is sent
   */
  Uploads(FileSystem files, Path base, Consumer<String> progress) {
    this.files = files;
    this.base = base;
    this.progress = progress;
  }

  /** Describes a file that is in a file system of the cluster. */
  static LocalFile remote(FileStatus status, String name, boolean archive) {
    return describe(status, name, archive, "PRIVATE", false);
  }

  private static LocalFile describe(
      FileStatus status, String name, boolean archive, String visibility, boolean library) {
    return new LocalFile(
        name,
        status.getPath().toUri().toString(),
        status.getLen(),
        status.getModificationTime(),
        archive,
        visibility,
        library);
  }

  /**
   * Makes a file available.
   *
   * @param name its name in containers
   * @param isPublic whether all users may read it
   * @throws IOException if it cannot be read or written, or changes while it is sent
   */
  LocalFile upload(File local, String name, boolean archive, boolean isPublic, boolean library)
      throws IOException {
    String hash = hash(local, null);
    Path folder = new Path(base, isPublic ? "public" : "private");
    Path place = new Path(new Path(folder, hash), local.getName());
    FileStatus there = find(place);
    if (there == null || there.getLen() != local.length()) {
      progress.accept("uploads " + local.getName() + ", " + megabytes(local.length()));
      makeFolder(base, FOR_ALL);
      makeFolder(folder, isPublic ? FOR_ALL : FOR_USER);
      makeFolder(place.getParent(), isPublic ? FOR_ALL : FOR_USER);
      if (there != null) {
        files.delete(place, false);
      }
      send(local, hash, place);
      there = files.getFileStatus(place);
    }
    // A node checks that all users may read what it is told to share among them.
    boolean shared = isPublic && isReadableByAll(there);
    return describe(there, name, archive, shared ? "PUBLIC" : "PRIVATE", library);
  }

  /** Returns whether all users may read a file, which their home folders often forbid. */
  private boolean isReadableByAll(FileStatus file) throws IOException {
    if (!file.getPermission().getOtherAction().implies(FsAction.READ)) {
      return false;
    }
    for (Path folder = file.getPath().getParent(); folder != null; folder = folder.getParent()) {
      FsPermission permission = files.getFileStatus(folder).getPermission();
      if (!permission.getOtherAction().implies(FsAction.EXECUTE)) {
        return false;
      }
    }
    return true;
  }

  /** Returns whether a file with a local one's content is there already. */
  boolean has(File local, boolean isPublic) throws IOException {
    Path folder = new Path(base, isPublic ? "public" : "private");
    FileStatus there = find(new Path(new Path(folder, hash(local, null)), local.getName()));
    return there != null && there.getLen() == local.length();
  }

  static String megabytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f MB", bytes / 1e6);
  }

  private @Nullable FileStatus find(Path path) throws IOException {
    try {
      return files.getFileStatus(path);
    } catch (FileNotFoundException e) {
      return null;
    }
  }

  private void makeFolder(Path folder, FsPermission permission) throws IOException {
    if (find(folder) == null) {
      files.mkdirs(folder, permission);
      // mkdirs applies the user's umask.
      files.setPermission(folder, permission);
    }
  }

  private void send(File local, String hash, Path place) throws IOException {
    Path aside = new Path(place.getParent(), "." + UUID.randomUUID() + ".uploading");
    try {
      String sent;
      try (OutputStream out = files.create(aside, false)) {
        sent = hash(local, out);
      }
      if (!sent.equals(hash)) {
        throw new IOException(local + " was changed while it was uploaded");
      }
      // The file is there already if another job has sent it meanwhile.
      if (!files.rename(aside, place) && find(place) == null) {
        throw new IOException(aside + " cannot be renamed to " + place);
      }
    } finally {
      files.delete(aside, false);
    }
  }

  /** Returns the SHA-256 of a file, and copies it if there is a place for it. */
  private static String hash(File local, @Nullable OutputStream copy) throws IOException {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
    byte[] buffer = new byte[1 << 16];
    try (InputStream in = Files.newInputStream(local.toPath())) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        digest.update(buffer, 0, n);
        if (copy != null) {
          copy.write(buffer, 0, n);
        }
      }
    }
    StringBuilder text = new StringBuilder();
    for (byte b : digest.digest()) {
      text.append(String.format("%02x", b));
    }
    return text.toString();
  }
}
