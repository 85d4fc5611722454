import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from trilho.cli.main import main


@pytest.fixture
def source(tmp_path: Path) -> str:
    pq.write_table(pa.table({"x": range(100), "t": range(100)}), tmp_path / "t.parquet")
    return str(tmp_path / "t.parquet")


def run(source: str, *options: str) -> Result:
    return CliRunner().invoke(main, ["convert", source, f"{source}-out", *options])


def test_without_a_terminal_it_tells_how_far_it_is(source: str) -> None:
    result = run(source, "--shards", "4")

    assert result.exit_code == 0, result.output
    first, *_, last = result.stderr.splitlines()
    assert first == "rows   0/100"
    assert re.fullmatch(r"rows 100/100  \d+ a second", last)
    assert result.stdout == f"Rows      100\nFiles     4\nFeatures  2\nFolder    {source}-out\n"


def test_anomalies_are_told(source: str) -> None:
    result = run(source, "--decimals", "x=round", "--default", "t=5")
    assert "Anomaly" not in result.output

    pq.write_table(pa.table({"x": [2**24 + 1], "t": pa.nulls(1, pa.int64())}), source)
    result = run(source, "--decimals", "x=round", "--default", "t=5", "--overwrite")
    assert (result.exit_code, result.stderr.splitlines()[-2:]) == (
        0,
        [
            "Anomaly   x: 1 number was rounded to floats, the first from 16777217 to 16777216",
            "Anomaly   t: 1 missing value was filled by the default",
        ],
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--strict"], "--strict needs --schema"),
        (["--master", "yarn"], "--master is for --engine spark"),
        (["--engine", "spark", "--processes", "2"], "--processes is for --engine local"),
        (["--timestamps", "ns", "--truncate"], "--truncate is for --timestamps us"),
        (["--timestamps", "ms"], "'ms' is not one of 'us', 'ns'"),
    ],
)
def test_options_that_do_not_go_together(source: str, options: list[str], message: str) -> None:
    result = run(source, *options)

    assert (result.exit_code, message in result.output) == (2, True), result.output


def test_help_has_the_rules() -> None:
    text = CliRunner().invoke(main, ["convert", "--help"]).output

    for word in (
        "refused",
        "NAME=VALUE",
        "--decimals",
        "ns",
        "--truncate",
        "rows_least",
        "constant",
    ):
        assert word in text
