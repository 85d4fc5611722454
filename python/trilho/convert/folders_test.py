"""Folders as Hadoop teams have them: files that differ, partitions, structs, nulls in lists."""

import datetime
import json
from decimal import Decimal
from pathlib import Path

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trilho.convert.column_types import find_field, widened
from trilho.convert.conversion import Conversion, convert
from trilho.convert.engines import LocalEngine
from trilho.convert.problems import ConvertError
from trilho.convert.rules import parse_rules
from trilho.convert.sources import read_table
from trilho.training.tables import read, read_columns


def write(path: Path, **columns: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


def run(source: Path | str, target: Path, columns: str = "", **rules: object) -> Conversion:
    return convert(
        str(source),
        str(target),
        engine=LocalEngine(1),
        columns=columns.split(",") if columns else (),
        rules=parse_rules(**rules),  # type: ignore[arg-type]
    )


def rows(url: Path | str, **options: object) -> list[dict[str, object]]:
    """The rows, bytes as text and lists as lists."""
    found = []
    for row in read(str(url), **options):  # type: ignore[arg-type]
        values = {name: tensor.numpy() for name, tensor in row.items()}
        found.append(
            {
                name: value.decode() if isinstance(value, bytes) else value.tolist()
                for name, value in values.items()
            }
        )
    return found


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (pa.int32(), pa.int64(), pa.int64()),
        (pa.uint8(), pa.uint32(), pa.uint32()),
        (pa.uint64(), pa.int8(), pa.int64()),
        (pa.int64(), pa.decimal128(5, 0), pa.int64()),
        (pa.int64(), pa.float32(), pa.float64()),
        (pa.float32(), pa.float64(), pa.float64()),
        (pa.decimal128(10, 2), pa.decimal128(9, 3), pa.decimal128(11, 3)),
        (pa.decimal128(38, 2), pa.decimal128(38, 30), pa.decimal256(66, 30)),
        (pa.decimal128(10, 2), pa.int32(), pa.float64()),
        (pa.string(), pa.dictionary(pa.int32(), pa.large_string()), pa.string()),
        (pa.string(), pa.binary(), pa.binary()),
        (pa.null(), pa.date32(), pa.date32()),
        (pa.date32(), pa.date64(), pa.date32()),
        (pa.timestamp("s", "UTC"), pa.timestamp("ns", "Asia/Tokyo"), pa.timestamp("us", "UTC")),
        (pa.time32("s"), pa.time64("ns"), pa.time64("us")),
        (pa.duration("s"), pa.duration("ns"), pa.duration("us")),
        (pa.list_(pa.int8()), pa.large_list(pa.int64()), pa.list_(pa.int64())),
        (pa.list_(pa.null()), pa.list_(pa.string(), 2), pa.list_(pa.string())),
        (pa.int8(), pa.string(), None),
        (pa.bool_(), pa.int8(), None),
        (pa.date32(), pa.timestamp("us"), None),
        (pa.timestamp("us"), pa.timestamp("us", "UTC"), None),
        (pa.int64(), pa.timestamp("us"), None),
        (pa.int64(), pa.duration("us"), None),
        (pa.int8(), pa.list_(pa.int8()), None),
        (pa.list_(pa.int8()), pa.list_(pa.string()), None),
    ],
)
def test_types_widen_by_one_rule(
    first: pa.DataType, second: pa.DataType, expected: pa.DataType | None
) -> None:
    assert widened(first, second) == expected
    assert widened(second, first) == expected


def test_files_that_differ_are_one_table(tmp_path: Path) -> None:
    folder = tmp_path / "table"
    write(folder / "a.parquet", n=pa.array([1], pa.int32()), s=["x"], late=pa.nulls(1))
    # In another order, with a new column, and wider.
    write(folder / "b.parquet", new=[True], s=pa.array(["y"]).dictionary_encode(), n=[2**40])
    write(folder / "c.parquet", s=pa.nulls(1), n=pa.array([3], pa.uint64()), late=[2.5])

    result = run(folder, tmp_path / "out")

    assert list(result.schema.features) == ["n", "s", "late", "new"]
    expected = [
        {"n": 1, "s": "x", "late": -1.0, "new": 0},
        {"n": 2**40, "s": "y", "late": -1.0, "new": 1},
        {"n": 3, "s": "none", "late": 2.5, "new": 0},
    ]
    defaults = {"s": "none", "late": -1, "new": 0}
    assert rows(tmp_path / "out", defaults=defaults) == expected
    assert rows(folder, defaults=defaults) == expected
    assert {name: one.missing for name, one in result.schema.features.items()} == {
        "n": 0,
        "s": 1,
        "late": 2,
        "new": 2,
    }


