"""Numbers arrive exactly, or are refused, or are counted by name."""

import decimal
import itertools
import json
import random
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from trilho.cli.main import main
from trilho.convert.conversion import Conversion, convert
from trilho.convert.engines import LocalEngine
from trilho.convert.examples import Changes, feature_columns
from trilho.convert.numbers import as_float, as_text
from trilho.convert.problems import ConvertError
from trilho.convert.rules import Rules, parse_rules
from trilho.convert.schema import of_table
from trilho.training.tables import read_columns

IDS = [Decimal(100_000_000 + number) for number in range(5)]


def cast(column: pa.Array, rules: Rules | None = None) -> tuple[list[object], Changes]:
    table = pa.table({"x": column})
    features = of_table(table.schema, rules=rules).features
    changes: dict[str, Changes] = {}
    (batch,) = table.to_batches()
    found = feature_columns(batch, features, rules, changes=changes)["x"]
    return found.to_pylist(), changes["x"]


def chosen(choice: str) -> Rules:
    return parse_rules(decimals=[f"x={choice}"])


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array(IDS, pa.decimal128(9, 0)), [int(value) for value in IDS]),
        (pa.array(IDS, pa.decimal128(20, 0)), [int(value) for value in IDS]),
        (pa.array(IDS, pa.decimal256(60, 0)), [int(value) for value in IDS]),
        (pa.array([Decimal(-(10**18) + 1)], pa.decimal128(18, 0)), [-(10**18) + 1]),
        (pa.array([Decimal(2**63 - 1), None], pa.decimal128(19, 0)), [2**63 - 1, None]),
        (pa.array([Decimal(1200)], pa.decimal128(5, -2)), [1200]),
        (pa.array([2**63 - 1], pa.uint64()), [2**63 - 1]),
        (pa.array([Decimal("19.99")], pa.decimal128(10, 2)), [np.float32(19.99)]),
        (pa.array([Decimal("19.99")], pa.decimal128(38, 18)), [np.float32(19.99)]),
        (pa.array([Decimal("123456.78")], pa.decimal128(10, 2)), [np.float32(123456.78)]),
        (pa.array([Decimal("-0.000001"), None], pa.decimal128(9, 6)), [np.float32(-1e-6), None]),
        (pa.array([Decimal("1E-7")], pa.decimal128(20, 8)), [np.float32(1e-7)]),
        (pa.array([Decimal("0.5")], pa.decimal256(76, 70)), [0.5]),
        (
            pa.array([0.1, 1e38, 6.02214076e23]),
            [float(np.float32(value)) for value in (0.1, 1e38, 6.02214076e23)],
        ),
        (pa.array([2.0**24, -float("inf"), None]), [2.0**24, -float("inf"), None]),
    ],
)
def test_what_has_a_place_gets_there(column: pa.Array, expected: list[object]) -> None:
    found, changes = cast(column)

    assert found == expected
    assert changes == Changes()


# Each of them became another number without a word.
WITHOUT_PLACE = [
    (pa.array([Decimal(1), Decimal(2**63 + 1)], pa.decimal128(20, 0)), "9223372036854775809"),
    (pa.array([Decimal(-(2**63) - 1)] * 2, pa.decimal256(60, 0)), "-9223372036854775809"),
    (pa.array([1, 2**63 + 1], pa.uint64()), "9223372036854775809"),
    (pa.array([Decimal(1), Decimal("1234567.89")], pa.decimal128(10, 2)), "1234567.89"),
    (pa.array([Decimal(1), Decimal("0.1000000015")], pa.decimal128(20, 10)), "0.1000000015"),
    # Its double is that of 0.1, and so its digits are those of 0.1 but for the last.
    (
        pa.array([Decimal(1), Decimal("0.10000000000000000001")], pa.decimal128(30, 20)),
        "0.10000000000000000001",
    ),
    (pa.array([Decimal("0." + "0" * 49 + "1")], pa.decimal256(60, 50)), "0." + "0" * 49 + "1"),
    (pa.array([Decimal("1" * 50 + ".5")], pa.decimal256(60, 1)), "1" * 50 + ".5"),
    (pa.array([1.5, 100_000_001.0]), "100000001"),
    (pa.array([1.5, 1e39]), r"1e\+39"),
    (pa.array([1.5, -1e-50]), "-1e-50"),
]


