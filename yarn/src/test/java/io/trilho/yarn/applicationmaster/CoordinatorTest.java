package io.trilho.yarn.applicationmaster;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertNotEquals;
import static org.junit.Assert.assertTrue;

import io.trilho.yarn.protocol.JobSnapshot;
import io.trilho.yarn.protocol.JobSnapshot.Phase;
import io.trilho.yarn.protocol.JobSnapshot.TaskState.Stage;
import io.trilho.yarn.protocol.Outcome;
import io.trilho.yarn.protocol.TaskOrder;
import io.trilho.yarn.protocol.TaskOrder.Kind;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.junit.runners.JUnit4;

/** The coordinator's decisions, with a cluster that does only what a test says. */
@RunWith(JUnit4.class)
public final class CoordinatorTest {
  private static final String TWO_WORKERS = "{containers: 2, command: [train]}";

  @Test
  public void aGangStartsWhenAllHaveRegistered() throws Exception {
    FakeCluster cluster = new FakeCluster(TWO_WORKERS).begin();
    FakeTask first = cluster.allocate("worker:0");
    assertEquals(Kind.WAIT, first.register());
    assertEquals("one alone does not run", Kind.WAIT, first.waits());
    FakeTask second = cluster.allocate("worker:1");
    second.register();
    assertEquals(Kind.RUN, second.waits());
    TaskOrder order = first.report();
    assertEquals(Kind.RUN, order.kind);
    assertEquals(
        Collections.singletonMap("worker", Arrays.asList(first.address(), second.address())),
        order.cluster);
  }

  @Test
  public void theJobIsDoneWhenAllWorkersAre() throws Exception {
    FakeCluster cluster = new FakeCluster(TWO_WORKERS).begin();
    FakeTask first = cluster.allocate("worker:0");
    FakeTask second = cluster.allocate("worker:1");
    cluster.runAll();
    assertEquals(Kind.STOP, first.exits(0));
    assertEquals(Phase.RUNNING, cluster.state().phase);
    second.exits(0);
    assertEquals(Outcome.SUCCEEDED, cluster.state().outcome);
    assertFalse("containers have time to end", cluster.isOver());
    cluster.completed(first, 0);
    cluster.completed(second, 0);
    assertTrue(cluster.isOver());
  }

  @Test
  public void theJobIsDoneWhenTheChiefIs() throws Exception {
    FakeCluster cluster =
        new FakeCluster("{command: [train], roles: {chief: {}, worker: {}, ps: {}, evaluator: {}}}")
            .begin();
    FakeTask chief = cluster.allocate("chief:0");
    FakeTask worker = cluster.allocate("worker:0");
    cluster.allocate("ps:0");
    cluster.runAll();
    chief.exits(0);
    assertEquals(Outcome.SUCCEEDED, cluster.state().outcome);
    assertEquals("the others are stopped", Kind.STOP, worker.runs());
    assertEquals(Stage.STOPPED, cluster.task("ps:0").stage);
  }

  @Test
  public void theClusterOfTfConfigHasTheGangOnly() throws Exception {
    FakeCluster cluster =
        new FakeCluster(
                "{command: [train], roles: {chief: {}, worker: {}, evaluator: {}, untracked: {}}}")
            .begin();
    FakeTask untracked = cluster.allocate("untracked:0");
    assertEquals(Kind.WAIT, untracked.register());
    assertEquals("it waits for nobody", Kind.RUN, untracked.waits());
    FakeTask evaluator = cluster.allocate("evaluator:0");
    evaluator.register();
    assertEquals("it waits for the gang's addresses", Kind.WAIT, evaluator.waits());
    cluster.allocate("chief:0");
    cluster.allocate("worker:0");
    cluster.runAll();
    TaskOrder order = evaluator.report();
    assertEquals(Kind.RUN, order.kind);
    assertEquals(new HashSet<>(Arrays.asList("chief", "worker")), order.cluster.keySet());
  }

