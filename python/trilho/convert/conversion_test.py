import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from fsspec.implementations.local import LocalFileSystem

from trilho.convert.conversion import Conversion, convert, read_schema
from trilho.convert.engines import LocalEngine
from trilho.convert.plan import Plan
from trilho.convert.problems import ConvertError
from trilho.convert.renaming import rename
from trilho.convert.schema import Schema
from trilho.convert.shard_files import ShardResult
from trilho.convert.sources import open_file_system

ROWS = 10_000


def table(rows: int = ROWS, *, first: int = 0) -> pa.Table:
    numbers = np.arange(first, first + rows)
    return pa.table({"number": numbers, "word": [f"w{number % 7}" for number in numbers]})


@pytest.fixture
def source(tmp_path: Path) -> str:
    folder = tmp_path / "table"
    folder.mkdir()
    pq.write_table(table(4000), folder / "a.parquet", row_group_size=900)
    pq.write_table(table(6000, first=4000), folder / "b.parquet", row_group_size=2500)
    (folder / "_SUCCESS").touch()
    (folder / ".b.parquet.crc").write_bytes(b"no parquet")
    return str(folder)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def numbers(folder: Path) -> list[int]:
    paths = sorted(str(path) for path in folder.glob("part-*"))
    records = tf.data.TFRecordDataset(paths, compression_type="GZIP")
    parsed = records.batch(1000).map(
        lambda texts: tf.io.parse_example(texts, {"number": tf.io.FixedLenFeature([], tf.int64)})
    )
    return [number for batch in parsed for number in batch["number"].numpy().tolist()]


def run(source: str, target: Path, *, processes: int = 1, **options: object) -> Conversion:
    return convert(source, str(target), engine=LocalEngine(processes), **options)  # type: ignore[arg-type]


def test_all_rows_are_there_in_their_order(source: str, tmp_path: Path) -> None:
    result = run(source, tmp_path / "out", rows_per_shard=3000)

    assert (result.rows, result.shards, result.anomalies) == (ROWS, 4, ())
    assert numbers(tmp_path / "out") == list(range(ROWS))
    assert sorted(files(tmp_path / "out")) == [
        "_SUCCESS",
        *(f"part-0000{index}-of-00004.tfrecord.gz" for index in range(4)),
        "schema.json",
        "statistics.json",
    ]
    assert read_schema(str(tmp_path / "out")) == result.schema
    assert result.schema.features["number"].maximum == ROWS - 1
    statistics = json.loads((tmp_path / "out" / "statistics.json").read_text())
    assert statistics["columns"]["number"]["mean"] == pytest.approx((ROWS - 1) / 2)


def test_the_files_do_not_depend_on_who_writes_them(source: str, tmp_path: Path) -> None:
    run(source, tmp_path / "one", shard_count=7)
    run(source, tmp_path / "two", shard_count=7, processes=2)

    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_a_file_or_a_pattern_is_a_table_too(source: str, tmp_path: Path) -> None:
    run(f"{source}/b.parquet", tmp_path / "file")
    run(f"{source}/[a].par*", tmp_path / "pattern", columns=["number"])

    assert numbers(tmp_path / "file") == list(range(4000, ROWS))
    assert numbers(tmp_path / "pattern") == list(range(4000))
    assert list(read_schema(str(tmp_path / "pattern")).features) == ["number"]


def test_any_file_system_will_do(source: str) -> None:
    memory = fsspec.filesystem("memory")
    memory.put(source, "/in", recursive=True)

    convert("memory://in", "memory://out/records", engine=LocalEngine(1), compression="none")

    assert memory.exists("/out/records/_SUCCESS")
    assert [memory.isdir(path) for path in memory.ls("/out", detail=False)] == [True]


class _Failing(LocalEngine):
    """Loses a file system after some shards."""

    def __init__(self, successes: int) -> None:
        super().__init__(1)
        self.successes = successes

    def write(
        self,
        plan: Plan,
        schema: Schema,
        indices: Sequence[int],
        folder: str,
        tell: Callable[[int], None],
    ) -> Iterator[ShardResult]:
        yield from super().write(plan, schema, indices[: self.successes], folder, tell)
        raise OSError("No space left on device")


def test_what_failed_goes_on_where_it_was(source: str, tmp_path: Path) -> None:
    target = tmp_path / "out"
    with pytest.raises(OSError, match="No space left"):
        convert(source, str(target), engine=_Failing(3), shard_count=5)
    assert not target.exists()
    # Damaged since: its size says so.
    (tmp_path / ".out.partial" / "part-00001-of-00005.tfrecord.gz").write_bytes(b"")

    result = run(source, target, shard_count=5)

    assert result.resumed == 2
    assert not (tmp_path / ".out.partial").exists()
    run(source, tmp_path / "at_once", shard_count=5)
    assert files(target) == files(tmp_path / "at_once")


