package io.trilho.e2e;

import java.io.File;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileUtil;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.hdfs.MiniDFSNNTopology;

/**
 * An HDFS in one process, for tests: real NameNodes and a real DataNode on free ports of localhost.
 *
 * <p>{@code MiniHdfs FOLDER [--available]} writes FOLDER/conf/core-site.xml and hdfs-site.xml, the
 * configuration that a client needs, then prints the NameNode's HTTP port as a line, and runs until
 * its standard input ends. With --available there are two NameNodes, a standby and an active one,
 * as a nameservice of the name "pair"; the port is the active one's.
 */
final class MiniHdfs {
  private static final String NAMESERVICE = "pair";

  private MiniHdfs() {}

  public static void main(String[] arguments) throws Exception {
    File folder = new File(arguments[0]);
    boolean available = arguments.length > 1 && arguments[1].equals("--available");
    Configuration configuration = new Configuration();
    File data = new File(folder, "data");
    configuration.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, data.getAbsolutePath());
    configuration.set("dfs.replication", "1");
    MiniDFSCluster.Builder builder = new MiniDFSCluster.Builder(configuration).numDataNodes(1);
    if (available) {
      builder.nnTopology(MiniDFSNNTopology.simpleHATopology());
    }
    MiniDFSCluster cluster = builder.build();
    // After SIGTERM, too, when it is too late for the cluster's own shutdown.
    Runtime.getRuntime().addShutdownHook(new Thread(() -> FileUtil.fullyDelete(data)));
    int active = available ? 1 : 0;
    if (available) {
      cluster.transitionToActive(active);
    }
    cluster.waitActive();
    writeClientConfiguration(cluster, new File(folder, "conf"), available);
    System.out.println(cluster.getNameNode(active).getHttpAddress().getPort());
    System.out.flush();
    while (System.in.read() >= 0) {
      // Whoever holds the other end wants it to run.
    }
    cluster.shutdown(true);
    System.exit(0);
  }

  private static void writeClientConfiguration(
      MiniDFSCluster cluster, File folder, boolean available) throws IOException {
    Configuration core = new Configuration(false);
    Configuration hdfs = new Configuration(false);
    if (available) {
      core.set("fs.defaultFS", "hdfs://" + NAMESERVICE);
      hdfs.set("dfs.nameservices", NAMESERVICE);
      hdfs.set("dfs.ha.namenodes." + NAMESERVICE, "nn0,nn1");
      for (int index = 0; index < cluster.getNumNameNodes(); index++) {
        String name = "." + NAMESERVICE + ".nn" + index;
        hdfs.set("dfs.namenode.rpc-address" + name, cluster.getNameNode(index).getHostAndPort());
        hdfs.set("dfs.namenode.http-address" + name, httpAddress(cluster, index));
      }
    } else {
      core.set("fs.defaultFS", cluster.getURI().toString());
      hdfs.set("dfs.namenode.http-address", httpAddress(cluster, 0));
    }
    if (!folder.mkdirs()) {
      throw new IOException(folder + " is there, or cannot be made");
    }
    write(core, new File(folder, "core-site.xml"));
    write(hdfs, new File(folder, "hdfs-site.xml"));
  }

  private static String httpAddress(MiniDFSCluster cluster, int index) {
    return "localhost:" + cluster.getNameNode(index).getHttpAddress().getPort();
  }

  private static void write(Configuration configuration, File file) throws IOException {
    try (OutputStream stream = new FileOutputStream(file)) {
      configuration.writeXml(stream);
    }
  }
}
