from pathlib import Path

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf

from trilho.convert.conversion import convert
from trilho.convert.engines import LocalEngine
from trilho.convert.problems import ConvertError
from trilho.training.tables import read, read_columns

ROWS = 2500


@pytest.fixture
def parquet(tmp_path: Path) -> str:
    columns = {
        "number": list(range(ROWS)),
        "share": np.random.default_rng(1).normal(size=ROWS),
        "word": [None if row % 10 == 0 else f"w{row % 7}\0" for row in range(ROWS)],
        "tags": [[f"t{tag}" for tag in range(row % 3)] for row in range(ROWS)],
        "pair": pa.array([[row, -row] for row in range(ROWS)], pa.list_(pa.int16(), 2)),
    }
    folder = tmp_path / "parquet"
    folder.mkdir()
    table = pa.table(columns)
    pq.write_table(table[:900], folder / "a.parquet", row_group_size=400)
    pq.write_table(table[900:], folder / "b.parquet")
    return str(folder)


@pytest.fixture(params=["gzip", "none"])
def records(parquet: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    target = str(tmp_path / "records")
    convert(parquet, target, engine=LocalEngine(1), shard_count=3, compression=request.param)
    return target


def rows(url: str) -> list[dict[str, object]]:
    dataset = read(url, defaults={"word": "none"})
    return [{name: _value(tensor) for name, tensor in row.items()} for row in dataset]


def _value(tensor: tf.Tensor) -> object:
    value = tensor.numpy()
    return value if isinstance(value, bytes) else value.tolist()


def test_a_table_and_what_was_converted_from_it_are_the_same_rows(
    parquet: str, records: str
) -> None:
    found = rows(parquet)

    assert rows(records) == found
    assert [row["number"] for row in found] == list(range(ROWS))
    assert found[0]["word"] == b"none"
    assert found[8] == {
        "number": 8,
        "share": found[8]["share"],
        "word": b"w1\0",
        "tags": [b"t0", b"t1"],
        "pair": [8, -8],
    }


def test_columns_are_chosen(parquet: str, records: str) -> None:
    for url in (parquet, records):
        assert set(next(iter(read(url, columns=["tags", "number"])))) == {"tags", "number"}
        with pytest.raises(ConvertError, match="has no column wort; columns are number, share"):
            read(url, columns=["wort"])


@pytest.mark.parametrize("where", ["local", "elsewhere"])
def test_a_table_that_fits_into_memory_is_read_by_columns(
    parquet: str, records: str, where: str
) -> None:
    if where == "elsewhere":
        # Where TensorFlow cannot read.
        fsspec.filesystem("memory").put(records, f"/{records}", recursive=True)
        records = f"memory://{records}"
    expected = rows(parquet)
    assert rows(records) == expected

    for url in (parquet, records):
        chosen = ["number", "share", "word"]
        columns = read_columns(url, columns=chosen, defaults={"word": "none"})
        found = [
            dict(zip(chosen, row, strict=True))
            for row in zip(*(c.tolist() for c in columns.values()), strict=True)
        ]
        assert found == [{name: row[name] for name in chosen} for row in expected]
        with pytest.raises(ConvertError, match="column tags, pair has lists"):
            read_columns(url, defaults={"word": ""})


def test_a_damaged_file_is_told(records: str) -> None:
    (first, *_) = sorted(Path(records).glob("part-*"))
    first.write_bytes(first.read_bytes()[:-100])

    with pytest.raises(ConvertError, match=first.name):
        read_columns(records, columns=["number"])


def test_a_missing_value_needs_a_default(parquet: str, records: str) -> None:
    with pytest.raises(ConvertError, match="column word has missing values"):
        read(records)
    with pytest.raises(tf.errors.OpError, match="column word has missing values"):
        list(read(parquet))


def test_a_default_is_of_a_column(parquet: str, records: str) -> None:
    for url in (parquet, records):
        with pytest.raises(ConvertError, match="has no column wort; columns are number, share"):
            read(url, defaults={"wort": ""})
