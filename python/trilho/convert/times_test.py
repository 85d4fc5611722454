"""Times have one unit, whatever the file's is, and arrive exactly, or are refused or counted."""

import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trilho.convert.conversion import Conversion, convert, read_schema
from trilho.convert.engines import LocalEngine
from trilho.convert.problems import ConvertError
from trilho.convert.rules import parse_rules
from trilho.convert.times import INT96, as_ticks, time_text
from trilho.training.tables import read_columns

UNITS = ["s", "ms", "us", "ns"]
FAR = [
    datetime.datetime(1, 1, 1),  # noqa: DTZ001 - has no zone, as those of INT96
    datetime.datetime(1500, 2, 28, 12, 0, 0, 1),  # noqa: DTZ001
    datetime.datetime(1969, 12, 31, 23, 59, 59, 999_999),  # noqa: DTZ001
    datetime.datetime(2300, 1, 1),  # noqa: DTZ001
    datetime.datetime(9999, 12, 31, 23, 59, 59, 999_999),  # noqa: DTZ001
]
EPOCH = datetime.datetime(1970, 1, 1)  # noqa: DTZ001
FAR_US = [(time - EPOCH) // datetime.timedelta(microseconds=1) for time in FAR]


def run(source: Path, target: Path, **options: object) -> Conversion:
    columns = options.pop("columns", ())
    return convert(
        str(source),
        str(target),
        engine=LocalEngine(1),
        columns=columns,  # type: ignore[arg-type]
        # So that files are read from amid their row groups.
        rows_per_shard=3,
        rules=parse_rules(**options),  # type: ignore[arg-type]
    )


def values(folder: Path, name: str) -> list[int]:
    found: list[int] = read_columns(str(folder), columns=[name])[name].tolist()
    return found


@pytest.mark.parametrize("unit", UNITS)
def test_five_seconds_are_five_million(tmp_path: Path, unit: str) -> None:
    ticks = 5 * 1000 ** UNITS.index(unit)
    columns = {
        "duration": pa.array([ticks, -ticks], pa.duration(unit)),
        "instant": pa.array([ticks, -ticks], pa.timestamp(unit)),
        "zoned": pa.array([ticks, -ticks], pa.timestamp(unit, "America/Sao_Paulo")),
    }
    if unit != "s":
        columns["time"] = pa.array(
            [ticks] * 2, getattr(pa, f"time{32 if unit == 'ms' else 64}")(unit)
        )
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")

    for wanted, second in (("us", 10**6), ("ns", 10**9)):
        result = run(tmp_path / "t.parquet", tmp_path / wanted, timestamps=wanted)

        assert result.anomalies == ()
        for name, feature in read_schema(str(tmp_path / wanted)).features.items():
            assert (feature.type, feature.unit) == ("int64", wanted)
            expected = [5 * second, (5 if name == "time" else -5) * second]
            assert values(tmp_path / wanted, name) == expected
    # Training reads them the same from Parquet.
    assert values(tmp_path / "t.parquet", "duration") == [5_000_000, -5_000_000]


def test_days_are_days(tmp_path: Path) -> None:
    dates = [datetime.date(1970, 1, 11), datetime.date(1969, 12, 31)]
    pq.write_table(pa.table({"d": dates}), tmp_path / "d.parquet")

    result = run(tmp_path / "d.parquet", tmp_path / "out", timestamps="ns")

    assert result.schema.features["d"].unit == "days"
    assert values(tmp_path / "out", "d") == [10, -1]


def test_nanoseconds_are_kept_or_refused_or_cut_off_and_counted(tmp_path: Path) -> None:
    source = tmp_path / "t.parquet"
    times = pa.array([1_000, 1_001, -1, None], pa.timestamp("ns"))
    pq.write_table(pa.table({"t": times.cast(pa.timestamp("ns", "UTC"))}), source)

    with pytest.raises(
        ConvertError,
        match=r"column t .*00:00:00\.000001001Z? in row 1 has a part finer than microseconds; "
        r".*--timestamps ns keeps it, --truncate cuts it off",
    ):
        run(source, tmp_path / "out")

    result = run(source, tmp_path / "cut", truncate=True)
    assert len(result.anomalies) == 1
    assert result.anomalies[0].startswith("t: 2 times were cut off, the first from 1970-01-01")
    assert result.anomalies[0].endswith(" to 1 us")
    assert result.schema.features["t"].minimum == -1
    run(source, tmp_path / "kept", timestamps="ns")
    assert read_schema(str(tmp_path / "kept")).features["t"].minimum == -1
    assert read_schema(str(tmp_path / "kept")).features["t"].maximum == 1001
    # Cut off is always the past's side: -1 ns is the last microsecond of 1969.
    table = read_columns(str(tmp_path / "cut"), columns=["t"], defaults={"t": 7})
    assert table["t"].tolist() == [1, 1, -1, 7]


@pytest.mark.parametrize("unit", ["s", "us"])
def test_what_has_no_room_is_refused(tmp_path: Path, unit: str) -> None:
    source = tmp_path / "t.parquet"
    most = (2**63 - 1) // 1000 // (10**6 if unit == "s" else 1)
    pq.write_table(pa.table({"t": pa.array([most, -most], pa.duration(unit))}), source)
    run(source, tmp_path / "most", timestamps="ns")
    factor = 10**9 if unit == "s" else 1000
    assert values(tmp_path / "most", "t") == [most * factor, -most * factor]

    pq.write_table(pa.table({"t": pa.array([0, most + 1], pa.duration(unit))}), source)
    with pytest.raises(
        ConvertError, match=rf"{most + 1} {unit} in row 1 is more ns than an int64 holds; --timest"
    ):
        run(source, tmp_path / "out", timestamps="ns")


def write_int96(path: Path, times: pa.Array) -> None:
    lists = pa.array([[time] * (row % 3) for row, time in enumerate(times)], pa.list_(times.type))
    structs = pa.StructArray.from_arrays([times], ["at"])
    pq.write_table(
        pa.table({"t": times, "many": lists, "in": structs}),
        path,
        use_deprecated_int96_timestamps=True,
        row_group_size=2,
    )


def test_int96_has_all_years(tmp_path: Path) -> None:
    write_int96(tmp_path / "t.parquet", pa.array(FAR, pa.timestamp("us")))

    run(tmp_path / "t.parquet", tmp_path / "out", columns=["t", "many", "in.at"])

    assert values(tmp_path / "out", "t") == FAR_US
    assert values(tmp_path / "out", "in.at") == FAR_US
    assert values(tmp_path / "t.parquet", "t") == FAR_US
    assert read_schema(str(tmp_path / "out")).features["many"].minimum == FAR_US[1]

    with pytest.raises(
        ConvertError, match=r"0001-01-01 00:00:00.* in row 0 is more ns than an int"
    ):
        run(tmp_path / "t.parquet", tmp_path / "ns", timestamps="ns", columns=["t"])


def test_int96_has_nanoseconds_too(tmp_path: Path) -> None:
    nanos = [1_001, -1, 0, 2**63 - 1, -(2**63) + 10**6]
    write_int96(tmp_path / "t.parquet", pa.array(nanos, pa.timestamp("ns")))
    # Both are one column, though there is no unit that holds both files' times.
    write_int96(tmp_path / "u.parquet", pa.array(FAR, pa.timestamp("us")))

    with pytest.raises(
        ConvertError, match=r"t\.parquet: .*00:00:00\.000001001 in row 0 has a part"
    ):
        run(tmp_path / "*.parquet", tmp_path / "out", columns=["t"])

    columns = ["t", "many", "in.at"]
    cut = run(tmp_path / "*.parquet", tmp_path / "cut", truncate=True, columns=columns)
    assert values(tmp_path / "cut", "t") == [time // 1000 for time in nanos] + FAR_US
    assert values(tmp_path / "cut", "in.at") == values(tmp_path / "cut", "t")
    assert [line.partition(",")[0] for line in cut.anomalies] == [
        "t: 4 times were cut off",
        "many: 2 times were cut off",
        "in.at: 4 times were cut off",
    ]

    run(tmp_path / "t.parquet", tmp_path / "kept", timestamps="ns", columns=columns)
    assert values(tmp_path / "kept", "t") == nanos
    schema = read_schema(str(tmp_path / "kept"))
    assert (schema.features["many"].minimum, schema.features["many"].maximum) == (
        nanos[4],
        nanos[2],
    )


def test_int96_has_room_for_both() -> None:
    # Neither microseconds nor nanoseconds alone hold the year 9999 with its last nanosecond.
    parts = [pa.array(FAR_US, pa.timestamp("us")), pa.array([0, 999, 0, 0, 999], pa.int16())]
    times = pa.StructArray.from_arrays(parts, fields=list(INT96))

    ticks = as_ticks(times, "us")

    assert ticks.values.to_pylist() == FAR_US
    assert (ticks.too_far.tolist(), ticks.finer.tolist()) == ([], [1, 4])
    assert time_text(times, 4) == "9999-12-31 23:59:59.999999999"
    assert as_ticks(times, "ns").too_far.tolist() == [0, 1, 3, 4]


def test_times_with_a_zone_and_without_are_not_one_column(tmp_path: Path) -> None:
    for name, zone in (("a", None), ("b", "UTC")):
        times = pa.array([0], pa.timestamp("us", zone))
        pq.write_table(pa.table({"t": times}), tmp_path / f"{name}.parquet")

    with pytest.raises(
        ConvertError,
        match=r"b\.parquet: t is timestamp\[us, tz=UTC\] and not timestamp\[us\], unlike",
    ):
        run(tmp_path, tmp_path.parent / "zones")


def test_another_unit_is_another_feature(tmp_path: Path) -> None:
    pq.write_table(pa.table({"t": pa.array([1], pa.timestamp("us"))}), tmp_path / "t.parquet")
    earlier = run(tmp_path / "t.parquet", tmp_path / "us").schema

    with pytest.raises(ConvertError, match="t: is in ns, was in us"):
        convert(
            str(tmp_path / "t.parquet"),
            str(tmp_path / "ns"),
            engine=LocalEngine(1),
            rules=parse_rules(timestamps="ns"),
            earlier=earlier,
        )
