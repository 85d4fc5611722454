"""Processes that write shards: what they leave behind, and how they end."""

import os
import signal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trilho.convert.conversion import convert
from trilho.convert.engines import LocalEngine
from trilho.convert.problems import ConvertError

ROWS = 60_000


def children() -> list[int]:
    """The processes that this one has started, but for the one that multiprocessing keeps."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            command = (stat.parent / "cmdline").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == os.getpid() and "spawn_main" in command:
            found.append(int(stat.parent.name))
    return found


@pytest.fixture
def source(tmp_path: Path) -> str:
    pq.write_table(pa.table({"x": np.arange(ROWS)}), tmp_path / "t.parquet", row_group_size=5000)
    return str(tmp_path / "t.parquet")


def test_progress_comes_from_amid_the_shards(source: str, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    convert(
        source,
        str(tmp_path / "out"),
        engine=LocalEngine(2),
        shard_count=2,
        progress=lambda done, total: told.append((done, total)),
    )

    assert told[0] == (0, ROWS)
    assert told[-1] == (ROWS, ROWS)
    assert len(told) > 10
    assert told == sorted(told)
    assert children() == []


def test_a_process_that_dies_is_told(source: str, tmp_path: Path) -> None:
    def kill(done: int, _: int) -> None:
        if done:
            for child in children():
                os.kill(child, signal.SIGKILL)

    with pytest.raises(ConvertError, match="process that wrote a shard has died"):
        convert(source, str(tmp_path / "out"), engine=LocalEngine(2), shard_count=4, progress=kill)

    assert children() == []
    assert convert(source, str(tmp_path / "out"), engine=LocalEngine(2), shard_count=4).rows == ROWS


def test_what_one_finds_wrong_is_raised_as_it_is(tmp_path: Path) -> None:
    numbers = pa.array([*range(ROWS), 2**63], pa.uint64())
    pq.write_table(pa.table({"x": numbers}), tmp_path / "t.parquet")

    with pytest.raises(
        ConvertError,
        match=rf"t\.parquet: column x \(uint64\): 9223372036854775808 in row {ROWS} is",
    ):
        convert(
            str(tmp_path / "t.parquet"), str(tmp_path / "out"), engine=LocalEngine(2), shard_count=1
        )
    with pytest.raises(ConvertError, match="9223372036854775808"):
        convert(
            str(tmp_path / "t.parquet"), str(tmp_path / "two"), engine=LocalEngine(2), shard_count=2
        )
    assert children() == []
    # Nothing is left where nothing was done, so that the choices can be tried.
    assert not (tmp_path / ".out.partial").exists()
