package io.trilho.yarn.applicationmaster;

import io.trilho.yarn.job.RoleType;
import java.io.Closeable;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.yarn.api.protocolrecords.RegisterApplicationMasterResponse;
import org.apache.hadoop.yarn.api.records.Container;
import org.apache.hadoop.yarn.api.records.ContainerId;
import org.apache.hadoop.yarn.api.records.ContainerLaunchContext;
import org.apache.hadoop.yarn.api.records.ContainerStatus;
import org.apache.hadoop.yarn.api.records.FinalApplicationStatus;
import org.apache.hadoop.yarn.api.records.NodeReport;
import org.apache.hadoop.yarn.api.records.Priority;
import org.apache.hadoop.yarn.api.records.Resource;
import org.apache.hadoop.yarn.api.records.UpdatedContainer;
import org.apache.hadoop.yarn.client.api.AMRMClient.ContainerRequest;
import org.apache.hadoop.yarn.client.api.NMClient;
import org.apache.hadoop.yarn.client.api.async.AMRMClientAsync;
import org.apache.hadoop.yarn.exceptions.YarnException;

/**
 * Containers of a real cluster: the ResourceManager allocates them, NodeManagers start them.
 *
 * <p>Each role has a priority of its own, by which an allocated container is known to be for it.
 * The coordinator's thread calls the methods of {@link Containers}; events come by Hadoop's threads
 * and by those that start containers.
 */
final class YarnContainers implements Containers, Closeable {
  private static final Logger LOG = Logger.getLogger(YarnContainers.class.getName());
  private static final int HEARTBEAT_MILLIS = 500;
  private static final int LAUNCH_THREADS = 8;

  /** Events of the cluster; called by threads of this object and of Hadoop. */
  interface Events {
    void allocated(Container container, RoleType role);

    void completed(ContainerStatus status);

    void launchFailed(String container, String reason);

    /** Tells that the ResourceManager cannot work with this process any more. */
    void shutDown(String reason);
  }

  private final AMRMClientAsync<ContainerRequest> resourceManager;
  private final NMClient nodeManagers = NMClient.createNMClient();
  private final ExecutorService launches = Executors.newFixedThreadPool(LAUNCH_THREADS);
  private final Map<Task, ContainerRequest> requests = new HashMap<>();
  private final Map<String, Container> allocated = new ConcurrentHashMap<>();
  private final Events events;
  private final TaskLaunch launch;

  /** Prepares; nothing is asked for before {@link #register}. */
  YarnContainers(Configuration configuration, TaskLaunch launch, Events events) {
    this.launch = launch;
    this.events = events;
    resourceManager = AMRMClientAsync.createAMRMClientAsync(HEARTBEAT_MILLIS, new Callbacks());
    resourceManager.init(configuration);
    // A container goes on when this process ends, for the next attempt to adopt.
    nodeManagers.cleanupRunningContainersOnStop(false);
    nodeManagers.init(configuration);
  }

  /**
   * Registers this ApplicationMaster.
   *
   * @return what the cluster can give, and the containers that it has kept
   */
  RegisterApplicationMasterResponse register(String host, int port)
      throws YarnException, IOException {
    resourceManager.start();
    nodeManagers.start();
    return resourceManager.registerApplicationMaster(
        host, port, "http://" + host + ":" + port + "/");
  }

  /** Tells the ResourceManager how the job ended. */
  void unregister(FinalApplicationStatus status, String diagnostics)
      throws YarnException, IOException {
    resourceManager.unregisterApplicationMaster(status, diagnostics, null);
  }

  private static Priority priority(RoleType role) {
    return Priority.newInstance(role.ordinal() + 1);
  }

  @Override
  public void request(Task task) {
    ContainerRequest request =
        new ContainerRequest(
            Resource.newInstance(task.role.memory(), task.role.vcores()),
            null,
            null,
            priority(task.type()));
    requests.put(task, request);
    resourceManager.addContainerRequest(request);
  }

  @Override
  public void cancel(Task task) {
    ContainerRequest request = requests.remove(task);
    if (request != null) {
      resourceManager.removeContainerRequest(request);
    }
  }

  @Override
  public void launch(Task task) {
    Container container = allocated.get(task.state.container);
    String id = String.valueOf(task.state.container);
    if (container == null) {
      throw new IllegalStateException(id + " was not allocated to this process");
    }
    ContainerLaunchContext context = launch.of(task);
    launches.execute(
        () -> {
          try {
            nodeManagers.startContainer(container, context);
          } catch (YarnException | IOException | RuntimeException e) {
            LOG.log(Level.WARNING, "cannot start " + id, e);
            events.launchFailed(id, String.valueOf(e.getMessage()));
          }
        });
  }

  @Override
  public void release(String container) {
    allocated.remove(container);
    resourceManager.releaseAssignedContainer(ContainerId.fromString(container));
  }

  @Override
  public void close() {
    launches.shutdownNow();
    nodeManagers.stop();
    resourceManager.stop();
  }

  private final class Callbacks extends AMRMClientAsync.AbstractCallbackHandler {
    @Override
    public void onContainersAllocated(List<Container> containers) {
      for (Container container : containers) {
        allocated.put(container.getId().toString(), container);
        events.allocated(container, RoleType.values()[container.getPriority().getPriority() - 1]);
      }
    }

    @Override
    public void onContainersCompleted(List<ContainerStatus> statuses) {
      for (ContainerStatus status : statuses) {
        allocated.remove(status.getContainerId().toString());
        events.completed(status);
      }
    }

    @Override
    public void onContainersUpdated(List<UpdatedContainer> containers) {}

    @Override
    public void onShutdownRequest() {
      events.shutDown("the ResourceManager asks this attempt to end");
    }

    @Override
    public void onNodesUpdated(List<NodeReport> nodes) {}

    @Override
    public float getProgress() {
      return 0;
    }

    @Override
    public void onError(Throwable e) {
      LOG.log(Level.SEVERE, "the ResourceManager cannot be worked with", e);
      events.shutDown("the ResourceManager cannot be worked with: " + e);
    }
  }
}