@pytest.mark.parametrize(("column", "text"), WITHOUT_PLACE)
def test_what_has_no_place_is_refused_by_name(column: pa.Array, text: str) -> None:
    row = 0 if len(column) == 1 or text.startswith("-9") else 1

    with pytest.raises(
        ConvertError, match=rf"column x \(.*\): {text} in row {row} .*--decimals x=round .*x=text"
    ):
        cast(column)


@pytest.mark.parametrize(("column", "text"), WITHOUT_PLACE)
def test_text_keeps_all_digits(column: pa.Array, text: str) -> None:
    found, changes = cast(column, chosen("text"))

    assert found[-1] == text.replace("\\", "").encode()
    assert changes == Changes()


@pytest.mark.parametrize(("column", "text"), WITHOUT_PLACE)
def test_what_is_rounded_is_counted(column: pa.Array, text: str) -> None:
    found, changes = cast(column, chosen("round"))

    with np.errstate(over="ignore"):
        assert found[-1] == np.float32(float(text.replace("\\", "")))
    assert changes.rounded == (2 if text.startswith("-9") else 1)
    assert changes.example.startswith(f"{text.replace(chr(92), '')} to ")


def test_a_number_has_one_text() -> None:
    column = pa.array([Decimal("2.50"), Decimal("100.00"), Decimal("0.00"), None])

    assert as_text(column).to_pylist() == ["2.5", "100", "0", None]
    assert as_text(pa.array([Decimal(1200)], pa.decimal128(5, -2))).to_pylist() == ["1200"]
    assert as_text(pa.array([Decimal("1E-9")], pa.decimal128(9, 9))).to_pylist() == ["0.000000001"]
    assert as_text(pa.array([-(2**63), 0])).to_pylist() == ["-9223372036854775808", "0"]
    assert as_text(pa.array([np.float16(0.1)])).to_pylist() == ["0.099975586"]
    small = pa.array([Decimal("1.50"), None], pa.decimal32(5, 2))
    assert as_text(small).to_pylist() == ["1.5", None]
    assert as_float(small)[0].to_pylist() == [1.5, None]


def test_each_decimal_becomes_the_nearest_float() -> None:
    generator = random.Random(1)  # noqa: S311 - no secret
    # Amid two floats, and beside that by less than a double shows: rounding twice goes wrong.
    amid = [Decimal(2**24 + 1) + Decimal(sign) / 10**20 for sign in (-1, 0, 1)]
    amid += [Decimal(2**24 + 3) + Decimal(sign) / 10**20 for sign in (-1, 0, 1)]
    others = [
        Decimal(generator.randrange(-(10**digits), 10**digits)).scaleb(-generator.randrange(20))
        for digits in [3, 9, 15, 17, 28] * 100
    ]
    column = pa.array([*amid, *others], pa.decimal256(70, 25))

    floats, inexact = as_float(column)

    changed = set(inexact.places.tolist()) if inexact else set()
    for place, (value, found) in enumerate(zip([*amid, *others], floats.to_pylist(), strict=True)):
        near = np.float32(found)
        errors = [
            abs(Fraction(float(one)) - Fraction(value))
            for one in (near, np.nextafter(near, np.float32("inf")), np.nextafter(near, -near))
        ]
        assert errors[0] == min(errors), value
        # Read back, or told: never neither.
        assert (Decimal(str(near)) == value) == (place not in changed), value
    assert floats.to_pylist()[:6] == [2**24, 2**24, 2**24 + 2, 2**24 + 2, 2**24 + 4, 2**24 + 4]