  @Test
  public void whenOneFailsAllStartAnewWhereTheyAre() throws Exception {
    FakeCluster cluster = new FakeCluster(TWO_WORKERS).begin();
    FakeTask first = cluster.allocate("worker:0");
    FakeTask second = cluster.allocate("worker:1");
    cluster.runAll();
    assertEquals("its container is kept", Kind.WAIT, first.exits(1));
    assertEquals("the other is told to stop and wait", Kind.WAIT, second.runs());
    assertEquals(1, cluster.state().restarts);
    cluster.pass(5_000);
    cluster.runAll();
    assertEquals(2, first.generation());
    assertEquals(Kind.RUN, second.runs());
    assertEquals("no container was asked for again", 2, cluster.requests());
  }

  @Test
  public void aFailureThatFollowsAnotherIsNotCounted() throws Exception {
    FakeCluster cluster = new FakeCluster(TWO_WORKERS).begin();
    FakeTask first = cluster.allocate("worker:0");
    FakeTask second = cluster.allocate("worker:1");
    cluster.runAll();
    first.exits(1);
    assertEquals(Kind.WAIT, second.exits(1));
    assertEquals(1, cluster.state().restarts);
    assertEquals("but kept for the history", 2, cluster.state().failures.size());
  }

  @Test
  public void aContainerInWhichTheCommandFailsAgainIsReplaced() throws Exception {
    FakeCluster cluster = new FakeCluster("{containers: 1, command: [train]}").begin();
    FakeTask worker = cluster.allocate("worker:0");
    cluster.runAll();
    assertEquals(Kind.WAIT, worker.exits(1));
    cluster.pass(5_000);
    cluster.runAll();
    assertEquals(Kind.STOP, worker.exits(1));
    cluster.pass(10_000);
    assertEquals(2, cluster.requests());
    assertTrue("if it does not end by itself it is ended", cluster.released(worker));
  }

  @Test
  public void aKilledContainerIsReplacedAndTheOthersKeepTheirs() throws Exception {
    FakeCluster cluster = new FakeCluster(TWO_WORKERS).begin();
    FakeTask first = cluster.allocate("worker:0");
    FakeTask second = cluster.allocate("worker:1");
    cluster.runAll();
    cluster.completed(second, 137);
    assertEquals(Kind.WAIT, first.runs());
    assertEquals("not before the back-off", 2, cluster.requests());
    cluster.pass(5_000);
    assertEquals(3, cluster.requests());
    FakeTask anew = cluster.allocate("worker:1");
    cluster.runAll();
    assertEquals(Kind.RUN, anew.runs());
    assertEquals(Kind.RUN, first.runs());
    assertEquals(Kind.STOP, second.runs());
    assertEquals("killed by SIGKILL (YARN: text)", cluster.state().failures.get(0).reason);
  }

  @Test
  public void theJobFailsAfterItsRestartsAndNamesTheFailureThatExplainsIt() throws Exception {
    FakeCluster cluster =
        new FakeCluster("{containers: 2, command: [train], restarts: {max: 1}}").begin();
    FakeTask first = cluster.allocate("worker:0");
    FakeTask second = cluster.allocate("worker:1");
    cluster.runAll();
    first.exits(3);
    cluster.pass(5_000);
    cluster.runAll();
    first.exits(1);
    assertEquals("the reason may still come", Phase.FAILING, cluster.state().phase);
    cluster.completed(second, ContainerExit.KILLED_EXCEEDED_PMEM);
    cluster.pass(2_000);
    JobSnapshot end = cluster.state();
    assertEquals(Outcome.JOB_FAILED, end.outcome);
    assertTrue(end.message, end.message.startsWith("worker:1 on node-"));
    assertTrue(end.message, end.message.contains("give the role more memory"));
    assertTrue(end.message, end.message.contains("after 1 restart; log: trilho-yarn logs "));
  }

  @Test
  public void restartsWaitTwiceAsLongEachTime() throws Exception {
    FakeCluster cluster =
        new FakeCluster(
                "{containers: 1, command: [train], restarts: {max: 9, back_off: 1s, max_back_off:"
                    + " 3s}}")
            .begin();
    FakeTask worker = cluster.allocate("worker:0");
    for (long wait : new long[] {1_000, 2_000, 3_000, 3_000}) {
      cluster.runAll();
      if (worker.exits(1) == Kind.STOP) {
        cluster.pass(wait);
        worker = cluster.allocate("worker:0");
      } else {
        cluster.pass(wait - 1);
        assertEquals(Phase.BACKING_OFF, cluster.state().phase);
        cluster.pass(1);
      }
      assertEquals(Phase.GATHERING, cluster.state().phase);
    }
  }

