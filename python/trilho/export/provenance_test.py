import hashlib
from typing import Any

import numpy as np
import pytest

from trilho.export.provenance import differing, digest, measured_on
from trilho.manifest_pb2 import DataSplit, Manifest

_FLOATS = np.array([0.5, 1.5], np.float32)


def _texts(*texts: str | bytes) -> np.ndarray:
    return np.array(texts, dtype=object)


def test_a_digest_is_that_of_the_values() -> None:
    content = b" <f4 (2,) 8\n" + bytes.fromhex("0000003f0000c03f")
    assert digest(_FLOATS) == DataSplit(rows=2, sha256=hashlib.sha256(content).hexdigest())


def test_it_does_not_depend_on_how_the_rows_are_held() -> None:
    columns = {"age": _FLOATS, "job": _texts("a", "é")}
    same = {
        "job": _texts(b"a", "é".encode()),
        "age": np.array([0.5, 9, 1.5], ">f4")[::2],
    }
    assert digest(columns) == digest(same)
    assert digest((columns, _FLOATS)) == digest([same, _FLOATS])


@pytest.mark.parametrize(
    "other",
    [
        {"age": _FLOATS[::-1], "job": _texts("a", "b")},
        {"age": _FLOATS, "job": _texts("ab", "")},
        {"age": _FLOATS, "job": _texts("b", "a")},
        {"age": _FLOATS, "jobs": _texts("a", "b")},
        {"age": _FLOATS.astype(np.float64), "job": _texts("a", "b")},
        {"age": _FLOATS[:, np.newaxis], "job": _texts("a", "b")},
        {"age": _FLOATS[:1], "job": _texts("a")},
        {"age": _FLOATS},
    ],
)
def test_it_depends_on_each_value_and_their_order(other: Any) -> None:
    assert digest(other).sha256 != digest({"age": _FLOATS, "job": _texts("a", "b")}).sha256


def test_rows_are_counted_or_told() -> None:
    assert digest((_FLOATS, np.arange(5))).rows == 2
    assert digest([_FLOATS, _FLOATS], rows=4).rows == 4
    with pytest.raises(TypeError, match="/age: expected arrays, found int"):
        digest({"age": 3})


def test_differences_are_named_and_what_nobody_says_is_none() -> None:
    one, other = DataSplit(rows=300, sha256="ab" * 32), DataSplit(rows=16281, sha256="cd" * 32)
    told = "test: 300 rows (SHA-256 abababababab...) and 16281 rows (SHA-256 cdcdcdcdcdcd...)"
    assert differing({"train": one, "test": one}, {"train": one, "test": other}) == told
    assert differing({"test": one}, {"test": one}) == ""
    assert differing({"test": one}, {"train": other}) == ""


def test_a_figure_is_of_the_split_in_its_name() -> None:
    split = DataSplit(rows=1, sha256="ab")
    made = Manifest(splits={"test": split, "validation": split})
    assert list(measured_on(made, "test_auc")) == ["test"]
    assert list(measured_on(made, "ranker_validation_loss")) == ["validation"]
    assert list(measured_on(made, "auc")) == ["test"]
    assert measured_on(Manifest(), "test_auc") == {}
