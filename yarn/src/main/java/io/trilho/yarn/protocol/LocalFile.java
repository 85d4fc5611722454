package io.trilho.yarn.protocol;

/** A file in the cluster's file system that containers get. The fields are JSON's. */
public final class LocalFile {
  /** The name of the list of a job's files, in its staging folder. */
  public static final String LIST = "files.json";

  /** The name in the container's working directory. */
  public final String name;

  /** The file's URI. */
  public final String uri;

  /** The file's length; a NodeManager checks it. */
  public final long size;

  /** The file's modification time; a NodeManager checks it. */
  public final long modified;

  /** True if it is unpacked into a folder of its name. */
  public final boolean archive;

  /** PUBLIC, PRIVATE or APPLICATION, as YARN has them. */
  public final String visibility;

  /** True if it is on the class path of our programs. */
  public final boolean library;

  /**
   * Describes a file.
   *
   * @param name the name in the container
   * @param uri the URI
   * @param size the length
   * @param modified the modification time
   * @param archive whether it is unpacked
   * @param visibility who may share the node's copy
   * @param library whether it is on the class path
   */
  public LocalFile(
      String name,
      String uri,
      long size,
      long modified,
      boolean archive,
      String visibility,
      boolean library) {
    this.name = name;
    this.uri = uri;
    this.size = size;
    this.modified = modified;
    this.archive = archive;
    this.visibility = visibility;
    this.library = library;
  }
}
