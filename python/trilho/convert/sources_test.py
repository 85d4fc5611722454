from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trilho.convert import batch_sizes
from trilho.convert.batch_sizes import BATCH_BYTES
from trilho.convert.conversion import convert
from trilho.convert.engines import LocalEngine
from trilho.convert.examples import feature_columns
from trilho.convert.schema import of_table
from trilho.convert.sources import open_file_system, read_rows, read_table


def batches(path: Path, *, start: int = 0, stop: int | None = None) -> list[pa.RecordBatch]:
    table = read_table(str(path))
    (file,) = table.files
    file_system, _ = open_file_system(str(path))
    columns = table.schema.names
    stop = file.rows if stop is None else stop
    return list(read_rows(file_system, file, columns=columns, start=start, stop=stop))


def lists(rows: int, length: int) -> pa.Array:
    """Lists of numbers that are nearly all 0."""
    values = np.zeros(rows * length)
    values[: rows * length : max(1, length)] = np.arange(rows) if length else []
    offsets = np.arange(rows + 1) * length
    return pa.LargeListArray.from_arrays(offsets, values)


def feature_bytes(batch: pa.RecordBatch) -> int:
    columns = feature_columns(batch, of_table(batch.schema).features)
    return sum(column.nbytes for column in columns.values())


# In the file they are a few kilobytes; in memory some 100 MB.
LARGE = {
    "a list of zeros": lambda: lists(700, 20_000),
    "a list of no and yes": lambda: pa.array([[row == 5] * 100_000 for row in range(130)]),
    "a string that repeats": lambda: pa.array(["x" * 100_000] * 1000),
    "a dictionary of strings": lambda: pa.array(["x" * 100_000] * 1000).dictionary_encode(),
    "a list of such strings": lambda: pa.array([["x" * 10_000] * 10] * 1000),
    "a string of one size": lambda: pa.array([b"x" * 100_000] * 1000, pa.binary(100_000)),
}


@pytest.mark.parametrize("kind", LARGE)
def test_a_batch_is_bounded_by_what_it_takes_in_memory(tmp_path: Path, kind: str) -> None:
    large = LARGE[kind]()
    table = pa.table({"large": large, "other": range(len(large))})
    pq.write_table(table, tmp_path / "table.parquet")
    assert (tmp_path / "table.parquet").stat().st_size < 1e6

    found = batches(tmp_path / "table.parquet")

    assert pa.Table.from_batches(found) == table
    sizes = [max(batch.nbytes, feature_bytes(batch)) for batch in found]
    assert max(sizes) <= BATCH_BYTES * 1.01
    # Nor are there more of them than need be.
    assert len(sizes) <= sum(sizes) / BATCH_BYTES + 8


def test_rows_that_grow_are_noticed(tmp_path: Path) -> None:
    # By the first rows, and by the mean, a batch could be of thousands.
    texts = [""] * 9000 + ["x" * 20_000] * 9000
    pq.write_table(pa.table({"text": texts}), tmp_path / "table.parquet", row_group_size=500)

    sizes = [batch.nbytes for batch in batches(tmp_path / "table.parquet")]

    assert sum(sizes) > 180e6
    # The batch that they begin in is as large as those before let it be, and the next is still
    # large, being judged by that whole batch.
    assert sum(size > BATCH_BYTES * 1.01 for size in sizes) <= 2


def test_lists_that_grow_are_foreseen(tmp_path: Path) -> None:
    # By the first rows a batch could be of thousands; how many numbers there are, the file says.
    values = pa.concat_arrays([lists(600, 0), lists(600, 20_000)])
    pq.write_table(pa.table({"list": values}), tmp_path / "table.parquet")

    sizes = [batch.nbytes for batch in batches(tmp_path / "table.parquet")]

    assert sum(sizes) > 96e6
    assert max(sizes) <= BATCH_BYTES * 2.1


def test_small_rows_are_read_by_the_thousand(tmp_path: Path) -> None:
    words = [f"w{row % 7}" for row in range(20_000)]
    table = pa.table({"number": range(20_000), "a.word": words, "pair": [[1, 2]] * 20_000})
    pq.write_table(table, tmp_path / "table.parquet")

    found = batches(tmp_path / "table.parquet", start=10, stop=19_990)

    assert pa.Table.from_batches(found) == table[10:19_990]
    assert [len(batch) for batch in found][-4:-1] == [4096] * 3
    assert len(found) <= 10


def test_columns_that_are_not_read_do_not_count(tmp_path: Path) -> None:
    table = pa.table(
        {"number": range(4096), "large": [bytes([row % 256]) * 20_000 for row in range(4096)]}
    )
    pq.write_table(table, tmp_path / "table.parquet", use_dictionary=False)
    (file,) = read_table(str(tmp_path / "table.parquet")).files
    file_system, _ = open_file_system(str(tmp_path))

    found = list(read_rows(file_system, file, columns=["number"], start=0, stop=4096))

    assert max(len(batch) for batch in found) > 3000


def test_a_piece_without_rows_is_nothing(tmp_path: Path) -> None:
    pq.write_table(pa.table({"number": [1, 2]}), tmp_path / "table.parquet")
    pq.write_table(pa.table({"number": pa.array([], pa.int64())}), tmp_path / "empty.parquet")

    assert batches(tmp_path / "empty.parquet") == []
    assert batches(tmp_path / "table.parquet", start=1, stop=1) == []


def test_the_files_do_not_depend_on_how_many_rows_are_read_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = range(5000)
    columns = {
        "word": [None if number % 9 == 0 else f"w{number % 700}" for number in numbers],
        "shares": [[number / 3] * (number % 4) for number in numbers],
    }
    pq.write_table(pa.table(columns), tmp_path / "table.parquet", row_group_size=900)

    contents = []
    for size in (4096, 7):
        monkeypatch.setattr(batch_sizes, "_BATCH", size)
        target = tmp_path / str(size)
        convert(str(tmp_path / "table.parquet"), str(target), engine=LocalEngine(1), shard_count=3)
        names = [*sorted(target.glob("part-*")), target / "schema.json"]
        contents.append([(path.name, path.read_bytes()) for path in names])

    assert len(contents[0]) == 4
    assert contents[0] == contents[1]