def test_whole_numbers_beside_others_are_floats_or_refused(tmp_path: Path) -> None:
    folder = tmp_path / "table"
    write(folder / "a.parquet", x=[1, 2**24])
    write(folder / "b.parquet", x=[0.5])
    run(folder, tmp_path / "out")
    assert [row["x"] for row in rows(tmp_path / "out")] == [1.0, 2.0**24, 0.5]

    write(folder / "c.parquet", x=[7, 100_000_001])
    with pytest.raises(
        ConvertError,
        match=r"c\.parquet: column x \(int64\): 100000001 in row 1 would be another numb",
    ):
        run(folder, tmp_path / "again")
    result = run(folder, tmp_path / "rounded", decimals=["round"])
    assert result.anomalies == (
        "x: 1 number was rounded to floats, the first from 100000001 to 100000000",
    )
    run(folder, tmp_path / "text", decimals=["x=text"])
    texts = ["1", "16777216", "0.5", "7", "100000001"]
    assert [row["x"] for row in rows(tmp_path / "text")] == texts
    # Text can go together with the text that was there before.
    write(folder / "d.parquet", x=["id-5"])
    run(folder, tmp_path / "texts", decimals=["x=text"])
    assert [row["x"] for row in rows(tmp_path / "texts")] == [*texts, "id-5"]


def test_columns_that_are_not_chosen_need_no_type(tmp_path: Path) -> None:
    folder = tmp_path / "table"
    write(folder / "a.parquet", x=[1], junk=[1])
    write(folder / "b.parquet", x=[2], junk=["?"])

    with pytest.raises(ConvertError, match=r"b\.parquet: junk is string and not int64, unlike"):
        run(folder, tmp_path / "out")
    run(folder, tmp_path / "out", "x")
    assert rows(tmp_path / "out") == rows(folder, columns=["x"]) == [{"x": 1}, {"x": 2}]


def test_a_file_without_any_of_the_columns_has_missing_rows(tmp_path: Path) -> None:
    folder = tmp_path / "table"
    write(folder / "a.parquet", other=list(range(9000)))
    write(folder / "b.parquet", x=[5])

    result = run(folder, tmp_path / "out", "x")

    assert (result.rows, result.schema.features["x"].missing) == (9001, 9000)
    found = read_columns(str(folder), columns=["x"], defaults={"x": -1})["x"]
    assert found.tolist() == [-1] * 9000 + [5]


def hive(folder: Path) -> None:
    write(folder / "day=2026-01-01" / "country=BR" / "p.parquet", x=[1, 2])
    write(folder / "day=2026-01-02" / "country=a%20b%2Fc" / "p.parquet", x=[3])
    write(folder / "day=2026-01-02" / "country=__HIVE_DEFAULT_PARTITION__" / "p.parquet", x=[4])
    (folder / "_SUCCESS").touch()
    (folder / "_temporary=1").mkdir()
    (folder / "_temporary=1" / "q.parquet").write_bytes(b"no parquet")


def days(text: str) -> int:
    return (datetime.date.fromisoformat(text) - datetime.date(1970, 1, 1)).days


