import dataclasses
import itertools
import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from trilho.convert.anomalies import differences, structural_differences
from trilho.convert.examples import feature_columns
from trilho.convert.schema import Feature, Schema, of_table
from trilho.convert.statistics import ColumnStatistics, Statistics


def statistics(column: pa.Array, *, pieces: int = 1) -> tuple[ColumnStatistics, Feature]:
    table = pa.table({"x": column})
    features = of_table(table.schema).features
    total = Statistics(features)
    bounds = [len(column) * index // pieces for index in range(pieces + 1)]
    for start, stop in itertools.pairwise(bounds):
        piece = Statistics(features)
        for batch in table.slice(start, stop - start).combine_chunks().to_batches():
            piece.add(feature_columns(batch, features), features)
        total.merge(piece)
    return total.columns["x"], features["x"]


def test_numbers() -> None:
    values = np.random.default_rng(1).normal(3, 2, 1000).astype(np.float32)
    values[:10] = 0
    column = pa.array([None, float("nan"), *values.tolist()], pa.float32())

    found, feature = statistics(column, pieces=7)

    report = found.report()
    assert (report["rows"], report["missing"], report["not_finite"]) == (1002, 1, 1)
    assert report["zeros"] == 10
    assert report["mean"] == pytest.approx(values.astype(float).mean())
    assert report["standard_deviation"] == pytest.approx(values.astype(float).std())
    assert found.as_feature(feature) == Feature(
        type="float",
        required=False,
        minimum=values.min().item(),
        maximum=values.max().item(),
        missing=1,
        not_finite=1,
        constant=False,
    )


def test_large_whole_numbers_are_exact() -> None:
    found, feature = statistics(pa.array([2**62 + 1, -(2**62) - 1]))

    described = found.as_feature(feature)

    assert (described.minimum, described.maximum) == (-(2**62) - 1, 2**62 + 1)


def test_strings() -> None:
    found, feature = statistics(pa.array(["b", "a", None, "b", "ç"]), pieces=2)

    report = found.report(most=1)
    assert report["distinct"] == 3
    assert report["bytes"] == {"minimum": 1, "maximum": 2}
    assert report["most_frequent"] == [{"value": "b", "count": 2}]
    assert found.as_feature(feature).vocabulary == ("a", "b", "ç")


@pytest.mark.parametrize("pieces", [1, 3])
def test_too_many_different_strings_are_no_vocabulary(pieces: int) -> None:
    found, feature = statistics(pa.array([str(number) for number in range(10_001)]), pieces=pieces)

    assert found.report()["distinct"] == "more than 10000, or of more than 1048576 bytes"
    assert found.report()["most_frequent"] == []
    assert found.as_feature(feature).vocabulary is None


@pytest.mark.parametrize("pieces", [1, 3])
def test_few_strings_that_are_large_are_no_vocabulary_either(pieces: int) -> None:
    images = [bytes([number]) * 50_000 for number in range(21)]

    found, feature = statistics(pa.array(images), pieces=pieces)

    assert found.report()["distinct"] == "more than 10000, or of more than 1048576 bytes"
    assert found.as_feature(feature).vocabulary is None
    assert len(json.dumps(found.to_state())) < 1000
    # Less than a MiB, however often.
    again, feature = statistics(pa.array(images[:20] * 3), pieces=pieces)
    assert again.report()["distinct"] == 20


def test_bytes_that_are_no_text_are_no_vocabulary() -> None:
    found, feature = statistics(pa.array([b"\xff"]))

    assert found.as_feature(feature).vocabulary is None
    assert found.report()["most_frequent"] == [{"value": r"\xff", "count": 1}]


def test_lists_of_one_length_have_a_shape() -> None:
    same, feature = statistics(pa.array([[1, 2], [3, 4]]))
    assert same.as_feature(feature).shape == (2,)

    other, feature = statistics(pa.array([[1, 2], []]), pieces=2)
    assert other.as_feature(feature).shape == (None,)
    assert other.report()["length"] == {"minimum": 0, "maximum": 2}


def test_figures_can_be_kept() -> None:
    found, _ = statistics(pa.array([b"\xff", b"a", None]))
    numbers, _ = statistics(pa.array([[1], [2, 3]]))

    for kept in (found, numbers):
        assert vars(ColumnStatistics.from_state(kept.to_state())) == vars(kept)


EARLIER = Schema(
    features={
        "age": Feature(type="int64", required=True, minimum=17, maximum=90),
        "job": Feature(type="bytes", vocabulary=("clerk", "driver")),
        "pay": Feature(type="float", shape=(12,)),
    }
)


@pytest.mark.parametrize(
    ("now", "line"),
    [
        ({"type": "float"}, "age: is float, was int64"),
        ({"required": False}, "age: has missing values, had none"),
        ({"minimum": 3}, "age: is as little as 3, was at least 17"),
        ({"maximum": 99}, "age: is up to 99, was at most 90"),
        ({"vocabulary": ("clerk", "x")}, 'job: has new values: "x"'),
        ({"vocabulary": None}, "job: has too many different values to list, had 2"),
        ({"shape": ()}, "pay: has one value, had 12 values"),
        ({"shape": (11,)}, "pay: has 11 values, had 12 values"),
    ],
)
def test_what_differs_from_earlier_data_is_told(now: dict[str, Any], line: str) -> None:
    name = line.partition(":")[0]
    changed = dataclasses.replace(EARLIER.features[name], **now)

    assert differences(EARLIER, Schema(features={**EARLIER.features, name: changed})) == [line]


def test_features_come_and_go() -> None:
    now = Schema(features={"job": EARLIER.features["job"], "new": Feature(type="float")})

    assert structural_differences(EARLIER, now) == ["age: is gone", "pay: is gone"]
    assert differences(EARLIER, now) == ["age: is gone", "pay: is gone", "new: is new"]
    assert differences(EARLIER, EARLIER) == []
