"""What a user is told when a cluster does not come up, and that nothing is left of it."""

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.hadoop import processes
from deploy.hadoop.cluster import Cluster
from deploy.hadoop.errors import ClusterError
from deploy.hadoop.ports import HOST
from deploy.testing.runfile import runfile


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A state folder, whose processes must be gone at the end."""
    yield tmp_path / "cluster"
    assert processes.members(tmp_path / "cluster") == []


def command(folder: Path, *words: str) -> list[str]:
    return [str(runfile("deploy/hadoop/trilho-hadoop")), "--state", str(folder), *words]


def run(folder: Path, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command(folder, *words), capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


def test_a_daemon_that_ends_is_named_with_the_last_lines_of_its_log(folder: Path) -> None:
    broken = {"yarn.resourcemanager.scheduler.class": "no.such.Scheduler"}
    with pytest.raises(ClusterError) as failed:
        Cluster(folder, settings=broken).start("resourcemanager")
    first, *last = str(failed.value).splitlines()
    assert first.startswith("resourcemanager has ended while it started; ")
    assert str(folder / "logs/resourcemanager.log") in first
    assert any("no.such.Scheduler" in line for line in last), last


def test_java_that_does_not_start_is_told_too(folder: Path) -> None:
    with pytest.raises(ClusterError, match=r"resourcemanager has ended(.|\n)*heap"):
        Cluster(folder, heap_mb=100_000_000).start("resourcemanager")


def test_a_port_that_is_taken_is_named_with_its_owner(folder: Path) -> None:
    cluster = Cluster(folder, heap_mb=100_000_000)
    with pytest.raises(ClusterError):
        cluster.start("resourcemanager")
    port = cluster.plan.ports["namenode-http"]
    with socket.socket() as other:
        other.bind((HOST, port))
        other.listen()
        said = rf"namenode: its port {port} \(namenode-http\) is taken by process {os.getpid()} "
        with pytest.raises(ClusterError, match=said):
            cluster.start()


def test_ctrl_c_in_a_start_leaves_no_process(folder: Path) -> None:
    # Whatever runs this test may ignore it, and children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(
        command(folder, "start"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as start:
        timer = threading.Timer(120, start.kill)
        timer.start()
        assert start.stdout is not None
        # Daemons are there, and HDFS is being formatted.
        assert any(line.startswith("resourcemanager started as") for line in start.stdout)
        assert processes.members(folder)
        start.send_signal(signal.SIGINT)
        _, errors = start.communicate()
        timer.cancel()
    assert start.returncode == 130
    assert "interrupted; what was started is stopped" in errors
    # The format is a child too, though no daemon.
    assert not (folder / "hdfs/name").exists()
    assert "stopped" in run(folder, "status", code=3).stdout
    run(folder, "clean")
    assert not folder.exists()


def test_commands_for_a_cluster_that_is_not_there_say_so(folder: Path) -> None:
    for words in (["stop"], ["status"], ["logs"], ["env"], ["clean"], ["run", "hdfs", "dfs"]):
        assert "no cluster is in" in run(folder, *words, code=1).stderr


def test_wrong_words_are_told(folder: Path) -> None:
    assert "invalid choice: 'begin'" in run(folder, "begin", code=2).stderr
    said = run(folder, "start", "--set", "df.replication=1", code=2).stderr
    assert "'df.replication' is no setting of Hadoop" in said
    assert not folder.exists()
