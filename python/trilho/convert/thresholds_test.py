"""Data is compared with earlier data as far as the thresholds in its schema.json say."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trilho.convert.conversion import Conversion, convert, read_schema
from trilho.convert.engines import LocalEngine
from trilho.convert.problems import ConvertError
from trilho.convert.schema import SCHEMA_FILE
from trilho.convert.thresholds import THRESHOLDS

ROWS = 5000


def yesterday() -> dict[str, pa.Array]:
    numbers = np.arange(ROWS)
    return {
        "amount": pa.array([None if row % 10 == 0 else float(row % 97) for row in range(ROWS)]),
        "share": pa.array(numbers % 89 / 89),
        "count": pa.array(numbers % 7),
        "word": pa.array([f"w{row % 5}" for row in range(ROWS)]),
        "pair": pa.array([[row % 3, row % 4] for row in range(ROWS)]),
        "id": pa.array(numbers + 100_000_000),
    }


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    pq.write_table(pa.table(yesterday()), tmp_path / "yesterday.parquet")
    convert(str(tmp_path / "yesterday.parquet"), str(tmp_path / "earlier"), engine=LocalEngine(1))
    return tmp_path / "earlier" / SCHEMA_FILE


def today(earlier: Path, *, rows: int = ROWS, strict: bool = True, **columns: object) -> Conversion:
    folder = earlier.parent.parent
    table = pa.table({**yesterday(), **columns}).slice(0, rows)
    pq.write_table(table, folder / "today.parquet")
    return convert(
        str(folder / "today.parquet"),
        str(folder / "today"),
        engine=LocalEngine(1),
        earlier=read_schema(str(earlier)),
        strict=strict,
        overwrite=True,
        restart=True,
    )


def edit(earlier: Path, *, feature: str = "", **thresholds: object) -> None:
    content = json.loads(earlier.read_text())
    place = content["features"][feature] if feature else content
    place["thresholds"] = {**place.get("thresholds", {}), **thresholds}
    earlier.write_text(json.dumps(content))


def some(column: pa.Array, share: float, value: float | None) -> pa.Array:
    """Replaces the first part of a column."""
    values = column.to_pylist()
    count = round(share * ROWS)
    return pa.array([value] * count + values[count:], column.type)


def test_the_same_data_is_no_anomaly(earlier: Path) -> None:
    assert today(earlier).anomalies == ()


NAN = float("nan")
AMOUNT, SHARE = yesterday()["amount"], yesterday()["share"]


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        ({"amount": pa.nulls(ROWS, pa.float64())}, "amount: has 100.0% missing values, had 10.0%"),
        ({"amount": some(AMOUNT, 0.2, None)}, "amount: has 28.0% missing values, had 10.0%"),
        (
            {"share": some(SHARE, 0.0002, None)},
            "share: has missing values, had none: 1 in 5000 rows",
        ),
        (
            {"share": pa.array([NAN] * ROWS)},
            "share: has numbers that are NaN or infinite, had none: 5000 in 5000 rows",
        ),
        (
            {"share": some(SHARE, 0.0002, float("inf"))},
            "share: has numbers that are NaN or infinite, had none: 1 in 5000 rows",
        ),
        ({"count": pa.array([5] * ROWS)}, "count: has 5 in all rows, had several values"),
        ({"word": pa.array(["w1"] * ROWS)}, 'word: has "w1" in all rows, had several values'),
        ({"pair": pa.array([[1, 1]] * ROWS)}, "pair: has 1 in all rows, had several values"),
        (
            {"id": pa.array(np.arange(ROWS) + 100_000_001)},
            "id: is up to 100005000, was at most 100004999",
        ),
        ({"rows": 50}, "has 50 rows, had 5000: less than 0.5 times as many"),
    ],
)
def test_strict_sees(earlier: Path, columns: dict[str, object], line: str) -> None:
    with pytest.raises(ConvertError) as raised:
        today(earlier, **columns)  # type: ignore[arg-type]

    lines = str(raised.value).splitlines()
    source = earlier.parent.parent / "today.parquet"
    assert lines == [f"{source}: {line}"]
    assert not (earlier.parent.parent / "today").exists()
    # Without it the same is told.
    result = today(earlier, strict=False, **columns)  # type: ignore[arg-type]
    assert result.anomalies == (line,)


@pytest.mark.parametrize(
    ("columns", "feature", "thresholds"),
    [
        ({"amount": pa.nulls(ROWS, pa.float64())}, "", {"missing": 0.9}),
        ({"amount": pa.nulls(ROWS, pa.float64())}, "amount", {"missing": None}),
        ({"share": some(SHARE, 0.3, None)}, "share", {"missing": 0.3}),
        ({"share": some(SHARE, 0.3, NAN)}, "share", {"not_finite": 0.3}),
        ({"count": pa.array([5] * ROWS)}, "", {"constant": True}),
        ({"count": pa.array([5] * ROWS)}, "count", {"constant": True}),
        ({"id": pa.array(np.arange(ROWS) + 100_005_000)}, "id", {"range": None}),
        ({"id": pa.array(np.arange(ROWS) + 100_000_001)}, "", {"range": 0.01}),
        ({"word": pa.array([f"w{row % 7}" for row in range(ROWS)])}, "word", {"new_values": 2}),
        ({"rows": 50}, "", {"rows_least": 0.01}),
        ({"rows": 50}, "", {"rows_least": None}),
    ],
)
def test_thresholds_are_the_file_s(
    earlier: Path, columns: dict[str, object], feature: str, thresholds: dict[str, object]
) -> None:
    with pytest.raises(ConvertError):
        today(earlier, **columns)  # type: ignore[arg-type]
    edit(earlier, feature=feature, **thresholds)

    result = today(earlier, **columns)  # type: ignore[arg-type]

    assert result.anomalies == ()
    # They are kept for tomorrow.
    kept = result.schema.features[feature].thresholds if feature else result.schema.thresholds
    assert {name: kept[name] for name in thresholds} == thresholds


def test_more_rows_are_an_anomaly_too(earlier: Path) -> None:
    edit(earlier, rows_most=0.9)

    with pytest.raises(
        ConvertError, match=r"has 5000 rows, had 5000: more than 0\.9 times as many"
    ):
        today(earlier)


def test_the_file_has_all_thresholds(earlier: Path) -> None:
    content = json.loads(earlier.read_text())

    assert content["thresholds"] == THRESHOLDS
    assert content["features"]["amount"]["missing"] == ROWS // 10
    assert content["features"]["share"]["not_finite"] == 0
    assert content["features"]["count"]["constant"] is False


@pytest.mark.parametrize(
    ("feature", "thresholds", "message"),
    [
        ("", {"mising": 0.1}, "threshold 'mising', expected one of rows_least, rows_most, missing"),
        ("share", {"rows_least": 0.1}, "threshold 'rows_least', expected one of missing, not_fini"),
        ("", {"missing": "10%"}, "threshold missing is '10%', expected 0 or more, or null"),
        ("", {"missing": -1}, "threshold missing is -1, expected 0 or more, or null"),
        ("", {"missing": True}, "threshold missing is True, expected 0 or more, or null"),
        ("count", {"constant": 1}, "threshold constant is 1, expected true or false"),
    ],
)
def test_wrong_thresholds_are_named(
    earlier: Path, feature: str, thresholds: dict[str, object], message: str
) -> None:
    edit(earlier, feature=feature, **thresholds)

    with pytest.raises(ConvertError, match=r"schema\.json: is no schema .*" + message):
        read_schema(str(earlier))
