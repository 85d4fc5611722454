"""The state folder, ports, and the processes of a cluster, without a cluster."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deploy.hadoop import parts, processes
from deploy.hadoop.cluster import Cluster
from deploy.hadoop.errors import ClusterError
from deploy.hadoop.plan import Plan
from deploy.hadoop.ports import HOST, chosen_ports, describe_owner, is_taken
from deploy.hadoop.state import State


def test_a_folder_of_others_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(ClusterError, match=r"other files \(thesis.tex\)"):
        Cluster(tmp_path).start()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_path_that_hadoop_would_split_is_refused(tmp_path: Path) -> None:
    for name in ("with blank", "with,comma", "é"):
        with pytest.raises(ClusterError, match="letters, digits"):
            State(tmp_path / name)


def test_nothing_is_made_for_a_cluster_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="at least one of nodes"):
        Cluster(tmp_path / "new", nodes=0).start()
    with pytest.raises(ClusterError, match="no cluster is in"):
        Cluster(tmp_path / "new").stop()
    assert not (tmp_path / "new").exists()


def test_clean_leaves_the_files_of_others(tmp_path: Path) -> None:
    state = State(tmp_path / "cluster")
    with state.locked(make=True):
        state.save(Plan())
    (state.hdfs / "name").mkdir(parents=True)
    mine = state.folder / "notes.txt"
    mine.touch()
    assert Cluster(state.folder).clean() == ["notes.txt"]
    assert list(state.folder.iterdir()) == [mine]
    assert not state.exists()


def test_clean_removes_the_folder_if_nothing_is_left(tmp_path: Path) -> None:
    state = State(tmp_path / "cluster")
    with state.locked(make=True):
        state.save(Plan())
    assert not Cluster(state.folder).clean()
    assert not state.folder.exists()


def test_a_second_command_is_told_who_works_there(tmp_path: Path) -> None:
    state = State(tmp_path)
    with (
        state.locked(make=True),
        pytest.raises(ClusterError, match=f"process {os.getpid()} is changing"),
        State(tmp_path).locked(make=True),
    ):
        pass


def test_another_version_s_cluster_is_told(tmp_path: Path) -> None:
    state = State(tmp_path)
    (tmp_path / "trilho-hadoop.json").write_text('{"format": 99}')
    with pytest.raises(ClusterError, match="cannot be read: not of format 1"):
        state.load()


def test_two_clusters_that_start_at_once_get_different_ports() -> None:
    names = [f"port-{i}" for i in range(50)]
    with chosen_ports(names) as one, chosen_ports(names) as other:
        assert len({*one.values(), *other.values()}) == 100
        # A daemon can listen on what is reserved for it.
        port = one["port-0"]
        assert not is_taken(port)
        with socket.socket() as daemon:
            daemon.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            daemon.bind((HOST, port))
            daemon.listen()
            assert is_taken(port)
            assert describe_owner(port).startswith(f"process {os.getpid()} (")


def test_processes_of_a_cluster_are_found_by_their_environment(tmp_path: Path) -> None:
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    marked = {**os.environ, processes.CLUSTER_VARIABLE: str(tmp_path)}
    nodes = [
        {**marked, processes.NODE_VARIABLE: "nodemanager-1"},
        # A container's, which has nothing of its NodeManager's environment.
        {"LOCAL_DIRS": f"{tmp_path}/nodes/nodemanager-2/local/usercache/me,/other"},
    ]
    started = [subprocess.Popen(sleep, env=node) for node in nodes]
    try:
        deadline = time.monotonic() + 60
        # Until exec is done, they have this test's environment.
        while len(processes.members(tmp_path)) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert processes.members(tmp_path) == sorted(one.pid for one in started)
        assert processes.members(tmp_path, "nodemanager-2") == [started[1].pid]
        assert processes.members(tmp_path.parent) == []
        assert processes.kill_all([started[0].pid]) == []
        assert processes.members(tmp_path) == [started[1].pid]
    finally:
        for one in started:
            one.kill()
            one.wait()


def test_a_java_that_hadoop_does_not_run_on_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(ClusterError, match="no Java by JAVA_HOME"):
        parts.find_java()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/java").touch(0o755)
    with pytest.raises(ClusterError, match="has no file `release`"):
        parts.find_java()
    (tmp_path / "release").write_text('JAVA_VERSION="25.0.2"\n')
    with pytest.raises(ClusterError, match=r"Java 8 to 22, and .* \(JAVA_HOME\) is 25"):
        parts.find_java()
    (tmp_path / "release").write_text('JAVA_VERSION="1.8.0_402"\n')
    assert parts.find_java().major == 8


@pytest.mark.skipif(os.geteuid() == 0, reason="root may")
def test_only_root_has_bare_nodes(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="only root can"):
        Cluster(tmp_path / "new", bare_nodes=1).start()
