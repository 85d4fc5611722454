import datetime
import decimal
import math

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf

from trilho.convert.example_bytes import encoded
from trilho.convert.examples import feature_columns
from trilho.convert.problems import ConvertError
from trilho.convert.schema import of_table

NEW_YEAR = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def examples(table: pa.Table) -> list[tf.train.Example]:
    (batch,) = table.combine_chunks().to_batches()
    features = of_table(table.schema).features
    columns = feature_columns(batch, features)
    return [tf.train.Example.FromString(text) for text in encoded(columns, features)]


def values(example: tf.train.Example, name: str) -> list[object]:
    feature = example.features.feature[name]
    return list(getattr(feature, feature.WhichOneof("kind")).value)


@pytest.mark.parametrize(
    ("column", "kind", "expected"),
    [
        (pa.array([-(2**63)], pa.int64()), "int64_list", [-(2**63)]),
        (pa.array([200], pa.uint8()), "int64_list", [200]),
        (pa.array([True]), "int64_list", [1]),
        (pa.array([datetime.date(1970, 1, 11)]), "int64_list", [10]),
        (pa.array([datetime.date(1970, 1, 11)], pa.date64()), "int64_list", [10]),
        (pa.array([NEW_YEAR], pa.timestamp("ms", "UTC")), "int64_list", [1767225600000000]),
        (pa.array([datetime.time(0, 0, 2)], pa.time32("s")), "int64_list", [2000000]),
        (pa.array([0.1]), "float_list", [np.float32(0.1)]),
        (pa.array([np.float16(0.5)]), "float_list", [0.5]),
        (pa.array([decimal.Decimal("2.50")]), "float_list", [2.5]),
        (pa.array(["ç"]), "bytes_list", ["ç".encode()]),
        (pa.array([b"\xff\x00"], pa.binary(2)), "bytes_list", [b"\xff\x00"]),
        (pa.array(["x"]).dictionary_encode(), "bytes_list", [b"x"]),
        (pa.array([[1, 2, 3]]), "int64_list", [1, 2, 3]),
        (pa.array([[1.5, 2.5]], pa.list_(pa.float64(), 2)), "float_list", [1.5, 2.5]),
        (pa.array([["a", "b"]], pa.large_list(pa.string())), "bytes_list", [b"a", b"b"]),
        (pa.array([[]], pa.list_(pa.int32())), "int64_list", []),
    ],
)
def test_each_type_has_its_place(column: pa.Array, kind: str, expected: list[object]) -> None:
    (example,) = examples(pa.table({"x": column}))

    assert example.features.feature["x"].WhichOneof("kind") == kind
    assert values(example, "x") == expected


def test_a_missing_value_leaves_its_feature_out() -> None:
    table = pa.table(
        {
            "number": [1, None],
            "list": pa.array([None, [2.0]], pa.list_(pa.float32())),
            "nothing": pa.nulls(2),
        }
    )

    first, second = examples(table)

    assert dict(first.features.feature).keys() == {"number"}
    assert dict(second.features.feature).keys() == {"list"}
    assert values(second, "list") == [2.0]


def test_nan_is_a_value() -> None:
    (example,) = examples(pa.table({"x": [math.nan]}))

    assert math.isnan(values(example, "x")[0])  # type: ignore[arg-type]


def test_rows_keep_their_order_also_in_a_slice_of_a_batch() -> None:
    table = pa.table({"x": [[index] * (index % 3) for index in range(10)]})
    features = of_table(table.schema).features
    batch = table.to_batches()[0].slice(4, 3)

    texts = encoded(feature_columns(batch, features), features)

    found = [values(tf.train.Example.FromString(text), "x") for text in texts]
    assert found == [[4], [5, 5], []]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (pa.array([2**63], pa.uint64()), r"column x \(uint64\): .*9223372036854775808"),
        (
            pa.array([[1, None]]),
            r"column x \(list.*a list has a missing element in row 0; --default x=",
        ),
    ],
)
def test_a_value_without_place_is_refused(column: pa.Array, message: str) -> None:
    with pytest.raises(ConvertError, match=message):
        examples(pa.table({"x": column}))


def test_all_columns_without_place_are_named() -> None:
    table = pa.schema(
        {
            "good": pa.int8(),
            "map": pa.map_(pa.string(), pa.int8()),
            "deep": pa.list_(pa.list_(pa.int8())),
        }
    )

    with pytest.raises(ConvertError, match=r"map \(map.*deep \(list.*choose others with --columns"):
        of_table(table)
    assert list(of_table(table, columns=["good"]).features) == ["good"]
    with pytest.raises(ConvertError, match="has no column age; columns are good, map, deep"):
        of_table(table, columns=["age"])