@pytest.mark.parametrize("where", ["local", "elsewhere"])
def test_folders_are_columns(tmp_path: Path, where: str) -> None:
    hive(tmp_path / "logs")
    source = str(tmp_path / "logs")
    if where == "elsewhere":
        fsspec.filesystem("memory").put(source, f"/{source}", recursive=True)
        source = f"memory://{source}"

    result = run(source, tmp_path / "out")

    # Sorted by the folders' names, in which "_" comes before "a".
    expected = [
        {"x": 1, "day": days("2026-01-01"), "country": "BR"},
        {"x": 2, "day": days("2026-01-01"), "country": "BR"},
        {"x": 4, "day": days("2026-01-02"), "country": "?"},
        {"x": 3, "day": days("2026-01-02"), "country": "a b/c"},
    ]
    assert rows(tmp_path / "out", defaults={"country": "?"}) == expected
    assert rows(source, defaults={"country": "?"}) == expected
    assert result.schema.features["day"].unit == "days"
    assert result.schema.features["country"].vocabulary == ("BR", "a b/c")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["7", "-3"], [7, -3]),
        (["07", "10"], [7, 10]),
        (["7", "x"], ["7", "x"]),
        (["2026-01-01", "2026-02-30"], ["2026-01-01", "2026-02-30"]),
        (["1", "2026-01-01"], ["1", "2026-01-01"]),
        (["1", str(2**63)], ["1", str(2**63)]),
    ],
)
def test_a_partition_has_one_type(tmp_path: Path, names: list[str], expected: list[object]) -> None:
    for name in names:
        write(tmp_path / "t" / f"k={name}" / "p.parquet", x=[0])

    # In the order of the folders' names.
    order = [expected[names.index(name)] for name in sorted(names)]
    assert [row["k"] for row in rows(tmp_path / "t")] == order
    run(tmp_path / "t", tmp_path / "out", decimals=["k=text"])
    assert [row["k"] for row in rows(tmp_path / "out")] == sorted(names)


@pytest.mark.parametrize(
    ("source", "columns"),
    [
        ("logs", ["x", "day", "country"]),
        ("logs/day=2026-01-0*", ["x", "day", "country"]),
        ("logs/day=2026-01-01/*", ["x", "country"]),
        ("logs/*/*/p.parquet", ["x", "day", "country"]),
        ("logs/day=2026-01-01", ["x", "country"]),
        ("logs/day=2026-01-01/country=BR/p.parquet", ["x"]),
    ],
)
def test_what_the_source_names_itself_is_no_column(
    tmp_path: Path, source: str, columns: list[str]
) -> None:
    hive(tmp_path / "logs")

    assert read_table(str(tmp_path / source)).schema.names == columns


def test_a_file_s_name_is_no_partition(tmp_path: Path) -> None:
    write(tmp_path / "t" / "day=1.parquet", x=[1])
    write(tmp_path / "t" / "day=2.parquet", x=[2])

    assert rows(tmp_path / "t") == [{"x": 1}, {"x": 2}]
    assert rows(tmp_path / "t" / "day=1.parquet") == [{"x": 1}]


def test_a_column_that_is_a_folder_too_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "t" / "day=1" / "p.parquet", x=[1], day=[2])

    with pytest.raises(ConvertError, match="day is a column of the files and in the names of fold"):
        run(tmp_path / "t", tmp_path / "out")
    run(tmp_path / "t", tmp_path / "out", "x")
    assert rows(tmp_path / "out") == [{"x": 1}]


def test_fields_of_structs_are_chosen(tmp_path: Path) -> None:
    people = [{"age": 30, "home": {"city": "x"}}, None, {"age": None, "home": None}]
    folder = tmp_path / "t"
    write(folder / "a.parquet", user=people, **{"user.age": ["a column", "of its", "own"]})
    # With one field more, and one that is wider.
    write(folder / "b.parquet", user=[{"home": {"city": "y", "zip": 5}, "tags": ["t", "u"]}])

    columns = "user.age,user.home.city,user.home.zip,user.tags"
    run(folder, tmp_path / "out", columns)

    defaults = {"user.age": "-", "user.home.city": "-", "user.home.zip": -1}
    none = {"user.age": "-", "user.home.city": "-", "user.home.zip": -1, "user.tags": []}
    expected: list[dict[str, object]] = [
        {**none, "user.age": "a column", "user.home.city": "x"},
        {**none, "user.age": "of its"},
        {**none, "user.age": "own"},
        {**none, "user.home.city": "y", "user.home.zip": 5, "user.tags": [b"t", b"u"]},
    ]
    assert rows(tmp_path / "out", defaults=defaults) == expected
    assert len(rows(folder, columns=columns.split(","), defaults=defaults)) == 4


def test_a_struct_says_what_can_be_chosen(tmp_path: Path) -> None:
    write(tmp_path / "t.parquet", user=[{"age": 30, "home": {"city": "x"}}])

    for columns, message in [
        ("", r"no place for user \(a struct, whose fields are user\.age, user\.home\)"),
        ("user.home", r"no place for user\.home \(a struct, whose fields are user\.home\.city\)"),
        ("user.name", r"has no column user\.name; columns are user"),
    ]:
        with pytest.raises(ConvertError, match=message):
            run(tmp_path / "t.parquet", tmp_path / "out", columns)


