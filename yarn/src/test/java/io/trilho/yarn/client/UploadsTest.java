package io.trilho.yarn.client;

import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertTrue;

import io.trilho.yarn.protocol.LocalFile;
import java.io.File;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.hadoop.fs.permission.FsPermission;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TemporaryFolder;
import org.junit.runner.RunWith;
import org.junit.runners.JUnit4;

/** Uploads, into a file system of Hadoop that is on the local disk. */
@RunWith(JUnit4.class)
public final class UploadsTest {
  @Rule public final TemporaryFolder folder = new TemporaryFolder();

  private final List<String> sent = new ArrayList<>();
  private FileSystem files;
  private Path base;
  private Uploads uploads;

  @Before
  public void makeUploads() throws Exception {
    files = FileSystem.getLocal(new Configuration());
    base = new Path(folder.getRoot().toURI().toString(), "cluster");
    uploads = new Uploads(files, base, sent::add);
  }

  private File file(String name, String content) throws Exception {
    File file = folder.newFile(name);
    Files.write(file.toPath(), content.getBytes("UTF-8"));
    return file;
  }

  private List<String> names() throws Exception {
    List<String> names = new ArrayList<>();
    RemoteIterator<LocatedFileStatus> all = files.listFiles(base, true);
    while (all.hasNext()) {
      names.add(all.next().getPath().getName());
    }
    return names;
  }

  @Test
  public void aFileIsSentOnce() throws Exception {
    File file = file("train.py", "print(1)");
    LocalFile first = uploads.upload(file, "train.py", false, false, false);
    LocalFile second = uploads.upload(file, "other.py", false, false, false);
    assertEquals(1, sent.size());
    assertEquals(first.uri, second.uri);
    assertEquals("other.py", second.name);
    assertEquals("PRIVATE", first.visibility);
    assertEquals(8, first.size);
    FileStatus status = files.getFileStatus(new Path(first.uri));
    assertEquals(first.modified, status.getModificationTime());
    assertEquals("nothing is left aside", 1, names().size());
  }

  @Test
  public void anotherContentIsAnotherFile() throws Exception {
    File file = file("train.py", "print(1)");
    LocalFile first = uploads.upload(file, "train.py", false, false, false);
    Files.write(file.toPath(), "print(2)".getBytes("UTF-8"));
    LocalFile second = uploads.upload(file, "train.py", false, false, false);
    assertNotEquals(first.uri, second.uri);
    byte[] content = Files.readAllBytes(new File(new Path(first.uri).toUri()).toPath());
    assertArrayEquals(
        "jobs that use the first one still find it", "print(1)".getBytes("UTF-8"), content);
  }

  @Test
  public void aBrokenFileIsReplaced() throws Exception {
    File file = file("train.py", "print(1)");
    LocalFile first = uploads.upload(file, "train.py", false, false, false);
    files.create(new Path(first.uri), true).close();
    assertFalse(uploads.has(file, false));
    uploads.upload(file, "train.py", false, false, false);
    assertTrue(uploads.has(file, false));
  }

  @Test
  public void aPublicFileBelowAPrivateFolderIsNoneThatNodesCanShare() throws Exception {
    files.mkdirs(base.getParent());
    files.setPermission(base.getParent(), new FsPermission((short) 0700));
    LocalFile shared = uploads.upload(file("b", "b"), "b", false, true, false);
    assertEquals("PRIVATE", shared.visibility);
  }

  @Test
  public void filesOfAUserAreThisUsersAlone() throws Exception {
    LocalFile own = uploads.upload(file("a", "a"), "a", false, false, false);
    LocalFile shared = uploads.upload(file("b", "b"), "b", true, true, false);
    assertTrue(shared.archive);
    Path ownFolder = new Path(own.uri).getParent().getParent();
    Path sharedFolder = new Path(shared.uri).getParent().getParent();
    assertEquals(0700, files.getFileStatus(ownFolder).getPermission().toShort());
    assertEquals(0755, files.getFileStatus(sharedFolder).getPermission().toShort());
  }
}
