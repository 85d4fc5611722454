import random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf

from trilho.convert.example_bytes import encoded
from trilho.convert.examples import feature_columns
from trilho.convert.schema import of_table

_RANDOM = random.Random(1)  # noqa: S311 - no secret
_INTS = [0, 1, 127, 128, 16383, 16384, 2**31, 2**63 - 1, -1, -128, -(2**63)]
_STRINGS = [b"", b"a", b"\0", b"x" * 127, b"x" * 128, b"x" * 20_000, "ç".encode()]
_FLOATS = [0.0, -0.0, 1.5, float("inf"), float("nan"), 1e-45]


def _column(values: list[Any], kind: pa.DataType, rows: int) -> pa.Array:
    return pa.array([_RANDOM.choice([*values, None]) for _ in range(rows)], kind)


def _lists(values: list[Any], kind: pa.DataType, rows: int) -> pa.Array:
    lists = [_RANDOM.choices(values, k=_RANDOM.choice([0, 1, 2, 50])) for _ in range(rows)]
    return pa.array([_RANDOM.choice([content, None]) for content in lists], pa.list_(kind))


def _table(rows: int) -> pa.Table:
    kinds: list[tuple[list[Any], pa.DataType]] = [
        (_INTS, pa.int64()),
        (_STRINGS, pa.binary()),
        (_FLOATS, pa.float32()),
    ]
    columns = {f"one{index}": _column(*kind, rows) for index, kind in enumerate(kinds)}
    columns |= {f"many{index}": _lists(*kind, rows) for index, kind in enumerate(kinds)}
    # Sorted as bytes, not as the table has them.
    return pa.table({"z" * 200: pa.array(np.arange(rows)), "Ä": columns["one0"], **columns})


@pytest.mark.parametrize("rows", [1, 1000])
def test_the_bytes_are_those_of_protobuf(rows: int) -> None:
    table = _table(rows)
    features = of_table(table.schema).features
    (batch,) = table.combine_chunks().to_batches()
    columns = feature_columns(batch, features)

    texts = list(encoded(columns, features))

    assert len(texts) == rows
    for row, text in enumerate(texts):
        example = tf.train.Example()
        for name, feature in features.items():
            value = columns[name][row].as_py()
            if value is not None:
                content = getattr(example.features.feature[name], f"{feature.type}_list")
                content.SetInParent()
                content.value.extend(value if feature.shape else [value])
        assert text == example.SerializeToString(deterministic=True)


def test_a_row_without_values_is_an_empty_example() -> None:
    table = pa.table({"x": pa.array([None, 1]), "y": pa.array([None, [2.5]])})
    features = of_table(table.schema).features

    first, second = encoded(feature_columns(table.to_batches()[0], features), features)

    assert (first, len(second) > 0) == (b"", True)
    assert not tf.train.Example.FromString(first).features.feature
