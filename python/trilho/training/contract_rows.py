"""Rows of a table as a contract has them: what the server makes of a request."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from trilho.contract.definitions import Contract, Field, shape_text
from trilho.convert.problems import ConvertError
from trilho.convert.rules import Rules
from trilho.training import tables

__all__ = ["read"]

Array = np.ndarray[Any, np.dtype[Any]]

_BATCH = 1000
# Where contract.proto spells a dtype otherwise.
_DTYPES = {"FLOAT": "float32", "DOUBLE": "float64"}
_STRING = "STRING"


def read(
    url: str,
    contract: Contract,
    *,
    others: Sequence[str] = (),
    rules: Rules | None = None,
) -> dict[str, Array]:
    """Reads the columns of a table that are fields of a request, as its network gets them.

    A missing value is what the contract has as default. A list is filled up at its end, with 0 or
    "", to the `shape` of its field; without a shape to the longest list of all. The server fills
    nothing up: callers send as many values as the network was trained with.

    Args:
        url: As of `tables.read`.
        contract: The method; each field of its request is the column of the field's alias.
        others: Columns besides, of one value in each row, e.g. the labels.
        rules: As of `tables.read`.

    Returns:
        By the alias an array of the field's dtype, [rows, ...], and of the others int64, float32 or
        objects. Strings are str, as of bytes Keras makes no tensor.

    Raises:
        ConvertError: As of `tables.read`; or a list is longer than its field, a number has no place
            in its field's type, or a string is no text in UTF-8.
    """
    fields = {field.alias: field for field in contract.inputs}
    defaults = {
        alias: field.default for alias, field in fields.items() if field.default is not None
    }
    rows = tables.read(url, columns=[*fields, *others], defaults=defaults, rules=rules)
    parts: dict[str, list[Any]] = {name: [] for name in (*fields, *others)}
    try:
        for batch in rows.ragged_batch(_BATCH):
            for name, values in batch.items():
                parts[name].append(values)
    except tf.errors.OpError as error:
        raise ConvertError(_first_line(error)) from error
    return {
        name: _column(f"{url}: column {name}", batches, fields.get(name))
        for name, batches in parts.items()
    }


def _column(name: str, batches: Sequence[Any], field: Field | None) -> Array:
    if any(isinstance(values, tf.RaggedTensor) for values in batches):
        if field is None or len(field.shape) != 1:
            raise ConvertError(f"{name} has lists, expected one value a row")
        batches = _filled_up(name, batches, field)
    array: Array = np.concatenate([values.numpy() for values in batches])
    if array.dtype == object:
        try:
            texts = [value.decode() for value in array.flat]
        except UnicodeDecodeError as error:
            raise ConvertError(f"{name} is no text in UTF-8: {error}") from error
        array = np.array(texts, dtype=object).reshape(array.shape)
    return array if field is None else _as_field(name, array, field)


def _filled_up(name: str, batches: Sequence[tf.RaggedTensor], field: Field) -> list[tf.Tensor]:
    lengths = np.concatenate([values.row_lengths().numpy() for values in batches])
    (size,) = field.shape
    if size is None:
        size = int(lengths.max())
    if (lengths > size).any():
        row = int(np.argmax(lengths > size))
        raise ConvertError(
            f"{name}, row {row}: has {lengths[row]} values, expected at most {size}, as "
            f"{field.element} has the shape {shape_text(field.shape)}"
        )
    return [values.to_tensor(shape=[None, size]) for values in batches]


def _as_field(name: str, array: Array, field: Field) -> Array:
    if array.ndim - 1 != len(field.shape):
        found = shape_text(array.shape[1:])
        raise ConvertError(
            f"{name} has rows of the shape {found}, expected {shape_text(field.shape)}"
        )
    is_text, wants_text = array.dtype == object, field.dtype == _STRING
    if is_text != wants_text:
        raise ConvertError(
            f"{name} has {'strings' if is_text else 'numbers'}, expected {field.dtype}, as "
            f"{field.element} is"
        )
    if wants_text:
        return array
    kind = tf.as_dtype(_DTYPES.get(field.dtype, field.dtype.lower()))
    made: Array = array.astype(kind.as_numpy_dtype)
    if made.dtype.kind in "iub" and (changed := np.flatnonzero(made != array)).size:
        place = np.unravel_index(changed[0], array.shape)
        raise ConvertError(
            f"{name}, row {place[0]}: {array[place]} has no place in {field.dtype}, which "
            f"{field.element} is"
        )
    return made


def _first_line(error: tf.errors.OpError) -> str:
    return str(error.message).partition("\n")[0]
