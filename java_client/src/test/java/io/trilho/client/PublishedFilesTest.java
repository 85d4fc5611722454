package io.trilho.client;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.Assert.assertArrayEquals;
import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;

import java.io.DataInputStream;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.junit.runners.JUnit4;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** What goes to a Maven repository; the build says in which folder it is. */
@RunWith(JUnit4.class)
public final class PublishedFilesTest {
  private static final int JAVA_8 = 52;
  private static final Pattern INTERNAL = Pattern.compile("(\\w+/)+internal/\\w+");

  private static File file(String suffix) {
    String name = "trilho-client-" + System.getProperty("version") + suffix;
    File file = new File(System.getProperty("published"), name);
    assertTrue(file + " exists", file.isFile());
    return file;
  }

  private static JarFile jar() throws Exception {
    return new JarFile(file(".jar"));
  }

  private static List<JarEntry> classes(JarFile jar) {
    List<JarEntry> classes = new ArrayList<>();
    for (JarEntry entry : Collections.list(jar.entries())) {
      if (entry.getName().endsWith(".class")) {
        classes.add(entry);
      }
    }
    return classes;
  }

  private static byte[] read(JarFile jar, JarEntry entry) throws Exception {
    byte[] bytes = new byte[(int) entry.getSize()];
    try (DataInputStream in = new DataInputStream(jar.getInputStream(entry))) {
      in.readFully(bytes);
    }
    return bytes;
  }

  @Test
  public void everyClassIsJava8() throws Exception {
    try (JarFile jar = jar()) {
      List<JarEntry> classes = classes(jar);
      assertTrue("classes: " + classes.size(), classes.size() > 500);
      for (JarEntry entry : classes) {
        byte[] bytes = read(jar, entry);
        assertEquals(entry.getName(), JAVA_8, (bytes[6] & 0xff) << 8 | bytes[7] & 0xff);
      }
    }
  }

  @Test
  public void jarHasClientAndStubsAndNothingElse() throws Exception {
    try (JarFile jar = jar()) {
      for (String name :
          new String[] {
            "io/trilho/client/TrilhoClient",
            "io/trilho/mnist/MnistServiceGrpc",
            "org/tensorflow/framework/TensorProto",
            "tensorflow/serving/ModelServiceGrpc",
            "tensorflow/serving/PredictionServiceGrpc"
          }) {
        assertTrue(name, jar.getJarEntry(name + ".class") != null);
      }
      for (JarEntry entry : classes(jar)) {
        String name = entry.getName();
        assertTrue(
            name,
            name.startsWith("io/trilho/")
                || name.startsWith("tensorflow/")
                || name.startsWith("org/tensorflow/"));
        assertFalse(name, name.startsWith("io/trilho/examples/") || name.contains("Test"));
      }
      assertEquals(
          "io.trilho.client",
          jar.getManifest().getMainAttributes().getValue("Automatic-Module-Name"));
    }
  }

  /** A protobuf plugin finds the imports of contracts in the jars of a build's dependencies. */
  @Test
  public void jarHasTheContractsToImport() throws Exception {
    byte[] contract = Files.readAllBytes(Paths.get(System.getProperty("contract")));
    try (JarFile jar = jar()) {
      assertArrayEquals(contract, read(jar, jar.getJarEntry("trilho/contract.proto")));
      for (String name : new String[] {"census", "mnist", "recommender"}) {
        assertTrue(name, jar.getJarEntry("trilho/" + name + ".proto") != null);
      }
    }
  }