  @Test
  public void preemptedContainersAndLostNodesAreNoFailures() throws Exception {
    FakeCluster cluster =
        new FakeCluster("{containers: 1, command: [train], restarts: {max: 0}}").begin();
    for (int status :
        new int[] {ContainerExit.PREEMPTED, ContainerExit.ABORTED, ContainerExit.DISKS_FAILED}) {
      FakeTask worker = cluster.allocate("worker:0");
      cluster.runAll();
      cluster.completed(worker, status);
      cluster.pass(5_000);
    }
    assertEquals(0, cluster.state().restarts);
    assertEquals(3, cluster.state().clusterRestarts);
    assertEquals(Phase.GATHERING, cluster.state().phase);
  }

  @Test
  public void aContainerThatDiesBeforeItRegistersCounts() throws Exception {
    FakeCluster cluster =
        new FakeCluster("{containers: 2, command: [train], restarts: {max: 1}}").begin();
    cluster.completed(cluster.allocate("worker:0"), 1);
    FakeTask second = cluster.allocate("worker:1");
    cluster.completed(second, 1);
    assertEquals("both died for one reason", 1, cluster.state().restarts);
    cluster.pass(5_000);
    cluster.completed(cluster.allocate("worker:0"), 1);
    cluster.pass(2_000);
    assertEquals(Outcome.JOB_FAILED, cluster.state().outcome);
  }

  @Test
  public void containersThatCannotBeStartedAreTheClustersFault() throws Exception {
    FakeCluster cluster =
        new FakeCluster("{containers: 1, command: [train], restarts: {max: 0}}").begin();
    cluster.completed(cluster.allocate("worker:0"), ContainerExit.INVALID);
    cluster.pass(2_000);
    assertEquals(Outcome.CLUSTER_FAILED, cluster.state().outcome);
  }

  @Test
  public void aSilentTaskIsLost() throws Exception {
    FakeCluster cluster = new FakeCluster(TWO_WORKERS).begin();
    FakeTask first = cluster.allocate("worker:0");
    FakeTask second = cluster.allocate("worker:1");
    cluster.runAll();
    cluster.pass(20_000);
    first.runs();
    cluster.pass(11_000);
    assertTrue(cluster.released(second));
    assertFalse(cluster.released(first));
    assertEquals("SILENT", cluster.state().failures.get(0).kind);
    assertEquals(1, cluster.state().restarts);
  }

  @Test
  public void anIncompleteGangGivesItsContainersBackAndTriesAgain() throws Exception {
    FakeCluster cluster =
        new FakeCluster("{containers: 2, command: [train], gang: {timeout: 60s, back_off: 10s}}")
            .begin();
    cluster.pass(3_600_000);
    assertEquals("who holds nothing may wait", 0, cluster.state().givenBack);
    FakeTask first = cluster.allocate("worker:0");
    first.register();
    for (int i = 0; i < 6; i++) {
      first.waits();
      cluster.pass(10_000);
    }
    assertTrue(cluster.released(first));
    assertEquals(1, cluster.state().givenBack);
    assertEquals("a failure it is not", 0, cluster.state().restarts);
    assertEquals(Kind.STOP, first.waits());
    assertEquals("the other's request is withdrawn", 0, cluster.open());
    cluster.pass(15_000);
    assertEquals(2, cluster.open());
    FakeTask anew = cluster.allocate("worker:0");
    cluster.allocate("worker:1");
    cluster.runAll();
    assertEquals(Kind.RUN, anew.runs());
  }

  @Test
  public void surplusContainersAreGivenBack() throws Exception {
    FakeCluster cluster = new FakeCluster("{containers: 1, command: [train]}").begin();
    cluster.allocate("worker:0");
    FakeTask surplus = cluster.allocate("worker:0");
    assertTrue(cluster.released(surplus));
  }

