from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trilho.contract import reading
from trilho.contract.definitions import Contract
from trilho.convert.problems import ConvertError
from trilho.training.contract_rows import read

_PROTO = """syntax = "proto3";
package a;
import "trilho/contract.proto";
service S { rpc M(Q) returns (R) { option (trilho.contract.model) = { name: "m" }; } }
message Q {
  optional float amount = 1;
  optional string country = 2 [(trilho.contract.tensor) = { default_string: "BR" }];
  optional int32 count = 3 [(trilho.contract.tensor) = { default_number: 7 }];
  repeated float history = 4 [(trilho.contract.tensor) = { shape: 3 }];
  repeated string words = 5;
}
message R { float y = 1; }
"""
_ROWS: dict[str, list[Any]] = {
    "amount": [1.5, 2, 3],
    "country": ["PT", None, "US"],
    "count": [1, 2, None],
    "history": [[1, 2, 3], [4], []],
    "words": [["a"], ["b", "ç", "d"], []],
    "label": [True, False, True],
}
_TYPES = {"amount": pa.float64(), "history": pa.list_(pa.float32())}


@pytest.fixture
def contract(tmp_path: Path) -> Contract:
    (tmp_path / "a.proto").write_text(_PROTO)
    (found,) = reading.read([tmp_path / "a.proto"])
    return found


def _table(folder: Path, **changed: list[Any]) -> str:
    columns = {**_ROWS, **changed}
    table = {
        name: pa.array(values, _TYPES.get(name) if name not in changed else None)
        for name, values in columns.items()
    }
    path = str(folder / "rows.parquet")
    pq.write_table(pa.table(table), path)
    return path


def test_columns_are_what_the_contract_says(contract: Contract, tmp_path: Path) -> None:
    found = read(_table(tmp_path), contract, others=["label"])

    assert {name: values.dtype.name for name, values in found.items()} == {
        "amount": "float32",
        "country": "object",
        "count": "int32",
        "history": "float32",
        "words": "object",
        "label": "int64",
    }
    assert {name: values.tolist() for name, values in found.items()} == {
        "amount": [1.5, 2, 3],
        "country": ["PT", "BR", "US"],
        "count": [1, 2, 7],
        "history": [[1, 2, 3], [4, 0, 0], [0, 0, 0]],
        "words": [["a", "", ""], ["b", "ç", "d"], ["", "", ""]],
        "label": [1, 0, 1],
    }


def test_many_rows_are_as_long_as_the_longest_of_all(contract: Contract, tmp_path: Path) -> None:
    rows: dict[str, list[Any]] = {name: values[:1] * 2500 for name, values in _ROWS.items()}
    rows["words"][2400] = ["x", "y"]

    found = read(_table(tmp_path, **rows), contract)

    assert found["words"].shape == (2500, 2)
    assert found["words"][2399:2401].tolist() == [["a", ""], ["x", "y"]]
    assert found["history"].shape == (2500, 3)
    assert np.all(found["amount"] == 1.5)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"history": [[1.0], [1.0, 2, 3, 4], []]},
            r"column history, row 1: has 4 values, expected at most 3, as a.Q.history has .*\[3\]",
        ),
        ({"count": [1, 2**31, 3]}, r"column count, row 1: 2147483648 has no place in INT32"),
        ({"country": [1, 2, 3]}, r"country"),
        ({"amount": ["a", "b", "c"]}, r"column amount has strings, expected FLOAT, as a.Q.amount"),
        ({"amount": [1.5, None, 2.5]}, r"column amount .*missing"),
        ({"label": [[1], [2], [3]]}, r"column label has lists, expected one value a row"),
        ({"amount": [[1.0], [2.0], [3.0]]}, r"column amount has lists, expected one value a row"),
        (
            {"history": [1.0, 2.0, 3.0]},
            r"column history has rows of the shape \[\], expected \[3\]",
        ),
    ],
)
def test_what_has_no_place_in_its_field_is_named(
    changed: dict[str, list[Any]], message: str, contract: Contract, tmp_path: Path
) -> None:
    with pytest.raises(ConvertError, match=message) as failed:
        read(_table(tmp_path, **changed), contract, others=["label"])
    assert "\n" not in str(failed.value)
