"""Tables and TFRecord files on a real HDFS."""

import datetime
import json
import os
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from e2e.hdfs_cluster import HdfsCluster, running_hdfs
from e2e.programs import runfile
from trilho.convert.conversion import convert, read_schema
from trilho.convert.engines import LocalEngine
from trilho.convert.problems import ConvertError
from trilho.convert.renaming import rename
from trilho.convert.sources import open_file_system
from trilho.training.tables import read_columns

ROWS = 9000
CENSUS = "data/adult.parquet.brotli"


@pytest.fixture(scope="module")
def hdfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HdfsCluster]:
    with running_hdfs(tmp_path_factory.mktemp("hdfs") / "cluster") as cluster:
        yield cluster


@pytest.fixture(scope="module")
def table(hdfs: HdfsCluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three files of Parquet, here and in /table on HDFS."""
    folder = tmp_path_factory.mktemp("data") / "table"
    folder.mkdir()
    numbers = np.arange(ROWS)
    whole = pa.table({"number": numbers, "word": [f"w{number % 7}" for number in numbers]})
    for index in range(3):
        part = whole.slice(index * ROWS // 3, ROWS // 3)
        pq.write_table(part, folder / f"day-{index}.parquet", row_group_size=700)
    (folder / "_SUCCESS").touch()
    put(folder, f"{hdfs.url}/table")
    return folder


def put(folder: Path, url: str) -> None:
    file_system, path = open_file_system(url)
    file_system.makedirs(path)
    for file in folder.iterdir():
        file_system.put_file(str(file), f"{path}/{file.name}")


def run(source: str, target: str, **options: object) -> None:
    convert(source, target, engine=LocalEngine(1), rows_per_shard=2000, **options)  # type: ignore[arg-type]


def files(url: str) -> dict[str, bytes]:
    """The files of a folder; what says where the table was is left out."""
    file_system, path = open_file_system(url)
    names = file_system.ls(path, detail=False)
    found = {name.rpartition("/")[2]: file_system.cat_file(name) for name in names}
    report = json.loads(found.pop("statistics.json"))
    report.pop("source")
    return {**found, "statistics": json.dumps(report).encode()}


@pytest.mark.parametrize(
    "source", ["table", "table/day-1.parquet", "table/day-?.parquet", "table/*[02].par*"]
)
def test_the_files_are_the_same_wherever_they_are(
    hdfs: HdfsCluster, table: Path, tmp_path: Path, source: str
) -> None:
    here = table.parent
    run(f"{here}/{source}", str(tmp_path / "expected"))
    remote = f"{hdfs.url}/{tmp_path.name}/out"

    run(f"{hdfs.url}/{source}", remote)
    run(f"{hdfs.url}/{source}", str(tmp_path / "fetched"))

    expected = files(str(tmp_path / "expected"))
    assert files(remote) == expected
    assert files(str(tmp_path / "fetched")) == expected
    assert len(expected) >= 4


def test_a_folder_of_a_hadoop_team_is_one_table(hdfs: HdfsCluster, tmp_path: Path) -> None:
    # Spark's folders, whose names have escaped values; old timestamps; files that differ.
    folder = tmp_path / "logs"
    far = pa.array([datetime.datetime(9999, 12, 31), None], pa.timestamp("us"))  # noqa: DTZ001
    old = pa.table({"id": pa.array([1, 2], pa.int32()), "at": far})
    user = [{"country": "BR"}, None]
    new = pa.table({"at": far, "user": user, "id": pa.array([2**40, 3], pa.uint64())})
    for table, name in [(old, "day=2026-01-01/kind=a%2Fb"), (new, "day=2026-01-02/kind=c d")]:
        (folder / name).mkdir(parents=True)
        part = folder / name / "part-0.parquet"
        pq.write_table(table, part, use_deprecated_int96_timestamps=True)
    (folder / "_SUCCESS").touch()
    remote = f"{hdfs.url}/{tmp_path.name}/logs"
    file_system, path = open_file_system(remote)
    for file in folder.rglob("*"):
        if file.is_file():
            file_system.put_file(str(file), f"{path}/{file.relative_to(folder)}")
    columns = ["id", "at", "user.country", "day", "kind"]

    run(str(folder), str(tmp_path / "expected"), columns=columns)
    run(remote, f"{remote}-out", columns=columns)

    assert files(f"{remote}-out") == files(str(tmp_path / "expected"))
    defaults: dict[str, int | float | str] = {"at": -1, "user.country": "?"}
    for source in (remote, f"{remote}-out"):
        found = read_columns(source, columns=columns, defaults=defaults)
        assert {name: column.tolist() for name, column in found.items()} == {
            "id": [1, 2, 2**40, 3],
            "at": [253402214400000000, -1] * 2,
            "user.country": [b"?", b"?", b"BR", b"?"],
            "day": [20454, 20454, 20455, 20455],
            "kind": [b"a/b", b"a/b", b"c d", b"c d"],
        }


def command(source: str, target: str) -> list[str]:
    options = ["--rows-per-shard", "1000", "--processes", "2"]
    return [sys.executable, "-m", "trilho", "convert", source, target, *options]


def test_after_kill_9_it_goes_on_with_what_is_whole(
    hdfs: HdfsCluster, table: Path, tmp_path: Path
) -> None:
    source, target = f"{hdfs.url}/table", f"{hdfs.url}/{tmp_path.name}/out"
    file_system, path = open_file_system(target)
    partial = f"{path.removesuffix('out')}.out.partial"
    with subprocess.Popen(command(source, target), stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 120
        done: list[str] = []
        while len(done) < 3:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            if file_system.exists(partial):
                names = file_system.ls(partial, detail=False)
                done = [name for name in names if "/.part-" in name and name.endswith(".json")]
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not file_system.exists(path)
    # Damaged since: its size says so, and the new one takes its place.
    damaged = f"{partial}/{done[0].rpartition('/.')[2].removesuffix('.json')}"
    file_system.pipe_file(damaged, b"half")

    again = subprocess.run(command(source, target), check=True, text=True, capture_output=True)

    assert "Resumed" in again.stdout
    assert not file_system.exists(partial)
    convert(str(table), str(tmp_path / "out"), engine=LocalEngine(1), rows_per_shard=1000)
    assert files(target) == files(str(tmp_path / "out"))


def test_a_rename_onto_what_is_there_is_no_success(hdfs: HdfsCluster, tmp_path: Path) -> None:
    file_system, root = open_file_system(f"{hdfs.url}/{tmp_path.name}")
    file_system.pipe({f"{root}/old": b"old", f"{root}/new": b"new"})
    file_system.makedirs(f"{root}/folder/member")

    with pytest.raises(FileExistsError):
        file_system.mv(f"{root}/new", f"{root}/old")
    with pytest.raises(FileExistsError):
        rename(file_system, f"{root}/folder", f"{root}/old", replace=False)
    with pytest.raises(FileExistsError):
        rename(file_system, f"{root}/new", f"{root}/folder", replace=False)

    rename(file_system, f"{root}/new", f"{root}/old", replace=True)
    assert file_system.cat_file(f"{root}/old") == b"new"
    assert file_system.ls(f"{root}/folder", detail=False) == [f"{root}/folder/member"]


def test_what_is_there_is_replaced_only_if_asked(
    hdfs: HdfsCluster, table: Path, tmp_path: Path
) -> None:
    target = f"{hdfs.url}/{tmp_path.name}/out"
    run(str(table), target, columns=["word"])

    with pytest.raises(ConvertError, match="exists already; --overwrite"):
        run(str(table), target)
    run(str(table), target, overwrite=True)

    assert list(read_schema(target).features) == ["number", "word"]
    file_system, path = open_file_system(target)
    assert file_system.ls(path.removesuffix("/out"), detail=False) == [path]


@pytest.mark.usefixtures("table")
def test_data_is_compared_with_earlier_data(hdfs: HdfsCluster, tmp_path: Path) -> None:
    earlier = f"{hdfs.url}/{tmp_path.name}/earlier"
    run(f"{hdfs.url}/table/day-0.parquet", earlier)
    options = ["--schema", earlier, "--strict"]

    compared = subprocess.run(
        [*command(f"{hdfs.url}/table", f"{hdfs.url}/{tmp_path.name}/now"), *options],
        check=False,
        text=True,
        capture_output=True,
    )

    assert compared.returncode == 1
    assert "number: is up to 8999, was at most 2999" in compared.stderr


def test_hadoop_s_own_urls_are_understood(
    hdfs: HdfsCluster, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HADOOP_CONF_DIR", str(hdfs.configuration))
    run(str(table), str(tmp_path / "expected"))

    run("hdfs:///table", f"hdfs://localhost/{tmp_path.name}/out")

    assert files(f"hdfs:///{tmp_path.name}/out") == files(str(tmp_path / "expected"))


def test_the_active_one_of_two_name_nodes_is_asked(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_hdfs(tmp_path / "cluster", available=True) as pair:
        monkeypatch.setenv("HADOOP_CONF_DIR", str(pair.configuration))
        put(table, "hdfs://pair/table")
        run("hdfs:///table", "hdfs://pair/out")
        run("hdfs://pair/table", str(tmp_path / "out"))
        assert files("hdfs:///out") == files(str(tmp_path / "out"))
        standby = f"webhdfs://localhost:{standby_port(pair)}/table"
        with pytest.raises(ConvertError, match="standby"):
            run(standby, str(tmp_path / "none"))


def standby_port(pair: HdfsCluster) -> str:
    root = ET.parse(pair.configuration / "hdfs-site.xml")  # noqa: S314 - our own
    values = {item.findtext("name"): item.findtext("value") for item in root.iter("property")}
    return str(values["dfs.namenode.http-address.pair.nn0"]).partition(":")[2]


def test_the_user_may_not_do_everything(hdfs: HdfsCluster) -> None:
    url = hdfs.url.replace("localhost", "somebody@localhost")
    file_system, _ = open_file_system(url)

    with pytest.raises(PermissionError, match="user=somebody"):
        file_system.makedirs("/of-others/folder")


@pytest.mark.usefixtures("table")
def test_a_table_of_others_can_be_trained_with(hdfs: HdfsCluster) -> None:
    # Somebody who is no superuser may not even ask for what would be below a file.
    url = hdfs.url.replace("localhost", "somebody@localhost")

    of_file = read_columns(f"{url}/table/day-1.parquet", columns=["number"])
    of_folder = read_columns(f"{url}/table", columns=["number"])

    assert of_file["number"].tolist() == list(range(ROWS // 3, 2 * ROWS // 3))
    assert of_folder["number"].tolist() == list(range(ROWS))


def test_training_reads_from_there(hdfs: HdfsCluster, tmp_path: Path) -> None:
    people = pq.read_table(runfile(CENSUS, workspace="datasets")).slice(0, 3000)
    (tmp_path / "people").mkdir()
    pq.write_table(people.slice(0, 1800), tmp_path / "people" / "a.parquet")
    pq.write_table(people.slice(1800), tmp_path / "people" / "b.parquet", row_group_size=500)
    put(tmp_path / "people", f"{hdfs.url}/{tmp_path.name}/people")
    run(f"{hdfs.url}/{tmp_path.name}/people", f"{hdfs.url}/{tmp_path.name}/records")
    names = ["people", "records"]
    sources = [str(tmp_path / "people"), *(f"hdfs:///{tmp_path.name}/{name}" for name in names)]

    metrics = [train(source, tmp_path / str(index), hdfs) for index, source in enumerate(sources)]

    assert metrics[0]["test_accuracy"] > 0.7
    assert metrics[1:] == [metrics[0]] * 2


def train(source: str, folder: Path, hdfs: HdfsCluster) -> dict[str, float]:
    options = ["test_rows=1000", "validation_size=500", "batch_size=64", "hidden=[16]"]
    subprocess.run(
        [sys.executable, "-m", "trilho", "train", "census", "--data", source, "--steps", "40"]
        + ["--export", str(folder), "--logs", str(folder / "logs")]
        + [f"--set={option}" for option in options],
        check=True,
        env={**os.environ, "HADOOP_CONF_DIR": str(hdfs.configuration)},
    )
    found: dict[str, float] = json.loads((folder / "logs" / "metrics.json").read_text())
    return found
