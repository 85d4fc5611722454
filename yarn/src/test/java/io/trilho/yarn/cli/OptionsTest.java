package io.trilho.yarn.cli;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertThrows;
import static org.junit.Assert.assertTrue;

import io.trilho.yarn.job.Job;
import io.trilho.yarn.job.Role;
import io.trilho.yarn.job.RoleType;
import java.time.Duration;
import java.util.Arrays;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.junit.runners.JUnit4;

@RunWith(JUnit4.class)
public final class OptionsTest {
  private static Options parse(String... words) {
    return Options.parse(words);
  }

  private static String problem(String... words) {
    return assertThrows(IllegalArgumentException.class, () -> parse(words)).getMessage();
  }

  @Test
  public void aJobCanBeGivenByOptionsAlone() throws Exception {
    Options options =
        parse(
            "submit",
            "--appname",
            "census",
            "--priority=3",
            "--queue",
            "research",
            "--timeout",
            "2h",
            "--master-memory",
            "1g",
            "--master-vcores",
            "2",
            "--container-memory",
            "2g",
            "--container-vcores",
            "3",
            "--num-containers",
            "4",
            "--script",
            "train.sh",
            "--env",
            "A=1=2",
            "--env",
            "B=",
            "--file",
            "x.py",
            "--file",
            "y.py",
            "--archive",
            "z.zip",
            "--keep-containers",
            "false",
            "--",
            "--steps",
            "10");
    Job job = options.job();
    assertEquals("census", job.name());
    assertEquals(3, job.priority());
    assertEquals("research", job.queue());
    assertEquals(Duration.ofHours(2), job.timeout());
    assertEquals(1024, job.masterMemory());
    assertEquals(2, job.masterVcores());
    assertFalse(job.keepsContainers());
    assertEquals(Arrays.asList("x.py", "y.py"), job.files());
    assertEquals(Arrays.asList("z.zip"), job.archives());
    Role worker = job.role(RoleType.WORKER);
    assertEquals(4, worker.count());
    assertEquals(2048, worker.memory());
    assertEquals(3, worker.vcores());
    assertEquals(Arrays.asList("./train.sh", "--steps", "10"), worker.command());
    assertEquals("1=2", worker.environment().get("A"));
    assertEquals("", worker.environment().get("B"));
  }

  @Test
  public void laterSettingsWin() throws Exception {
    Options options =
        parse("submit", "--script", "a", "--num-containers", "4", "--set", "containers=5");
    assertEquals(5, options.job().role(RoleType.WORKER).count());
  }

  @Test
  public void flagsAreRead() {
    Options options =
        parse("submit", "--dry-run", "--detach", "--json", "--verbose", "--on-interrupt", "kill");
    assertTrue(options.isDryRun());
    assertTrue(options.detaches());
    assertTrue(options.isJson());
    assertTrue(options.isVerbose());
    assertTrue(options.killsOnInterrupt());
    assertEquals("dir", String.valueOf(parse("list", "--conf", "dir").configuration()));
    assertEquals("application_1_1", parse("status", "application_1_1").application());
    assertEquals("worker:1", parse("logs", "application_1_1", "worker:1").task());
    assertTrue(parse("--help").isHelp());
  }

  @Test
  public void whatIsWrongIsNamedWithWhatIsRight() {
    assertEquals("a command is missing; there are submit, status, list, logs, kill", problem());
    assertTrue(problem("sumbit").startsWith("no such command sumbit; did you mean submit?"));
    assertTrue(
        problem("submit", "--que", "a").startsWith("no such option --que; did you mean --queue?"));
    assertEquals("--queue needs a value", problem("submit", "--queue"));
    assertEquals("--dry-run takes no value", problem("submit", "--dry-run=1"));
    assertEquals("--env needs NAME=VALUE, found A", problem("submit", "--env", "A"));
    assertEquals("status needs an application, as list shows them", problem("status"));
    assertEquals("list takes no x", problem("list", "x"));
    assertEquals(
        "unexpected b after a; the arguments of a job come after --", problem("submit", "a", "b"));
    assertEquals(
        "--queue is an option of submit, not of kill", problem("kill", "a", "--queue", "b"));
    assertEquals("options of a job go with submit, not with list", problem("--queue", "b", "list"));
    assertEquals(
        "--on-interrupt must be detach or kill, found x", problem("submit", "--on-interrupt", "x"));
  }

  @Test
  public void theHelpKnowsAllOptions() {
    for (String option :
        new String[] {
          "--set",
          "--appname",
          "--priority",
          "--queue",
          "--timeout",
          "--master-memory",
          "--master-vcores",
          "--container-memory",
          "--container-vcores",
          "--num-containers",
          "--script",
          "--env",
          "--file",
          "--archive",
          "--keep-containers",
          "--dry-run",
          "--detach",
          "--on-interrupt",
          "--conf",
          "--json",
          "--verbose",
          "--help"
        }) {
      assertTrue(option, Help.TEXT.contains("  " + option));
    }
  }
}
