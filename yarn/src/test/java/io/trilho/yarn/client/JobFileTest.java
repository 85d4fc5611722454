package io.trilho.yarn.client;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNull;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import io.trilho.yarn.job.Job;
import io.trilho.yarn.job.Role;
import io.trilho.yarn.job.RoleType;
import io.trilho.yarn.protocol.Outcome;
import java.nio.file.Paths;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.junit.runners.JUnit4;

@RunWith(JUnit4.class)
public final class JobFileTest {
  private static Job job(String yaml) throws JobException {
    return JobFile.parse(yaml, "job.yaml").job();
  }

  private static String problems(String yaml) {
    JobException e = assertThrows(JobException.class, () -> job(yaml));
    assertEquals(Outcome.INVALID_INPUT, e.outcome());
    return e.getMessage();
  }

  @Test
  public void aScriptAloneIsAJobOfOneWorker() throws Exception {
    Job job = job("script: jobs/train.sh");
    assertEquals("trilho", job.name());
    assertEquals("default", job.queue());
    assertEquals(Duration.ZERO, job.timeout());
    assertEquals(2, job.attempts());
    assertTrue(job.keepsContainers());
    assertEquals(1, job.roles().size());
    Role worker = job.role(RoleType.WORKER);
    assertEquals(1, worker.count());
    assertEquals(1024, worker.memory());
    assertEquals(Collections.singletonList("./train.sh"), worker.command());
  }

  @Test
  public void allFieldsAreRead() throws Exception {
    Job job =
        job(
            String.join(
                "\n",
                "name: census",
                "queue: research",
                "priority: 7",
                "timeout: 90m",
                "tags: [nightly]",
                "attempts: 3",
                "keep_containers: false",
                "master: {memory: 1g, vcores: 2}",
                "container: {memory: 2g, vcores: 2}",
                "command: [python3, train.py]",
                "arguments: [--steps, 100]",
                "environment: {LANG: C}",
                "files: [train.py, 'hdfs://h/data.csv#rows.csv']",
                "archives: [env.tar.gz]",
                "restarts: {max: 5, back_off: 1s, max_back_off: 10s}",
                "gang: {timeout: 1m, back_off: 2s}",
                "heartbeat: {interval: 500ms, timeout: 20s, master_timeout: 3m}",
                "stop_grace: 5s",
                "hold_ports: false",
                "roles:",
                "  chief: {memory: 4g}",
                "  worker: {count: 3, environment: {OMP_NUM_THREADS: 2}}",
                "  evaluator: {command: 'evaluate | tee log', arguments: [a b]}"));
    assertEquals("census", job.name());
    assertEquals("research", job.queue());
    assertEquals(7, job.priority());
    assertEquals(Duration.ofMinutes(90), job.timeout());
    assertEquals(Collections.singletonList("nightly"), job.tags());
    assertEquals(3, job.attempts());
    assertEquals(false, job.keepsContainers());
    assertEquals(1024, job.masterMemory());
    assertEquals(2, job.masterVcores());
    assertEquals(Arrays.asList("train.py", "hdfs://h/data.csv#rows.csv"), job.files());
    assertEquals(Collections.singletonList("env.tar.gz"), job.archives());
    assertNull(job.script());
    assertEquals(5, job.policy().maxRestarts());
    assertEquals(Duration.ofSeconds(10), job.policy().maxBackOff());
    assertEquals(Duration.ofMinutes(1), job.policy().gangTimeout());
    assertEquals(Duration.ofMillis(500), job.policy().heartbeatInterval());
    assertEquals(Duration.ofMinutes(3), job.policy().masterTimeout());
    assertEquals(false, job.policy().holdsPorts());
    Role chief = job.role(RoleType.CHIEF);
    assertEquals(4096, chief.memory());
    assertEquals(2, chief.vcores());
    assertEquals(Arrays.asList("python3", "train.py", "--steps", "100"), chief.command());
    assertEquals("2", job.role(RoleType.WORKER).environment().get("OMP_NUM_THREADS"));
    assertEquals("C", job.role(RoleType.WORKER).environment().get("LANG"));
    assertEquals(
        "a text is for a shell, which gets the arguments",
        Arrays.asList("/bin/sh", "-c", "evaluate | tee log", "command", "a b"),
        job.role(RoleType.EVALUATOR).command());
  }

  @Test
  public void jsonIsYaml() throws Exception {
    assertEquals(2, job("{\"command\": [\"a\"], \"containers\": 2}").role(RoleType.WORKER).count());
  }

