"""Containers in a root without a C library: they see busybox, Java and their own files."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.hadoop import processes
from deploy.hadoop.cluster import Cluster
from deploy.hadoop.shell_application import run_shell_application

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 and not os.environ.get("CI"), reason="only root can enter a root"
)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster whose only node is a bare one, so that application masters run there, too."""
    with Cluster(tmp_path_factory.mktemp("hadoop") / "cluster", nodes=0, bare_nodes=1) as running:
        yield running


def test_an_application_runs_without_a_c_library(cluster: Cluster) -> None:
    looks = (
        "ls /lib /lib64 /usr 2>&1 | grep -c 'No such file'; readlink /bin/ls; pwd;"
        " echo $JAVA_HOME; cat /proc/self/comm; echo more > /written"
    )
    application = run_shell_application(cluster, looks)
    assert application.final_status == "SUCCEEDED", application.diagnostics
    missing, tool, folder, java, command = application.said.splitlines()
    node = cluster.state.nodes / "nodemanager-1"
    assert (missing, tool, command) == ("3", "busybox", "cat")
    assert folder.startswith(str(node / "local"))
    assert java == str(cluster.state.java)
    # The machine's own root was not touched.
    assert (node / "root/written").read_text() == "more\n"
    assert not Path("/written").exists()


def test_what_is_hadoop_s_cannot_be_written_to(cluster: Cluster) -> None:
    application = run_shell_application(
        cluster,
        "for folder in $HADOOP_CONF_DIR $JAVA_HOME; do touch $folder/x 2>&1; done; echo done",
    )
    first, second, _ = application.said.splitlines()
    assert "Read-only file system" in first
    assert "Read-only file system" in second


def test_a_command_that_fails_is_told(cluster: Cluster) -> None:
    application = run_shell_application(cluster, "echo here; exit 7")
    assert application.final_status == "FAILED"
    assert application.said == "here"


def test_mounts_are_seen_by_containers_only(cluster: Cluster) -> None:
    mounts = Path("/proc/self/mountinfo").read_text()
    assert str(cluster.state.folder) not in mounts


def test_containers_of_a_lost_machine_are_gone(cluster: Cluster) -> None:
    (jar,) = cluster.parts.jars.glob("hadoop-yarn-applications-distributedshell-*.jar")
    words = cluster.client_words(
        "org.apache.hadoop.yarn.applications.distributedshell.Client",
        *("-jar", str(jar), "-shell_command", "exec sleep 4321", "-master_memory", "256"),
        *("-container_memory", "64"),
    )
    with subprocess.Popen(
        words,
        env=cluster.program_environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as client:
        try:
            wait_for_command(cluster, "sleep\0004321")
            cluster.kill("nodemanager-1", containers=True)
            assert processes.members(cluster.state.folder, "nodemanager-1") == []
        finally:
            client.kill()


def wait_for_command(cluster: Cluster, words: str) -> None:
    """Waits until a process of the node has this command line."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for pid in processes.members(cluster.state.folder, "nodemanager-1"):
            try:
                if words in Path(f"/proc/{pid}/cmdline").read_text():
                    return
            except OSError:
                continue
        time.sleep(0.1)
    pytest.fail(f"no container runs {words!r}")
