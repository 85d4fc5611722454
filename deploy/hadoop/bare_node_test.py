"""Containers in a root without a C library: they see busybox, Java and their own files."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.hadoop import processes
from deploy.hadoop.cluster import Cluster
from deploy.hadoop.shell_application import run_shell_application, sleeping_application

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
    # YARN's own script fills in variables, those of the environment alone.
    application = run_shell_application(
        cluster, "touch $HADOOP_CONF_DIR/x 2>&1; touch $JAVA_HOME/x 2>&1; echo done"
    )
    first, second, _ = application.said.splitlines()
    assert "Read-only file system" in first
    assert "Read-only file system" in second


def test_a_command_that_fails_is_told(cluster: Cluster) -> None:
    application = run_shell_application(cluster, "echo here; exit 7")
    assert application.final_status == "FAILED"
    assert application.said.splitlines() == ["here"]


def test_mounts_are_seen_by_containers_only(cluster: Cluster) -> None:
    mounts = Path("/proc/self/mountinfo").read_text()
    assert str(cluster.state.folder) not in mounts


def test_containers_of_a_lost_machine_are_gone(cluster: Cluster) -> None:
    with sleeping_application(cluster) as pid:
        cluster.kill("nodemanager-1", containers=True)
        assert processes.members(cluster.state.folder, "nodemanager-1") == []
        assert processes.start_ticks(pid) is None
