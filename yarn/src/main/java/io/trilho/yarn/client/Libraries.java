package io.trilho.yarn.client;

import com.google.gson.Gson;
import io.trilho.yarn.job.Job;
import io.trilho.yarn.protocol.Wire;
import java.io.File;
import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URISyntaxException;
import java.net.URL;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * The jars that the programs in the cluster need: those that this process has their classes from.
 */
final class Libraries {
  // By name: the client is compiled without them, but they go to the cluster with it.
  private static final String[] PROGRAMS = {
    "io.trilho.yarn.applicationmaster.MasterMain", "io.trilho.yarn.task.TaskMain"
  };

  private Libraries() {}

  /**
   * Returns the jars, each once.
   *
   * @throws JobException if a class is missing, or is not in a jar
   */
  static Set<File> find() throws JobException {
    Set<File> jars = new LinkedHashSet<>();
    for (String program : PROGRAMS) {
      try {
        jars.add(jar(Class.forName(program, false, Libraries.class.getClassLoader())));
      } catch (ClassNotFoundException e) {
        throw JobException.input("the class path of this program lacks " + program);
      }
    }
    jars.add(jar(Job.class));
    jars.add(jar(Wire.class));
    jars.add(jar(Gson.class));
    return jars;
  }

  private static File jar(Class<?> type) throws JobException {
    String name = type.getName().replace('.', '/') + ".class";
    ClassLoader loader = type.getClassLoader();
    try {
      // All of its places: `yarn jar` unpacks a jar and has the folder before it.
      for (URL place : Collections.list(loader.getResources(name))) {
        if (place.getProtocol().equals("jar")) {
          return new File(((JarURLConnection) place.openConnection()).getJarFileURL().toURI());
        }
      }
      throw JobException.input(type.getName() + " is in no jar; only jars can be sent");
    } catch (IOException | URISyntaxException e) {
      throw JobException.input("the jar of " + type.getName() + " cannot be found: " + e);
    }
  }
}
