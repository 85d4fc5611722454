package io.trilho.yarn.job;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A checked job. What it can say is in docs/yarn.md and in the help of the command line.
 *
 * <p>Instances are immutable.
 */
public final class Job {
  private final String name;
  private final String queue;
  private final int priority;
  private final Duration timeout;
  private final List<String> tags;
  private final int attempts;
  private final boolean keepContainers;
  private final int masterMemory;
  private final int masterVcores;
  private final @Nullable String script;
  private final List<String> files;
  private final List<String> archives;
  private final List<Role> roles;
  private final boolean publicFiles;
  private final Policy policy;
  private final Map<String, @Nullable Object> fields;

  private Job(Map<String, @Nullable Object> fields, Fields job, List<Role> roles) {
    this.fields = Collections.unmodifiableMap(fields);
    name = job.text("name", "trilho");
    queue = job.text("queue", "default");
    priority = job.integer("priority", 0, 0, Integer.MAX_VALUE);
    timeout = job.duration("timeout", Duration.ZERO, Duration.ZERO);
    tags = Collections.unmodifiableList(job.texts("tags"));
    attempts = job.integer("attempts", 2, 1, 100);
    keepContainers = job.flag("keep_containers", true);
    Fields master = job.mapping("master");
    masterMemory = master.memory("memory", 512, 128);
    masterVcores = master.integer("vcores", 1, 1, 1024);
    master.finish();
    script = job.has("script") ? job.text("script", "") : null;
    files = Collections.unmodifiableList(job.texts("files"));
    archives = Collections.unmodifiableList(job.texts("archives"));
    publicFiles = job.flag("public_files", false);
    LocalName.check(job, script, files, archives);
    this.roles = Collections.unmodifiableList(roles);
    policy = new Policy(job);
    job.finish();
  }

  /**
   * Reads a job from the fields of a job file.
   *
   * @param fields texts, numbers, flags, lists and mappings by name; fields that are left out have
   *     their defaults
   * @return the job
   * @throws InvalidJobException if fields are unknown, wrong or missing; names all of them
   */
  public static Job of(Map<String, @Nullable Object> fields) throws InvalidJobException {
    List<String> problems = new ArrayList<>();
    Fields root = Fields.root(fields, problems);
    Job job = new Job(fields, root, new RoleReader(root).read());
    if (!problems.isEmpty()) {
      throw new InvalidJobException(problems);
    }
    return job;
  }

  /**
   * Returns the name that lists show.
   *
   * @return the name
   */
  public String name() {
    return name;
  }

  /**
   * Returns the queue of the ResourceManager that the job goes into.
   *
   * @return the queue's name
   */
  public String queue() {
    return queue;
  }

  /**
   * Returns the priority among the applications of the queue.
   *
   * @return 0 or more; more comes first
   */
  public int priority() {
    return priority;
  }

  /**
   * Returns how long the job may take from its submission.
   *
   * @return the time; zero if there is no limit
   */
  public Duration timeout() {
    return timeout;
  }

  /**
   * Returns the tags of the application.
   *
   * @return texts by which the ResourceManager can filter
   */
  public List<String> tags() {
    return tags;
  }

  /**
   * Returns how often the ApplicationMaster may be started.
   *
   * @return 1 or more; the cluster may allow fewer
   */
  public int attempts() {
    return attempts;
  }

  /**
   * Returns whether tasks go on when the ApplicationMaster is lost, and its successor adopts them.
   *
   * @return false if they are started anew then
   */
  public boolean keepsContainers() {
    return keepContainers;
  }

  /**
   * Returns the memory of the ApplicationMaster's container.
   *
   * @return mebibytes
   */
  public int masterMemory() {
    return masterMemory;
  }

  /**
   * Returns the virtual cores of the ApplicationMaster's container.
   *
   * @return 1 or more
   */
  public int masterVcores() {
    return masterVcores;
  }

  /**
   * Returns the local file that every container gets and, unless a role has a command of its own,
   * runs.
   *
   * @return a path, or null if there is no script
   */
  public @Nullable String script() {
    return script;
  }

  /**
   * Returns the files that every container finds in its working directory.
   *
   * @return local paths or URIs, each with {@code #NAME} if it is to have another name there
   */
  public List<String> files() {
    return files;
  }

  /**
   * Returns the archives that every container finds unpacked, in a folder of the archive's name.
   *
   * @return local paths or URIs, each with {@code #NAME} if the folder is to have another name
   */
  public List<String> archives() {
    return archives;
  }

  /**
   * Returns whether uploaded files may be read, and their copies on nodes shared, by all users.
   *
   * @return false if they are this user's alone
   */
  public boolean hasPublicFiles() {
    return publicFiles;
  }

  /**
   * Returns the fields from which the job was read.
   *
   * @return what {@link #of} was given
   */
  public Map<String, @Nullable Object> fields() {
    return fields;
  }

  /**
   * Returns the roles.
   *
   * @return one or more, in the order of {@link RoleType}
   */
  public List<Role> roles() {
    return roles;
  }

  /**
   * Returns the times and limits of the ApplicationMaster.
   *
   * @return the policy
   */
  public Policy policy() {
    return policy;
  }

  /**
   * Returns the role of a type.
   *
   * @param type the type
   * @return the role
   * @throws IllegalArgumentException if the job has no such role
   */
  public Role role(RoleType type) {
    for (Role role : roles) {
      if (role.type() == type) {
        return role;
      }
    }
    throw new IllegalArgumentException("the job " + name + " has no role " + type.label());
  }
}
