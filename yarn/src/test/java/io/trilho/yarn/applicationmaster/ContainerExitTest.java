package io.trilho.yarn.applicationmaster;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertFalse;
import static org.junit.Assert.assertTrue;

import org.apache.hadoop.yarn.api.records.ContainerExitStatus;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.junit.runners.JUnit4;

@RunWith(JUnit4.class)
public final class ContainerExitTest {
  @Test
  public void numbersAreHadoops() {
    assertEquals(ContainerExitStatus.INVALID, ContainerExit.INVALID);
    assertEquals(ContainerExitStatus.ABORTED, ContainerExit.ABORTED);
    assertEquals(ContainerExitStatus.DISKS_FAILED, ContainerExit.DISKS_FAILED);
    assertEquals(ContainerExitStatus.PREEMPTED, ContainerExit.PREEMPTED);
    assertEquals(ContainerExitStatus.KILLED_EXCEEDED_VMEM, ContainerExit.KILLED_EXCEEDED_VMEM);
    assertEquals(ContainerExitStatus.KILLED_EXCEEDED_PMEM, ContainerExit.KILLED_EXCEEDED_PMEM);
    assertEquals(
        ContainerExitStatus.KILLED_BY_RESOURCEMANAGER, ContainerExit.KILLED_BY_RESOURCEMANAGER);
    assertEquals(
        ContainerExitStatus.KILLED_BY_CONTAINER_SCHEDULER,
        ContainerExit.KILLED_BY_CONTAINER_SCHEDULER);
  }

  @Test
  public void whatTheClusterTakesDoesNotCount() {
    assertFalse(ContainerExit.classify(ContainerExit.PREEMPTED, "").kind.counts());
    assertFalse(ContainerExit.classify(ContainerExit.ABORTED, "").kind.counts());
    assertFalse(ContainerExit.classify(ContainerExit.DISKS_FAILED, "").kind.counts());
    assertTrue(ContainerExit.classify(ContainerExit.KILLED_EXCEEDED_PMEM, "").kind.counts());
    assertTrue(ContainerExit.classify(1, "").kind.counts());
  }

  @Test
  public void theTwoLimitsOfMemoryAreToldApart() {
    Loss physical = ContainerExit.classify(ContainerExit.KILLED_EXCEEDED_PMEM, "");
    Loss virtual = ContainerExit.classify(ContainerExit.KILLED_EXCEEDED_VMEM, "");
    assertEquals(Loss.Kind.MEMORY, physical.kind);
    assertTrue(physical.reason, physical.reason.contains("give the role more memory"));
    assertTrue(virtual.reason, virtual.reason.contains("vmem-check-enabled"));
  }

  @Test
  public void diagnosticsAreOneLineOfBoundedLength() {
    String reason = ContainerExit.classify(143, "a\n\n  b").reason;
    assertEquals("killed by signal 15 (YARN: a b)", reason);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 1000; i++) {
      text.append("12345678");
    }
    assertTrue(ContainerExit.classify(1, text.toString()).reason.length() < 600);
  }
}