def test_another_conversion_does_not_go_on_with_it(source: str, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left"):
        convert(source, str(tmp_path / "out"), engine=_Failing(1), shard_count=5)

    with pytest.raises(ConvertError, match=r"asked for something else.*--restart"):
        run(source, tmp_path / "out", shard_count=4)
    assert run(source, tmp_path / "out", shard_count=4, restart=True).resumed == 0


@pytest.mark.parametrize("kept", [0, 100, -3])
def test_half_a_plan_is_none(source: str, tmp_path: Path, kept: int) -> None:
    partial = tmp_path / ".out.partial"
    with pytest.raises(OSError, match="No space left"):
        convert(source, str(tmp_path / "out"), engine=_Failing(1), shard_count=5)
    plan = partial / ".plan.json"
    plan.write_bytes(plan.read_bytes()[:kept])

    # What lies beside it may be of another plan: it is no part of what is begun now.
    with pytest.raises(OSError, match="No space left"):
        convert(source, str(tmp_path / "out"), engine=_Failing(0), shard_count=5)
    assert run(source, tmp_path / "out", shard_count=5).resumed == 0
    assert numbers(tmp_path / "out") == list(range(ROWS))


class _FullDisk(LocalFileSystem):  # type: ignore[misc]  # fsspec has no types
    """Breaks off amid each file."""

    protocol = "fulldisk"

    def pipe_file(self, path: str, value: bytes, **_: object) -> None:
        Path(self._strip_protocol(path)).write_bytes(value[: len(value) // 2])
        raise OSError("No space left on device")


def test_a_plan_is_there_in_one_piece_or_not_at_all(source: str, tmp_path: Path) -> None:
    fsspec.register_implementation("fulldisk", _FullDisk, clobber=True)

    with pytest.raises(OSError, match="No space left"):
        convert(source, f"fulldisk://{tmp_path}/out", engine=LocalEngine(1), shard_count=5)

    assert not (tmp_path / ".out.partial" / ".plan.json").exists()
    run(source, tmp_path / "out", shard_count=5)
    assert not [name for name in files(tmp_path / "out") if name.startswith(".")]


def command(source: str, target: Path) -> list[str]:
    options = ["--shards", "40", "--processes", "2"]
    return [sys.executable, "-m", "trilho", "convert", source, str(target), *options]


def wait_for_parts(folder: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while len(list(folder.glob("part-*"))) < 3:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.002)


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_a_conversion_that_was_ended_goes_on(tmp_path: Path, sent: signal.Signals) -> None:
    source, target = tmp_path / "large.parquet", tmp_path / "out"
    pq.write_table(table(400_000), source, row_group_size=50_000)
    with subprocess.Popen(
        command(str(source), target), text=True, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        wait_for_parts(tmp_path / ".out.partial", process)
        process.send_signal(sent)
        _, errors = process.communicate(timeout=60)

    assert not target.exists()
    lines = errors.splitlines()
    # Nor does anybody complain of semaphores that nobody has given back.
    said = [line for line in lines if not re.fullmatch(r"rows +\d+/400000( .*)?", line)]
    assert lines[0] == "rows      0/400000"
    assert said == (["Interrupted"] if sent == signal.SIGINT else [])
    assert process.returncode == (130 if sent == signal.SIGINT else -signal.SIGKILL)
    again = subprocess.run(command(str(source), target), check=True, text=True, capture_output=True)
    assert "Resumed" in again.stdout
    assert numbers(target) == list(range(400_000))


def test_what_is_there_is_replaced_only_if_asked(source: str, tmp_path: Path) -> None:
    target = tmp_path / "out"
    run(source, target, columns=["word"])

    with pytest.raises(ConvertError, match="exists already; --overwrite"):
        run(source, target)
    assert list(read_schema(str(target)).features) == ["word"]

    run(source, target, overwrite=True)
    assert list(read_schema(str(target)).features) == ["number", "word"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "table"]


class _Overtaken(LocalEngine):
    """Is so slow that somebody else makes the target meanwhile."""

    def __init__(self, target: Path) -> None:
        super().__init__(1)
        self.target = target

    def write(
        self,
        plan: Plan,
        schema: Schema,
        indices: Sequence[int],
        folder: str,
        tell: Callable[[int], None],
    ) -> Iterator[ShardResult]:
        yield from super().write(plan, schema, indices, folder, tell)
        self.target.mkdir()
        (self.target / "theirs").touch()


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_was_made_meanwhile_stays(source: str, tmp_path: Path, *, overwrite: bool) -> None:
    target = tmp_path / "out"

    with pytest.raises(ConvertError, match=r"exists already, .* as it has theirs; choose another"):
        convert(source, str(target), engine=_Overtaken(target), shard_count=3, overwrite=overwrite)

    assert sorted(files(target)) == ["theirs"]
    # What has been done is not lost.
    (target / "theirs").unlink()
    assert run(source, target, shard_count=3, overwrite=True).resumed == 3
    assert numbers(target) == list(range(ROWS))


@pytest.mark.parametrize("kind", ["file", "memory"])
def test_a_name_is_given_at_once_or_not_at_all(tmp_path: Path, kind: str) -> None:
    file_system, root = open_file_system(f"{kind}://{tmp_path}")
    file_system.makedirs(f"{root}/folder", exist_ok=True)
    for file in ("old", "new", "folder/member"):
        file_system.pipe_file(f"{root}/{file}", file.encode())

    for source, target in [("new", "old"), ("new", "folder"), ("folder", "old")]:
        with pytest.raises(FileExistsError):
            rename(file_system, f"{root}/{source}", f"{root}/{target}", replace=False)
    with pytest.raises(FileExistsError):
        rename(file_system, f"{root}/new", f"{root}/folder", replace=True)

    rename(file_system, f"{root}/new", f"{root}/old", replace=True)
    assert file_system.cat_file(f"{root}/old") == b"new"
    rename(file_system, f"{root}/folder", f"{root}/moved", replace=False)
    assert file_system.cat_file(f"{root}/moved/member") == b"folder/member"


_MEASURED = """
import resource, sys
from trilho.convert.conversion import convert
from trilho.convert.engines import LocalEngine
convert(sys.argv[1], sys.argv[2], engine=LocalEngine(1), compression="none")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak(source: Path, target: Path) -> float:
    """Converts in another process; returns the MiB that it had at most."""
    command = [sys.executable, "-c", _MEASURED, str(source), str(target)]
    ended = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return int(ended.stdout) / 1024


def test_memory_does_not_grow_with_the_table(tmp_path: Path) -> None:
    # All in one row group, as some write their tables: 4 MB, and 400 MB.
    blobs = [np.random.default_rng(row).bytes(1 << 16) for row in range(6400)]
    for name, rows in [("small", blobs[:64]), ("large", blobs)]:
        content = pa.table({"blob": pa.array(rows, pa.large_binary())})
        pq.write_table(content, tmp_path / name, use_dictionary=False, compression="none")

    small, large = (peak(tmp_path / name, tmp_path / f"{name}-out") for name in ("small", "large"))

    assert (tmp_path / "large").stat().st_size > 400e6
    assert large < small + 100


def test_data_is_compared_with_earlier_data(source: str, tmp_path: Path) -> None:
    run(f"{source}/a.parquet", tmp_path / "earlier")
    earlier = read_schema(str(tmp_path / "earlier"))

    with pytest.raises(ConvertError, match="number: is up to 9999, was at most 3999"):
        run(source, tmp_path / "strict", earlier=earlier, strict=True)
    assert not (tmp_path / "strict").exists()
    with pytest.raises(ConvertError, match="word: is gone"):
        run(source, tmp_path / "gone", earlier=earlier, columns=["number"])

    result = run(source, tmp_path / "told", earlier=earlier)
    assert result.anomalies == ("number: is up to 9999, was at most 3999",)


def test_columns_of_two_kinds_are_no_column(source: str, tmp_path: Path) -> None:
    pq.write_table(pa.table({"number": ["1"], "word": ["w"]}), Path(source) / "c.parquet")

    with pytest.raises(
        ConvertError, match=r"c\.parquet: number is string and not int64, unlike .*a\.parquet"
    ):
        run(source, tmp_path / "out")


def test_what_cannot_be_read_is_named(source: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    pq.write_table(table(0), tmp_path / "none.parquet")
    for path, message in [
        ("missing", "missing: no such file or folder"),
        ("empty", "empty: has no file"),
        ("none.parquet", "none.parquet: has no row"),
        ("table/.b.parquet.crc", "Parquet magic bytes not found"),
    ]:
        with pytest.raises(ConvertError, match=message):
            run(str(tmp_path / path), tmp_path / "out")
    with pytest.raises(ConvertError, match="has 10000 rows, less than 10001 shards"):
        run(source, tmp_path / "out", shard_count=10_001)
    with pytest.raises(ConvertError, match="Protocol not known: nowhere"):
        run("nowhere://table", tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "none.parquet", "table"]
