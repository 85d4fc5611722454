package io.trilho.yarn.applicationmaster;

import io.trilho.yarn.job.InvalidJobException;
import io.trilho.yarn.job.Job;
import io.trilho.yarn.protocol.JobSnapshot;
import io.trilho.yarn.protocol.LocalFile;
import io.trilho.yarn.protocol.Wire;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The job's folder in the cluster's file system, {@code .trilho/jobs/APPLICATION} of its user, and
 * the history beside it.
 */
final class Staging {
  private static final String HISTORY = "history";

  private final FileSystem files;
  private final Path folder;

  Staging(FileSystem files, Path folder) {
    this.files = files;
    this.folder = folder;
  }

  FileSystem files() {
    return files;
  }

  Path folder() {
    return folder;
  }

  /** Returns the job, which the NodeManager has put into the working directory. */
  Job job() throws IOException, InvalidJobException {
    @SuppressWarnings("unchecked")
    Map<String, Object> fields = Wire.read(Files.readAllBytes(Paths.get(Wire.JOB_FILE)), Map.class);
    return Job.of(fields);
  }

  /** Returns the application's token, which the NodeManager has put into the working directory. */
  String token() throws IOException {
    return new String(Files.readAllBytes(Paths.get(Wire.TOKEN_FILE)), StandardCharsets.UTF_8);
  }

  /** Returns the files that each container gets. */
  List<LocalFile> localFiles() throws IOException {
    Path list = new Path(folder, LocalFile.LIST);
    try (FSDataInputStream in = files.open(list)) {
      byte[] json = new byte[(int) files.getFileStatus(list).getLen()];
      in.readFully(json);
      return Arrays.asList(Wire.read(json, LocalFile[].class));
    }
  }

  /** Writes the job's end where `trilho yarn list` finds it. */
  void keepHistory(JobSnapshot last) throws IOException {
    Path history = new Path(folder.getParent().getParent(), HISTORY);
    files.mkdirs(history);
    Journal.replace(files, new Path(history, last.application + ".json"), last);
  }

  /** Removes the folder; uploaded files that other jobs may share stay. */
  void delete() throws IOException {
    files.delete(folder, true);
  }
}
