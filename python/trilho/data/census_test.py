from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from trilho.cli.main import main
from trilho.data import census, widedeep
from trilho.data.cache import DataError

# The file's own columns, in its order.
_ROWS: dict[str, list[Any]] = {
    "age": [25, 38, 90],
    "workclass": ["Private", "?", "Local-gov"],
    "fnlwgt": [226802, 89814, 336951],
    "education": ["11th", "HS-grad", "Assoc-acdm"],
    "educational-num": [7, 9, 12],
    "marital-status": ["Never-married", "Divorced", "Widowed"],
    "occupation": ["Machine-op-inspct", "?", "Protective-serv"],
    "relationship": ["Own-child", "Husband", "Wife"],
    "race": ["Black", "White", "White"],
    "gender": ["Male", "Male", "Female"],
    "capital-gain": [0, 99999, 7688],
    "capital-loss": [0, 0, 1902],
    "hours-per-week": [40, 50, 1],
    "native-country": ["United-States", "?", "Peru"],
    "income": ["<=50K", ">50K", ">50K"],
}


def _write(folder: Path, rows: dict[str, list[Any]]) -> Path:
    pq.write_table(pa.table(rows), folder / "adult.parquet.brotli", compression="brotli")
    return folder


def test_the_first_rows_are_the_test_split(tmp_path: Path) -> None:
    data = census.load(_write(tmp_path, _ROWS), test_rows=1)
    assert (len(data.test), len(data.train)) == (1, 2)
    assert data.test.labels.tolist() == [0]
    assert data.train.labels.tolist() == [1, 1]
    assert data.train.fields["education_num"].tolist() == [9, 12]


def test_fields_are_the_contract_s(tmp_path: Path) -> None:
    people = census.load(_write(tmp_path, _ROWS), test_rows=1).train
    assert tuple(people.fields) == census.FIELDS
    assert people.fields["capital_gain"].dtype == np.float32
    assert people.fields["native_country"].tolist() == ["?", "Peru"]


def test_rows_are_written_for_clients(tmp_path: Path) -> None:
    people = census.load(_write(tmp_path, _ROWS), test_rows=2).test
    census.write_tsv(people, tmp_path / "rows.tsv")
    header, *rows = (tmp_path / "rows.tsv").read_text().splitlines()
    assert header.split("\t") == [*census.FIELDS, "income"]
    assert rows[1].split("\t")[9:] == ["99999", "0", "50", "?", ">50K"]
    assert len(rows) == 2


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("age", None, "lacks the columns age"),
        ("age", ["1", "2", "3"], "a number in each row of age, found string"),
        ("age", [1, None, 3], "int64 with 1 missing"),
        ("age", [1, 2**24 + 1, 3], "column age, row 1: 16777217 would be another num"),
        ("age", [1, 2, 2**60 + 1], "column age, row 2: 1152921504606846977 would be another num"),
        ("age", [1.5, 2.0**24, 1e39], r"column age, row 2: 1e\+39 would be another num"),
        ("gender", [1, 2, 3], "a string in each row of gender, found int64"),
        ("income", ["<=50K", "> 50", ">50K"], "one of <=50K, >50K, found '> 50'"),
        ("income", [0, 1, 1], "one of <=50K, >50K, found 0$"),
        ("capital-gain", [0, float("nan"), 1], "column capital-gain, row 1: expected a finite num"),
        ("age", [-np.inf, 2, 3], "column age, row 0: expected a finite number, found -inf"),
    ],
)
def test_what_cannot_be_is_refused(
    tmp_path: Path, column: str, values: list[Any] | None, message: str
) -> None:
    rows = {name: old for name, old in _ROWS.items() if name != column or values is not None}
    if values is not None:
        rows[column] = values
    with pytest.raises(DataError, match=message):
        census.load(_write(tmp_path, rows), test_rows=1)


def test_a_file_that_is_too_short_missing_or_damaged_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"more than 16281 rows, found 3; the first .* --set test_rows=N chooses"
    ):
        census.load(_write(tmp_path, _ROWS))
    with pytest.raises(DataError, match="Cannot read"):
        census.load(tmp_path / "nowhere")
    (tmp_path / "adult.parquet.brotli").write_bytes(b"no Parquet")
    with pytest.raises(DataError, match="Cannot read"):
        census.load(tmp_path)


def test_the_command_takes_the_file_from_a_folder_and_checks_it(tmp_path: Path) -> None:
    _write(tmp_path, _ROWS)
    command = ["data", "census", "--dir", str(tmp_path / "cache"), "--from", str(tmp_path)]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 1
    assert "expected SHA-256 fb07816c" in result.output


def test_the_command_writes_the_test_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {name: values * 6000 for name, values in _ROWS.items()}
    _write(tmp_path, rows)
    # This file counts as the real one.
    monkeypatch.setattr(widedeep, "_missing", lambda *_: [])
    out = tmp_path / "rows.tsv"
    command = ["data", "census", "--dir", str(tmp_path), "--test-rows", str(out)]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    assert f"Its 16281 test rows are in {out}" in result.output
    assert len(out.read_text().splitlines()) == 16282
