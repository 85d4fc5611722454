import gzip
from pathlib import Path

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from fsspec.implementations.local import LocalFileSystem

from trilho.convert.conversion import convert
from trilho.convert.engines import LocalEngine
from trilho.convert.problems import ConvertError
from trilho.convert.rules import parse_rules
from trilho.convert.tfrecord import read_records, write_records
from trilho.training.tables import read, read_arrays, read_columns

ROWS = 2500
ROUNDING = parse_rules(decimals=["round"])


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


@pytest.fixture(params=["Parquet", "TFRecord"])
def broken(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Has NaN in row 2100 of share, an infinity in row 1500 of list, and 1e300 in row 3 of wide.

    This last is rounded to an infinity, because somebody asked for it.
    """
    share = np.where(np.arange(ROWS) == 2100, np.nan, 0.5)
    lists = [[0.5] * (row % 3) + [np.inf] * (row == 1500) for row in range(ROWS)]
    wide = np.where(np.arange(ROWS) == 3, 1e300, 0.5)
    table = pa.table({"number": range(ROWS), "share": share, "list": lists, "wide": wide})
    path = str(tmp_path / "broken.parquet")
    pq.write_table(table, path)
    if request.param == "Parquet":
        return path
    target = str(tmp_path / "broken")
    convert(path, target, engine=LocalEngine(1), shard_count=2, rules=ROUNDING)
    return target


@pytest.mark.parametrize(
    ("column", "told"), [("share", "row 2100"), ("list", "row 1500"), ("wide", "row 3")]
)
def test_a_number_that_is_not_finite_is_named_by_row_and_column(
    broken: str, column: str, told: str
) -> None:
    found = "nan" if column == "share" else "inf"
    message = f"{broken}: column {column}, {told}: expected a finite number, found {found}"
    with pytest.raises(tf.errors.OpError, match=message):
        list(read(broken, columns=["number", column], rules=ROUNDING))
    kept = read(broken, columns=["number", column], rules=ROUNDING, allow_nan=True)
    assert len(list(kept)) == ROWS
    if column == "list":
        return
    for read_all in (read_columns, read_arrays):
        with pytest.raises(ConvertError, match=message):
            read_all(broken, columns=["number", column], rules=ROUNDING)
        array = read_all(broken, columns=[column], rules=ROUNDING, allow_nan=True)[column]
        assert np.isfinite(array).sum() == ROWS - 1


@pytest.mark.parametrize("allow_nan", [False, True])
def test_what_would_become_infinite_is_no_infinity(tmp_path: Path, *, allow_nan: bool) -> None:
    path = str(tmp_path / "wide.parquet")
    pq.write_table(pa.table({"wide": [0.5, np.inf if allow_nan else 0.5, 1e300]}), path)
    message = r"wide.parquet: column wide \(double\): 1e\+300 in row 2 would be another number"
    with pytest.raises(ConvertError, match=message):
        read_columns(path, allow_nan=allow_nan)
    with pytest.raises(tf.errors.OpError, match=message):
        list(read(path, allow_nan=allow_nan))


def test_tfrecord_files_of_another_origin_are_told_from_parquet(tmp_path: Path) -> None:
    own = tmp_path / "own.tfrecord"
    with tf.io.TFRecordWriter(str(own)) as file:
        file.write(b"a record that is long enough to have a footer")
    with pytest.raises(ConvertError, match=r"own.tfrecord: is no Parquet, and no folder of `tril"):
        read(str(own))


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


def test_arrays_are_what_keras_takes(parquet: str, records: str) -> None:
    expected = rows(parquet)
    for url in (parquet, records):
        arrays = read_arrays(
            url, columns=["number", "word", "pair", "share"], defaults={"word": "none"}
        )

        assert {name: array.dtype for name, array in arrays.items()} == {
            "number": np.int64,
            "word": object,
            "pair": np.int64,
            "share": np.float32,
        }
        assert arrays["pair"].shape == (ROWS, 2)
        assert arrays["pair"].tolist() == [row["pair"] for row in expected]
        assert arrays["share"].tolist() == [row["share"] for row in expected]
        # As bytes they have their zero at the end, and so as str.
        assert arrays["word"][:2].tolist() == ["none", "w1\0"]
        assert arrays["number"].tolist() == list(range(ROWS))


def test_lists_of_strings_are_rows_of_them(tmp_path: Path) -> None:
    path = str(tmp_path / "words.parquet")
    pq.write_table(pa.table({"words": [["a", "é"], ["b", ""]]}), path)

    words = read_arrays(path)["words"]

    assert words.tolist() == [["a", "é"], ["b", ""]]


def test_what_is_no_array_is_refused(parquet: str, records: str, tmp_path: Path) -> None:
    for url in (parquet, records):
        with pytest.raises(ConvertError, match="column tags has lists of 0 to 2 values"):
            read_arrays(url, columns=["number", "tags"])
    path = str(tmp_path / "bytes.parquet")
    pq.write_table(pa.table({"raw": [b"a", b"\xff"]}), path)
    with pytest.raises(ConvertError, match="column raw is no text in UTF-8"):
        read_arrays(path)


def test_a_damaged_file_is_told(records: str) -> None:
    (first, *_) = sorted(Path(records).glob("part-*"))
    first.write_bytes(first.read_bytes()[:-100])

    with pytest.raises(ConvertError, match=first.name):
        read_columns(records, columns=["number"])


def test_a_file_that_has_lost_rows_is_told(records: str) -> None:
    (path, *_) = sorted(Path(records).glob("part-*"))
    compression = "gzip" if path.suffix == ".gz" else "none"
    with path.open("rb") as file:
        rows_left = list(read_records(file, compression=compression, name=path.name))[:-1]
    # Each record is whole, and so is the file.
    with path.open("wb") as file:
        write_records(file, rows_left, compression=compression)

    message = f"has {ROWS - 1} rows, and {ROWS} by its schema.json"
    with pytest.raises(ConvertError, match=message):
        read_columns(records, columns=["number"])
    with pytest.raises(tf.errors.OpError, match=f"expected to contain {ROWS} elements but"):
        list(read(records, columns=["number"]))


def test_a_missing_value_needs_a_default(parquet: str, records: str) -> None:
    with pytest.raises(ConvertError, match="column word has missing values"):
        read(records)
    with pytest.raises(tf.errors.OpError, match="column word has missing values"):
        list(read(parquet))


def test_a_default_is_of_a_column(parquet: str, records: str) -> None:
    for url in (parquet, records):
        with pytest.raises(ConvertError, match="has no column wort; columns are number, share"):
            read(url, defaults={"wort": ""})


def test_files_without_rows_are_passed_over(parquet: str) -> None:
    expected = rows(parquet)
    schema = pq.read_schema(f"{parquet}/a.parquet")
    for name in ("0", "aa", "z"):
        pq.write_table(schema.empty_table(), f"{parquet}/{name}.parquet")

    assert rows(parquet) == expected
    columns = read_columns(parquet, columns=["number"])
    assert columns["number"].tolist() == list(range(ROWS))


def test_a_table_needs_a_row(records: str, tmp_path: Path) -> None:
    pq.write_table(pa.table({"number": pa.array([], pa.int64())}), tmp_path / "none.parquet")
    for reader in (read, read_columns, read_arrays):
        with pytest.raises(ConvertError, match=r"none\.parquet: has no row"):
            reader(str(tmp_path / "none.parquet"))

    for part in Path(records).glob("part-*"):
        part.write_bytes(gzip.compress(b"") if part.suffix == ".gz" else b"")
    with pytest.raises(ConvertError, match="records: has no row"):
        read_columns(records, columns=["number"])


class _Guarded(LocalFileSystem):  # type: ignore[misc]  # fsspec has no types
    """Answers what HDFS answers to those who are no superuser."""

    protocol = "guarded"

    def info(self, path: str, **options: object) -> object:
        if any(parent.is_file() for parent in Path(self._strip_protocol(path)).parents):
            raise PermissionError(f"access=EXECUTE, inode={path} (is not a directory)")
        return super().info(path, **options)

    def exists(self, path: str, **_: object) -> bool:
        try:
            self.info(path)
        except FileNotFoundError:
            return False
        return True


def test_a_file_is_a_table_where_nobody_may_look_below_it(parquet: str) -> None:
    fsspec.register_implementation("guarded", _Guarded, clobber=True)

    columns = read_columns(f"guarded://{parquet}/a.parquet", columns=["number"])

    assert columns["number"].tolist() == list(range(900))


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        (["part-00001-of-00003"], r"is not whole.*has no part-00001-of-00003\.tfrecord(\.gz)?$"),
        (["_SUCCESS"], "has no _SUCCESS$"),
        (["part-00000", "part-00002", "_SUCCESS"], "no part-00000-.*, part-00002-.*, _SUCCESS$"),
        (["part-"], "has a schema.json, but no part-"),
    ],
)
def test_what_is_not_whole_is_not_read(records: str, missing: list[str], message: str) -> None:
    for path in Path(records).iterdir():
        if path.name.startswith(tuple(missing)):
            # As what copies leave it meanwhile.
            path.rename(path.with_name(f"{path.name}._COPYING_"))

    for reader in (read, read_columns):
        with pytest.raises(ConvertError, match=message):
            reader(records, columns=["number"])


def test_of_many_missing_files_some_are_named(records: str) -> None:
    first, *others = sorted(Path(records).glob("part-*"))
    first.rename(first.with_name(first.name.replace("00003", "00100")))
    for other in others:
        other.unlink()

    with pytest.raises(ConvertError, match=r"no part-00001-.*, part-00003-\S+ and 96 more$"):
        read(records, columns=["number"])


def test_files_of_two_conversions_are_not_mixed(records: str) -> None:
    (first, *_) = sorted(Path(records).glob("part-*"))
    first.with_name(first.name.replace("00003", "00007")).write_bytes(first.read_bytes())

    with pytest.raises(ConvertError, match="has files of 3 and of 7"):
        read(records, columns=["number"])


def test_the_names_of_folders_are_no_names_of_files(records: str) -> None:
    folder = Path(records).rename(Path(records).parent / "part-1")

    columns = read_columns(str(folder), columns=["number"])

    assert columns["number"].tolist() == list(range(ROWS))