  @Test
  public void eachProblemIsNamedWithItsFieldAndWhatCanBeThere() {
    String text =
        problems(
            String.join(
                "\n",
                "quue: x",
                "priority: high",
                "timeout: soon",
                "master: {memory: 1x}",
                "roles: {worker: {count: 0, vcors: 1}, helper: {}}",
                "environment: {A-B: 1}"));
    assertContains(text, "quue: no such field; did you mean queue?");
    assertContains(text, "priority: expected a whole number from 0 to 2147483647, found 'high'");
    assertContains(text, "timeout: expected a time such as 500ms, 90s, 10m or 2h, found soon");
    assertContains(text, "master.memory: expected memory such as 512m or 2g, found 1x");
    assertContains(text, "roles.worker.count: expected a whole number from 1 to 10000, found '0'");
    assertContains(text, "roles.worker.vcors: no such field; did you mean vcores?");
    assertContains(
        text, "roles.helper: no such field; there are chief, evaluator, ps, untracked, worker");
    assertContains(text, "environment: no variable can be named 'A-B'");
    assertContains(text, "roles.worker.command: expected a command here or for the whole job");
  }

  private static void assertContains(String text, String part) {
    assertTrue(text + "\nlacks\n" + part, text.contains(part));
  }

  @Test
  public void aJobNeedsSomebodyWhoTrains() {
    assertContains(
        problems("{command: [a], roles: {ps: {}}}"), "roles: expected a chief or workers");
    assertContains(
        problems("{command: [a], roles: {chief: {count: 2}}}"), "from 1 to 1, found '2'");
    assertContains(problems("{command: [a], containers: 2, roles: {worker: {}}}"), "not both");
  }

  @Test
  public void namesInContainersAreSafeAndDiffer() {
    assertContains(
        problems("{command: [a], files: [a/x.py, b/x.py]}"), "the second file named x.py");
    assertContains(
        problems("{command: [a], files: ['a b.py']}"), "would be 'a b.py' in a container");
    assertContains(problems("{script: 'a$(b).sh'}"), "FILE#NAME gives another name");
    assertContains(
        problems("{command: [a], files: [x#trilho-token]}"), "not a name that begins with trilho-");
  }

  @Test
  public void timesThatContradictEachOtherAreRefused() {
    assertContains(
        problems("{command: [a], heartbeat: {interval: 10s, timeout: 20s}}"),
        "heartbeat.timeout: expected 30s or more");
    assertContains(
        problems("{command: [a], restarts: {back_off: 1m, max_back_off: 1s}}"),
        "restarts.max_back_off: expected 1m or more");
  }

  @Test
  public void settingsChangeFields() throws Exception {
    Job job =
        JobFile.parse("{command: [a], roles: {worker: {count: 2}}}", "job.yaml")
            .set("roles.worker.count=4")
            .set("roles.worker.memory=3g")
            .set("arguments=[--fast, 1]")
            .set("master.memory=")
            .job();
    assertEquals(4, job.role(RoleType.WORKER).count());
    assertEquals(3072, job.role(RoleType.WORKER).memory());
    assertEquals(Arrays.asList("a", "--fast", "1"), job.role(RoleType.WORKER).command());
    assertEquals("nothing is the default", 512, job.masterMemory());
  }

  @Test
  public void settingsThatCannotBeAreRefused() {
    assertContains(
        assertThrows(JobException.class, () -> JobFile.empty().set("roles")).getMessage(),
        "FIELD=VALUE");
    assertContains(
        assertThrows(
                JobException.class, () -> JobFile.parse("{queue: a}", "job").set("queue.size=1"))
            .getMessage(),
        "queue is no mapping");
  }

  @Test
  public void filesThatAreNoJobsAreRefused() {
    assertContains(
        assertThrows(JobException.class, () -> JobFile.read(Paths.get("none.yaml"))).getMessage(),
        "there is no job file none.yaml");
    assertContains(problems("just a text"), "expected fields");
    assertContains(problems("{a: 1, a: 2}"), "is no YAML");
  }

  @Test
  public void aJobCanBeReadAgainFromItsFields() throws Exception {
    Job job = job("{command: [a], containers: 3, container: {memory: 2g}}");
    Job again = Job.of(job.fields());
    assertEquals(3, again.role(RoleType.WORKER).count());
    assertEquals(2048, again.role(RoleType.WORKER).memory());
  }
}
