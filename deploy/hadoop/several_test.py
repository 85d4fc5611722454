"""Clusters beside each other, nodes of both kinds in one, applications that outlive a master."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.hadoop import processes
from deploy.hadoop.cluster import Cluster
from deploy.hadoop.errors import ClusterError
from deploy.hadoop.shell_application import run_shell_application


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cluster, Cluster]]:
    """Two clusters; the first has two nodes and two DataNodes."""
    folder = tmp_path_factory.mktemp("hadoop")
    with Cluster(folder / "one", nodes=2, datanodes=2) as one, Cluster(folder / "two") as two:
        yield one, two


def test_what_one_has_the_other_has_not(pair: tuple[Cluster, Cluster]) -> None:
    one, two = pair
    one.run("hdfs", "dfs", "-touchz", "/mine")
    with pytest.raises(ClusterError, match="No such file"):
        two.run("hdfs", "dfs", "-stat", "/mine")
    for cluster, count in ((one, 2), (two, 1)):
        listed = cluster.run("yarn", "node", "-list").stdout
        assert f"Total Nodes:{count}" in listed


def test_a_stop_of_one_leaves_the_other(pair: tuple[Cluster, Cluster]) -> None:
    one, two = pair
    two.stop()
    assert processes.members(two.state.folder) == []
    assert {daemon.state for daemon in one.status()} == {"ready"}
    two.start()


def test_a_lost_datanode_s_blocks_are_read_from_the_other(pair: tuple[Cluster, Cluster]) -> None:
    one, _ = pair
    one.run("hdfs", "dfs", "-cp", f"file://{__file__}", "/this")
    one.run("hdfs", "dfs", "-setrep", "-w", "2", "/this", seconds=900)
    one.kill("datanode-1")
    assert one.run("hdfs", "dfs", "-cat", "/this").stdout == Path(__file__).read_text()
    one.start("datanode-1")
    assert {daemon.state for daemon in one.status()} == {"ready"}


def test_the_resourcemanager_is_restarted_and_knows_its_applications(
    pair: tuple[Cluster, Cluster],
) -> None:
    one, _ = pair
    application = run_shell_application(one, "true")
    one.kill("resourcemanager")
    one.start("resourcemanager")
    listed = one.run("yarn", "application", "-list", "-appStates", "FINISHED").stdout
    assert application.id in listed
    assert run_shell_application(one, "true").final_status == "SUCCEEDED"


def test_nodes_can_be_added_while_it_runs(pair: tuple[Cluster, Cluster]) -> None:
    one, two = pair
    folder = two.state.folder
    Cluster(folder, nodes=2).start()
    assert "Total Nodes:2" in two.run("yarn", "node", "-list").stdout
    with pytest.raises(ClusterError, match="nodemanager-2 runs and would not be part of it"):
        Cluster(folder, nodes=1).start()
    assert one.state.folder != folder


@pytest.mark.skipif(
    os.geteuid() != 0 and not os.environ.get("CI"), reason="only root can enter a root"
)
def test_both_kinds_of_nodes_are_in_one_cluster(tmp_path: Path) -> None:
    with Cluster(tmp_path / "cluster", nodes=1, bare_nodes=1) as cluster:
        assert [one.root for one in cluster.status()][-2:] == ["machine", "bare"]
        assert "Total Nodes:2" in cluster.run("yarn", "node", "-list").stdout