  @Test
  public void aLostEvaluatorHarmsNobody() throws Exception {
    FakeCluster cluster =
        new FakeCluster(
                "{command: [train], restarts: {max: 1}, roles: {worker: {}, evaluator: {}}}")
            .begin();
    FakeTask worker = cluster.allocate("worker:0");
    FakeTask evaluator = cluster.allocate("evaluator:0");
    cluster.runAll();
    cluster.completed(evaluator, 137);
    assertEquals(Kind.RUN, worker.runs());
    cluster.pass(5_000);
    evaluator = cluster.allocate("evaluator:0");
    evaluator.register();
    assertEquals(Kind.RUN, evaluator.waits());
    assertEquals(Kind.STOP, evaluator.exits(1));
    assertEquals(Stage.GIVEN_UP, cluster.task("evaluator:0").stage);
    assertEquals(Kind.RUN, worker.runs());
    assertEquals(1, cluster.state().generation);
  }

  @Test
  public void aNextAttemptGoesOnWithTheTasksThatRun() throws Exception {
    FakeCluster cluster = new FakeCluster(TWO_WORKERS).begin();
    FakeTask first = cluster.allocate("worker:0");
    FakeTask second = cluster.allocate("worker:1");
    cluster.runAll();
    FakeCluster next = cluster.nextAttempt(first, second);
    assertEquals("both are called", 2, next.toCall());
    assertEquals(Kind.RUN, next.adopt(first).runs());
    assertEquals(1, next.toCall());
    next.adopt(second).exits(0);
    first.exits(0);
    assertEquals(Outcome.SUCCEEDED, next.state().outcome);
    assertEquals("nobody was restarted", 1, next.state().generation);
    assertEquals(0, next.requests());
  }

  @Test
  public void aNextAttemptReplacesWhatWentWithTheLastOne() throws Exception {
    FakeCluster cluster = new FakeCluster(TWO_WORKERS).begin();
    FakeTask first = cluster.allocate("worker:0");
    cluster.allocate("worker:1");
    cluster.runAll();
    FakeCluster next = cluster.nextAttempt(first);
    assertEquals(Kind.WAIT, next.adopt(first).runs());
    assertEquals(0, next.state().restarts);
    assertEquals(1, next.state().clusterRestarts);
    next.pass(5_000);
    next.allocate("worker:1");
    next.runAll();
    assertEquals(Kind.RUN, first.runs());
  }

  @Test
  public void aNextAttemptWithAnOldJournalStartsAllAnew() throws Exception {
    FakeCluster cluster = new FakeCluster(TWO_WORKERS).begin();
    FakeTask first = cluster.allocate("worker:0");
    FakeTask second = cluster.allocate("worker:1");
    cluster.runAll();
    FakeCluster next = cluster.nextAttempt(first, second);
    first.exits(1);
    cluster.pass(5_000);
    cluster.runAll();
    assertEquals("the old one had restarted them", 2, first.generation());
    next.adopt(first);
    next.adopt(second);
    assertEquals(Kind.WAIT, first.runs());
    assertEquals(3, next.state().generation);
    assertEquals(Kind.WAIT, second.runs());
  }

  @Test
  public void aNextAttemptGivesBackContainersThatItDoesNotKnow() throws Exception {
    FakeCluster cluster = new FakeCluster(TWO_WORKERS).begin();
    FakeTask first = cluster.allocate("worker:0");
    FakeCluster next = cluster.nextAttempt(first);
    assertTrue("it had not registered and cannot be called", next.released(first));
    next.pass(5_000);
    assertEquals(2, next.open());
  }

  @Test
  public void aNextAttemptOfAnEndedJobOnlyTellsItsEnd() throws Exception {
    FakeCluster cluster = new FakeCluster("{containers: 1, command: [train]}").begin();
    FakeTask worker = cluster.allocate("worker:0");
    cluster.runAll();
    worker.exits(0);
    FakeCluster next = cluster.nextAttempt(worker);
    assertEquals(Outcome.SUCCEEDED, next.state().outcome);
    assertTrue(next.released(worker));
    assertTrue(next.isOver());
    assertNotEquals(0, next.state().finished);
  }
}