def test_whole_numbers_are_floats_if_they_have_no_more_bits() -> None:
    numbers = [sign * value for sign in (1, -1) for value in range(2**24 - 2, 2**24 + 9)]
    numbers += [0, -(2**63), 2**62, 2**62 + 1, 2**63 - 1, (2**24 - 1) << 38, (2**24 + 1) << 38]

    floats, inexact = as_float(pa.array(numbers))

    assert inexact
    changed = [number for number in numbers if int(np.float32(number)) != number]
    assert [numbers[place] for place in inexact.places] == changed
    assert floats.to_pylist() == [float(np.float32(number)) for number in numbers]


def test_decimals_of_six_digits_are_always_read_back() -> None:
    for scale, value in itertools.product((0, 3, 6, 12), (0, 1, 999_999, -123_456)):
        with decimal.localcontext(decimal.Context(prec=80)):
            column = pa.array([Decimal(value).scaleb(-scale)], pa.decimal256(60, 30))
        assert as_float(column)[1] is None


@pytest.fixture
def prices(tmp_path: Path) -> str:
    columns = {
        "id": pa.array(IDS, pa.decimal128(20, 0)),
        "price": pa.array([Decimal("1234567.89"), Decimal(1), None, *[Decimal(2)] * 2]),
        "key": pa.array([2**64 - 1] * 5, pa.uint64()),
    }
    pq.write_table(pa.table(columns), tmp_path / "prices.parquet")
    return str(tmp_path / "prices.parquet")


def run(source: str, target: Path, *decimals: str) -> Conversion:
    rules = parse_rules(decimals=decimals)
    return convert(source, str(target), engine=LocalEngine(1), rules=rules)


def test_what_was_rounded_is_told(prices: str, tmp_path: Path) -> None:
    result = run(prices, tmp_path / "out", "round", "key=text")

    line = "price: 1 number was rounded to floats, the first from 1234567.89 to 1234567.9"
    assert result.anomalies == (line,)
    statistics = json.loads((tmp_path / "out" / "statistics.json").read_text())
    assert statistics["anomalies"] == [line]
    assert statistics["columns"]["price"]["rounded"] == 1
    # A whole number stays so, whatever becomes of fractions.
    assert {name: one.type for name, one in result.schema.features.items()} == {
        "id": "int64",
        "price": "float",
        "key": "bytes",
    }


@pytest.mark.parametrize("choices", [["text", "key=text"], ["key=text", "price=round"]])
def test_training_reads_the_same_numbers(prices: str, tmp_path: Path, choices: list[str]) -> None:
    run(prices, tmp_path / "out", *choices)
    rules = parse_rules(decimals=choices)
    defaults: dict[str, int | float | str] = {"price": "0"}

    table = read_columns(prices, defaults=defaults, rules=rules)
    records = read_columns(str(tmp_path / "out"), defaults=defaults)

    assert table["id"].tolist() == [int(value) for value in IDS]
    assert table["key"].tolist() == [b"18446744073709551615"] * 5
    first = b"1234567.89" if "text" in choices else np.float32(1234567.89)
    assert table["price"].tolist()[0] == first
    for name, values in table.items():
        assert (records[name].dtype, records[name].tolist()) == (values.dtype, values.tolist())


def test_training_refuses_what_conversion_refuses(prices: str) -> None:
    with pytest.raises(ConvertError, match=r"prices\.parquet: column price .*1234567\.89 in row 0"):
        read_columns(prices, columns=["id", "price"], defaults={"price": 0})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--decimals", "cut"], "--decimals cut: expected exact, round, text, or NAME= before one"),
        (["--decimals", "id=cut"], "--decimals id=cut: expected exact, round, text"),
        (
            ["--decimals", "idd=text"],
            "has no column idd for --decimals; columns are id, price, key",
        ),
        (["--default", "price"], "--default price: expected NAME=VALUE"),
        (["--default", "id=1.5"], "column id: its default is '1.5', expected a whole number"),
        (["--default", "price=x"], "column price: its default is 'x', expected a number"),
    ],
)
def test_wrong_rules_are_named(
    prices: str, tmp_path: Path, options: list[str], message: str
) -> None:
    result = CliRunner().invoke(main, ["convert", prices, str(tmp_path / "out"), *options])

    assert (result.exit_code, message in result.output) == (1, True), result.output
    assert not (tmp_path / "out").exists()
