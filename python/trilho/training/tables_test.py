from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf

from trilho.convert.conversion import convert
from trilho.convert.engines import LocalEngine
from trilho.convert.problems import ConvertError
from trilho.training.tables import read

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


def test_a_missing_value_needs_a_default(parquet: str, records: str) -> None:
    with pytest.raises(ConvertError, match="column word has missing values"):
        read(records)
    with pytest.raises(tf.errors.OpError, match="column word has missing values"):
        list(read(parquet))


def test_a_default_is_of_a_column(parquet: str, records: str) -> None:
    for url in (parquet, records):
        with pytest.raises(ConvertError, match="has no column wort; columns are number, share"):
            read(url, defaults={"wort": ""})
