"""A cluster of real daemons: HDFS keeps files, applications run, crashes are seen and mended."""

import http.client
import re
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.hadoop import processes
from deploy.hadoop.cluster import Cluster
from deploy.hadoop.errors import ClusterError
from deploy.hadoop.shell_application import run_shell_application, sleeping_application


class Hdfs:
    """What a client without Hadoop does: files over WebHDFS."""

    def __init__(self, cluster: Cluster) -> None:
        self._namenode = urllib.parse.urlsplit(cluster.webhdfs_url).netloc

    def _ask(
        self, method: str, netloc: str, path: str, body: bytes | None = None
    ) -> tuple[int, str, bytes]:
        connection = http.client.HTTPConnection(netloc, timeout=60)
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            return response.status, response.headers.get("Location", ""), response.read()
        finally:
            connection.close()

    def _redirected(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        status, location, said = self._ask(method, self._namenode, path)
        assert status == 307, said
        there = urllib.parse.urlsplit(location)
        status, _, said = self._ask(method, there.netloc, f"{there.path}?{there.query}", body)
        return status, said

    def write(self, path: str, body: bytes) -> None:
        user = processes.user_name()
        place = f"/webhdfs/v1{path}?op=CREATE&user.name={user}"
        status, said = self._redirected("PUT", place, body)
        assert status == 201, said

    def read(self, path: str, *, attempts: int = 1) -> bytes:
        """Reads a file; a DataNode's answer that its own connection ended is no answer yet."""
        for _ in range(attempts):
            status, said = self._redirected("GET", f"/webhdfs/v1{path}?op=OPEN")
            if status != 403 or b"EOFException" not in said:
                break
        assert status == 200, said
        return said

    def status(self, path: str) -> int:
        return self._ask("GET", self._namenode, f"/webhdfs/v1{path}?op=GETFILESTATUS")[0]


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """What the cluster reports."""
    return []


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("hadoop") / "cluster"
    settings = {"yarn.scheduler.maximum-allocation-mb": "1024"}
    with Cluster(folder, report=lines.append, settings=settings) as running:
        yield running


def states(cluster: Cluster) -> dict[str, str]:
    return {daemon.name: daemon.state for daemon in cluster.status()}


def test_a_start_tells_when_each_daemon_is_ready(cluster: Cluster, lines: list[str]) -> None:
    assert set(states(cluster).values()) == {"ready"}
    for name in states(cluster):
        assert any(line.startswith(f"{name} is ready after ") for line in lines), lines


def test_files_are_written_and_read_over_webhdfs(cluster: Cluster) -> None:
    body = bytes(range(256)) * 5000
    Hdfs(cluster).write("/tests/data", body)
    assert Hdfs(cluster).read("/tests/data") == body


def test_hadoop_s_own_client_sees_them(cluster: Cluster) -> None:
    Hdfs(cluster).write("/tests/words", b"one two\n")
    assert cluster.run("hdfs", "dfs", "-cat", "/tests/words").stdout == "one two\n"
    assert f"/user/{processes.user_name()}" in cluster.run("hdfs", "dfs", "-ls", "/user").stdout
    with pytest.raises(ClusterError, match="No such file"):
        cluster.run("hdfs", "dfs", "-cat", "/tests/nothing")


def test_an_application_runs_in_the_machine_s_root(cluster: Cluster) -> None:
    application = run_shell_application(cluster, "id -u; ls /usr/bin/env; pwd")
    assert application.final_status == "SUCCEEDED", application.diagnostics
    user, env, folder = application.said.splitlines()
    assert int(user) == Path(cluster.state.folder).stat().st_uid
    assert env == "/usr/bin/env"
    assert folder.startswith(str(cluster.state.nodes / "nodemanager-1" / "local"))


def test_a_setting_reaches_the_scheduler(cluster: Cluster) -> None:
    url = f"{cluster.resourcemanager_url}/conf"
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310
        said = answer.read().decode()
    assert re.search(r"yarn.scheduler.maximum-allocation-mb</name>\s*<value>1024<", said)


def test_a_killed_nodemanager_is_seen_and_started_again(cluster: Cluster) -> None:
    cluster.kill("nodemanager-1")
    assert states(cluster)["nodemanager-1"] == "crashed"
    before = {daemon.name: daemon.pid for daemon in cluster.status()}
    cluster.start()
    assert set(states(cluster).values()) == {"ready"}
    after = {daemon.name: daemon.pid for daemon in cluster.status()}
    # The others were left alone.
    assert {name for name in after if after[name] != before[name]} == {"nodemanager-1"}


def test_a_stop_ends_containers_that_outlive_their_nodemanager(cluster: Cluster) -> None:
    with sleeping_application(cluster) as pid:
        cluster.kill("nodemanager-1")
        assert processes.start_ticks(pid)
        cluster.stop()
        assert processes.start_ticks(pid) is None
    assert processes.members(cluster.state.folder) == []
    cluster.start()


def test_a_restarted_namenode_has_its_files_and_safe_mode_is_told(cluster: Cluster) -> None:
    Hdfs(cluster).write("/tests/kept", b"kept")
    cluster.stop("namenode")
    assert states(cluster)["namenode"] == "stopped"
    cluster.start("namenode")
    # A DataNode notices at its next use that its connection to the NameNode of before has ended.
    assert Hdfs(cluster).read("/tests/kept", attempts=5) == b"kept"
    cluster.run("hdfs", "dfsadmin", "-safemode", "enter")
    (namenode,) = (one for one in cluster.status() if one.name == "namenode")
    assert namenode.detail.startswith("safe mode: ")
    cluster.run("hdfs", "dfsadmin", "-safemode", "leave")
    assert states(cluster)["namenode"] == "ready"


def test_a_stop_leaves_no_process_and_a_start_finds_the_data(cluster: Cluster) -> None:
    ports = cluster.plan.ports
    Hdfs(cluster).write("/tests/stays", b"stays")
    cluster.stop()
    assert set(states(cluster).values()) == {"stopped"}
    assert processes.members(cluster.state.folder) == []
    cluster.start()
    assert cluster.plan.ports == ports
    assert Hdfs(cluster).read("/tests/stays") == b"stays"