  /** Scanners look for a bill of materials below META-INF/sbom, people for a licence. */
  @Test
  public void jarHasItsLicenseAndItsBillOfMaterials() throws Exception {
    byte[] bill = Files.readAllBytes(file("-cyclonedx.json").toPath());
    try (JarFile jar = jar()) {
      String license = new String(read(jar, jar.getJarEntry("META-INF/LICENSE")), UTF_8);
      assertTrue(license, license.contains("Apache License"));
      JarEntry entry = jar.getJarEntry("META-INF/sbom/trilho-client.cdx.json");
      assertArrayEquals(bill, read(jar, entry));
    }
    String text = new String(bill, UTF_8);
    for (String part :
        new String[] {
          "pkg:maven/io.trilho/trilho-client@" + System.getProperty("version"),
          "pkg:maven/io.grpc/grpc-netty-shaded@",
          // Not named by the POM, but needed by what it names.
          "pkg:maven/com.google.guava/guava@",
          "pkg:pypi/tensorflow-serving-api@"
        }) {
      assertTrue(part, text.contains(part));
    }
  }

  @Test
  public void clientUsesNobodysInternals() throws Exception {
    Set<String> found = new TreeSet<>();
    int read = 0;
    try (JarFile jar = jar()) {
      for (JarEntry entry : classes(jar)) {
        if (entry.getName().startsWith("io/trilho/client/")) {
          read++;
          // Names of classes are modified UTF-8 in the constant pool, which ASCII is part of.
          Matcher matcher =
              INTERNAL.matcher(new String(read(jar, entry), StandardCharsets.ISO_8859_1));
          while (matcher.find()) {
            found.add(entry.getName() + ": " + matcher.group());
          }
        }
      }
    }
    assertTrue("classes: " + read, read > 10);
    assertEquals(Collections.emptySet(), found);
  }

  @Test
  public void sourcesOfEveryClassAreThere() throws Exception {
    try (JarFile jar = jar();
        JarFile sources = new JarFile(file("-sources.jar"))) {
      for (JarEntry entry : classes(jar)) {
        String source = entry.getName().replaceAll("(\\$.*)?\\.class$", ".java");
        if (source.startsWith("io/trilho/client/")) {
          assertTrue(source, sources.getJarEntry(source) != null);
        }
      }
      assertTrue(sources.getJarEntry("io/trilho/mnist/MnistServiceGrpc.java") != null);
      assertTrue(sources.getJarEntry("tensorflow/serving/Predict.java") != null);
    }
  }

  @Test
  public void javadocShowsWhatIsPublic() throws Exception {
    try (JarFile javadoc = new JarFile(file("-javadoc.jar"))) {
      assertTrue(javadoc.getJarEntry("index.html") != null);
      assertTrue(javadoc.getJarEntry("io/trilho/client/TrilhoClient.html") != null);
      assertTrue(javadoc.getJarEntry("io/trilho/client/GrpcTrilhoClient.html") == null);
    }
  }

  @Test
  public void pomNamesTheJarAndWhatItNeeds() throws Exception {
    Document pom = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(file(".pom"));
    Element project = pom.getDocumentElement();
    assertEquals("io.trilho", text(project, "groupId"));
    assertEquals("trilho-client", text(project, "artifactId"));
    assertEquals(System.getProperty("version"), text(project, "version"));
    // A central repository takes no POM without these.
    for (String tag : new String[] {"name", "description", "url", "license", "developer", "scm"}) {
      assertFalse(tag, text(project, tag).trim().isEmpty());
    }

    Set<String> dependencies = new TreeSet<>();
    NodeList nodes = project.getElementsByTagName("dependency");
    for (int i = 0; i < nodes.getLength(); i++) {
      Element dependency = (Element) nodes.item(i);
      assertTrue(text(dependency, "version").matches("[0-9]+(\\.[0-9]+)+"));
      dependencies.add(text(dependency, "artifactId") + " " + text(dependency, "scope"));
    }
    Set<String> expected = new TreeSet<>();
    Collections.addAll(
        expected,
        "grpc-api compile",
        "grpc-netty-shaded runtime",
        "grpc-protobuf compile",
        "grpc-services runtime",
        "grpc-stub compile",
        "jspecify compile",
        "protobuf-java compile");
    assertEquals(expected, dependencies);
  }

  private static String text(Element parent, String tag) {
    return parent.getElementsByTagName(tag).item(0).getTextContent();
  }
}