def test_fields_that_differ_are_refused_by_their_own_name(tmp_path: Path) -> None:
    write(tmp_path / "t" / "a.parquet", user=[{"age": 30, "id": 1}])
    write(tmp_path / "t" / "b.parquet", user=[{"age": 31, "id": "x"}])

    with pytest.raises(ConvertError, match=r"b\.parquet: user\.id is string and not int64, unlike"):
        run(tmp_path / "t", tmp_path / "out", "user.age,user.id")
    run(tmp_path / "t", tmp_path / "out", "user.age")
    assert [row["user.age"] for row in rows(tmp_path / "out")] == [30, 31]


def test_a_struct_that_is_none_elsewhere_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "t" / "a.parquet", user=[{"age": 30}])
    write(tmp_path / "t" / "b.parquet", user=[5])

    with pytest.raises(ConvertError, match=r"b\.parquet: user is int64 and not struct<age: int64>"):
        run(tmp_path / "t", tmp_path / "out", "user.age")


def test_names_may_have_dots(tmp_path: Path) -> None:
    inner = pa.struct([("c.d", pa.int8())])
    schema = pa.schema({"a.b": pa.int8(), "a": pa.struct([("b", pa.string())]), "x.y": inner})

    assert find_field(schema, "a.b") == (["a.b"], pa.int8())
    assert find_field(schema, "x.y.c.d") == (["x.y", "c.d"], pa.int8())
    assert find_field(schema, "x.y.c") is None
    write(tmp_path / "t.parquet", **{"x.y": pa.array([{"c.d": 5}], inner)})
    assert rows(tmp_path / "t.parquet", columns=["x.y.c.d"]) == [{"x.y.c.d": 5}]


def test_nulls_in_lists_have_a_default(tmp_path: Path) -> None:
    source = tmp_path / "t.parquet"
    lists = {"n": [[1, None], None, [None]], "s": [["a"], [None, "b"], []], "x": [1, None, 3]}
    write(source, **lists)

    with pytest.raises(
        ConvertError,
        match=r"column n .* missing element in row 0; --default n=VALUE of `trilho con",
    ):
        run(source, tmp_path / "out")
    result = run(source, tmp_path / "out", defaults=["n=-1", "s=?", "x=7"])

    assert result.anomalies == (
        "n: 2 missing values were filled by the default",
        "s: 1 missing value was filled by the default",
        "x: 1 missing value was filled by the default",
    )
    # A missing list is none that has a missing element.
    assert result.schema.features["n"].missing == 1
    expected = [
        {"n": [1, -1], "s": [b"a"], "x": 1},
        {"n": [], "s": [b"?", b"b"], "x": 7},
        {"n": [-1], "s": [], "x": 3},
    ]
    assert rows(tmp_path / "out") == expected
    assert rows(source, defaults={"n": -1, "s": "?", "x": 7}) == expected
    with pytest.raises(
        ConvertError, match=r"column n: its default is 'x', expected a whole number"
    ):
        read(str(source), defaults={"n": "x"})
    statistics = json.loads((tmp_path / "out" / "statistics.json").read_text())
    assert statistics["columns"]["n"]["filled"] == 2


def test_lists_of_one_length_of_which_some_are_missing(tmp_path: Path) -> None:
    write(tmp_path / "t.parquet", pair=pa.array([[1, 2], None], pa.list_(pa.int8())))
    run(tmp_path / "t.parquet", tmp_path / "out")

    # The same rows from either, whatever the default.
    for defaults in ({}, {"pair": 5}):
        expected = [{"pair": [1, 2]}, {"pair": []}]
        assert rows(tmp_path / "t.parquet", defaults=defaults) == expected
        assert rows(tmp_path / "out", defaults=defaults) == expected


def test_decimals_of_two_files_have_one_text(tmp_path: Path) -> None:
    write(tmp_path / "t" / "a.parquet", x=pa.array([Decimal("2.50")], pa.decimal128(10, 2)))
    write(tmp_path / "t" / "b.parquet", x=pa.array([Decimal("2.500")], pa.decimal128(12, 3)))

    result = run(tmp_path / "t", tmp_path / "out", decimals=["text"])

    assert result.schema.features["x"].vocabulary == ("2.5",)
    run(tmp_path / "t", tmp_path / "floats")
    assert [row["x"] for row in rows(tmp_path / "floats")] == [np.float32(2.5)] * 2
