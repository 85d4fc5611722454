"""Columns of a table as tf.Example's types."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trilho.convert.problems import ConvertError
from trilho.convert.schema import Feature, FeatureType

__all__ = ["feature_columns"]

_ARROW: Mapping[FeatureType, pa.DataType] = {
    "int64": pa.int64(),
    "float": pa.float32(),
    "bytes": pa.large_binary(),
}


def feature_columns(batch: pa.RecordBatch, features: Mapping[str, Feature]) -> dict[str, pa.Array]:
    """Brings columns to the types of tf.Example.

    Args:
        batch: Rows of the table.
        features: What its columns become.

    Returns:
        For each feature int64, float32 or large_binary values, or lists of them.

    Raises:
        ConvertError: A value does not fit, e.g. a uint64 that is more than an int64 holds, or a
            list has a missing element.
    """
    columns = {}
    for name, feature in features.items():
        column = batch.column(batch.schema.get_field_index(name))
        try:
            columns[name] = _cast(column, feature)
        except pa.ArrowInvalid as error:
            raise ConvertError(f"column {name} ({column.type}): {error}") from error
        if feature.shape and columns[name].flatten().null_count:
            raise ConvertError(f"column {name}: a list has a missing element")
    return columns


def _cast(column: pa.Array, feature: Feature) -> pa.Array:
    if not feature.shape:
        return _cast_values(column, feature.type)
    # Made anew of elements and lengths, as no cast knows all kinds of lists and of elements.
    lengths = pc.list_value_length(column).fill_null(0).to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return pa.LargeListArray.from_arrays(
        pa.array(offsets, pa.int64()),
        _cast_values(column.flatten(), feature.type),
        mask=column.is_null() if column.null_count else None,
    )


def _cast_values(column: pa.Array, kind: FeatureType) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us"))
    elif pa.types.is_time(column.type):
        column = column.cast(pa.time64("us"))
    elif pa.types.is_date32(column.type):
        column = column.cast(pa.int32())
    elif pa.types.is_date64(column.type):
        column = column.cast(pa.date32()).cast(pa.int32())
    elif pa.types.is_fixed_size_binary(column.type):
        column = column.cast(pa.binary())
    if kind == "float":
        # Digits beyond float32's are rounded, as they are everywhere in tf.Example.
        return pc.cast(column, _ARROW[kind], safe=False)
    return column.cast(_ARROW[kind])
