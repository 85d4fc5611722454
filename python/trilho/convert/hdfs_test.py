"""What needs no cluster; e2e/hdfs_test.py has one."""

import socket
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from trilho.convert.conversion import convert
from trilho.convert.engines import LocalEngine
from trilho.convert.hdfs import open_hdfs
from trilho.convert.problems import ConvertError


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty HADOOP_CONF_DIR."""
    monkeypatch.setenv("HADOOP_CONF_DIR", str(tmp_path))
    monkeypatch.delenv("HADOOP_USER_NAME", raising=False)
    return tmp_path


def configure(folder: Path, file: str, values: Mapping[str, str]) -> None:
    properties = "".join(
        f"<property><name>{name}</name><value>{value}</value></property>"
        for name, value in values.items()
    )
    (folder / file).write_text(f"<configuration>{properties}</configuration>")


@pytest.mark.parametrize(
    ("url", "server", "path"),
    [
        ("webhdfs://nn:50070/a/b", "http://nn:50070/", "/a/b"),
        ("webhdfs://nn/a", "http://nn:9870/", "/a"),
        ("hdfs://nn/a", "http://nn:9870/", "/a"),
        ("hdfs://nn:8020/a", "http://nn:9870/", "/a"),
        ("hdfs://nn/2026-11-2?.par*[a]#1", "http://nn:9870/", "/2026-11-2?.par*[a]#1"),
        ("hdfs://nn", "http://nn:9870/", "/"),
    ],
)
def test_a_url_is_a_name_node_and_a_path(url: str, server: str, path: str) -> None:
    file_system, found = open_hdfs(url)

    assert file_system.url == f"{server}webhdfs/v1"
    assert found == path


def test_the_http_port_is_the_configuration_s(folder: Path) -> None:
    values = {"port": "1234", "dfs.namenode.http-address": "0.0.0.0:${port}"}
    configure(folder, "hdfs-site.xml", values)
    configure(folder, "core-site.xml", {"fs.defaultFS": "hdfs://master:8020/"})

    assert open_hdfs("hdfs://nn:8020/a")[0].url == "http://nn:1234/webhdfs/v1"
    assert open_hdfs("hdfs:///a")[0].url == "http://master:1234/webhdfs/v1"
    assert open_hdfs("webhdfs://nn/a")[0].url == "http://nn:9870/webhdfs/v1"


def test_the_configuration_is_looked_for_where_hadoop_does(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "etc" / "hadoop").mkdir(parents=True)
    configure(folder / "etc" / "hadoop", "core-site.xml", {"fs.defaultFS": "hdfs://home"})
    monkeypatch.delenv("HADOOP_CONF_DIR")
    monkeypatch.setenv("HADOOP_HOME", str(folder))

    assert open_hdfs("hdfs:///a")[0].url == "http://home:9870/webhdfs/v1"


def test_the_user_is_who_the_url_or_hadoop_s_variable_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HADOOP_USER_NAME", "etl")

    assert open_hdfs("hdfs://nn/a")[0].user == "etl"
    assert open_hdfs("webhdfs://ann@nn/a")[0].user == "ann"


@pytest.mark.parametrize(
    ("url", "core", "hdfs", "message"),
    [
        ("hdfs:///a", {}, {}, r"no host, and fs.defaultFS is not in .*core-site.xml \(HADOOP_CONF"),
        ("hdfs:///a", {"fs.defaultFS": "file:///"}, {}, "fs.defaultFS is file:/// in"),
        ("webhdfs:///a", {}, {}, r"expected webhdfs://HOST\[:PORT\]/PATH"),
        ("webhdfs://nn:http/a", {}, {}, r"expected webhdfs://HOST\[:PORT\]/PATH"),
        ("hdfs://nn/a", {}, {"dfs.http.policy": "HTTPS_ONLY"}, "dfs.http.policy is HTTPS_ONLY in"),
        (
            "hdfs://ha/a",
            {},
            {"dfs.nameservices": "x, ha", "dfs.ha.namenodes.ha": "n1,n2"},
            r"dfs.namenode.http-address.ha.n1, dfs.namenode.http-address.ha.n2 is not in .*hdfs-s",
        ),
    ],
)
def test_what_does_not_say_where_the_name_node_is_is_told(
    folder: Path, url: str, core: dict[str, str], hdfs: dict[str, str], message: str
) -> None:
    configure(folder, "core-site.xml", core)
    configure(folder, "hdfs-site.xml", hdfs)

    with pytest.raises(ConvertError, match=message):
        open_hdfs(url)


def test_a_configuration_that_is_no_xml_is_told(folder: Path) -> None:
    (folder / "core-site.xml").write_text("fs.defaultFS: hdfs://nn")

    with pytest.raises(ConvertError, match=r"core-site\.xml: syntax error"):
        open_hdfs("hdfs:///a")


@pytest.fixture
def closed() -> str:
    """An address where nobody listens."""
    with socket.socket() as one:
        one.bind(("localhost", 0))
        return f"localhost:{one.getsockname()[1]}"


def test_a_name_node_that_does_not_answer_is_no_missing_file(closed: str, tmp_path: Path) -> None:
    with pytest.raises(ConvertError, match=f"{closed} cannot be reached"):
        convert(f"webhdfs://{closed}/a", str(tmp_path / "out"), engine=LocalEngine(1))


def test_without_an_active_name_node_all_of_them_are_named(folder: Path, closed: str) -> None:
    values = {"dfs.nameservices": "ha", "dfs.ha.namenodes.ha": "n1,n2"}
    values |= {f"dfs.namenode.http-address.ha.n{number}": closed for number in (1, 2)}
    configure(folder, "hdfs-site.xml", values)

    with pytest.raises(
        ConvertError, match=f"none of its NameNodes is active: {closed}: .*{closed}"
    ):
        open_hdfs("hdfs://ha/a")


class _LosingBlocks(BaseHTTPRequestHandler):
    """A NameNode that knows a file of 1000 bytes, which no DataNode has."""

    def do_GET(self) -> None:
        known = "GETFILESTATUS" in self.path
        answer = (
            b'{"FileStatus": {"type": "FILE", "length": 1000}}'
            if known
            else b'{"RemoteException": {"exception": "IOException", "message": "no block"}}'
        )
        self.send_response(200 if known else 403)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def losing_blocks() -> Iterator[str]:
    with HTTPServer(("localhost", 0), _LosingBlocks) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"webhdfs://localhost:{server.server_port}/file"
        server.shutdown()


def test_an_error_is_never_taken_for_the_file_s_bytes(losing_blocks: str) -> None:
    file_system, path = open_hdfs(losing_blocks)

    with file_system.open(path) as file, pytest.raises(ConvertError, match="no block"):
        file.read()
