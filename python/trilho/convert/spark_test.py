from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from trilho.cli.main import main
from trilho.convert import engines
from trilho.convert.conversion import convert
from trilho.convert.engines import LocalEngine, SparkEngine
from trilho.convert.problems import ConvertError

# Half a gigabyte of Spark is there under Bazel, but not for the wheel's tests.
pytest.importorskip("pyspark")

MASTER = "local[2]"


@pytest.fixture
def source(tmp_path: Path) -> str:
    generator = np.random.default_rng(1)
    columns = {"x": generator.normal(size=5000), "word": [f"w{row % 30}" for row in range(5000)]}
    pq.write_table(pa.table(columns), tmp_path / "table.parquet", row_group_size=700)
    return str(tmp_path / "table.parquet")


def test_spark_writes_the_same_files(source: str, tmp_path: Path) -> None:
    convert(source, str(tmp_path / "local"), engine=LocalEngine(1), rows_per_shard=900)
    convert(source, str(tmp_path / "spark"), engine=SparkEngine(MASTER), rows_per_shard=900)

    names = sorted(path.name for path in (tmp_path / "local").iterdir())
    assert sorted(path.name for path in (tmp_path / "spark").iterdir()) == names
    for name in names:
        assert (tmp_path / "spark" / name).read_bytes() == (tmp_path / "local" / name).read_bytes()


def test_progress_is_told_while_tasks_run(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "_LOOK", 0.01)
    told: list[tuple[int, int]] = []

    convert(
        source,
        str(tmp_path / "out"),
        engine=SparkEngine("local[1]"),
        shard_count=60,
        progress=lambda done, total: told.append((done, total)),
    )

    assert (told[0], told[-1]) == ((0, 5000), (5000, 5000))
    assert told == sorted(told)
    assert len(told) > 3


def test_the_command_takes_a_master(source: str, tmp_path: Path) -> None:
    options = [["--engine", "spark", "--master", MASTER], ["--engine", "local"]]
    for name, engine in zip(("spark", "local"), options, strict=True):
        arguments = ["convert", source, str(tmp_path / name), "--rows-per-shard", "2000", *engine]
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == 0, result.output
        assert "Rows      5000\nFiles     3\n" in result.output

    for path in (tmp_path / "local").iterdir():
        assert (tmp_path / "spark" / path.name).read_bytes() == path.read_bytes()


def test_what_a_task_finds_wrong_is_told_in_one_line(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": pa.array([2**64 - 1], pa.uint64())}), tmp_path / "t.parquet")

    with pytest.raises(
        ConvertError, match=r"t\.parquet: column x \(uint64\).*18446744073709551615"
    ):
        convert(str(tmp_path / "t.parquet"), str(tmp_path / "out"), engine=SparkEngine(MASTER))
