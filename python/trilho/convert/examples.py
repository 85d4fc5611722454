"""Columns of a table as tf.Example's types."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trilho.convert.column_types import column_of, is_list, is_number, is_time
from trilho.convert.numbers import Inexact, as_float, as_int64, as_text
from trilho.convert.problems import ConvertError
from trilho.convert.rules import Default, Rules
from trilho.convert.schema import Feature, FeatureType
from trilho.convert.times import INT96, as_ticks, time_text

__all__ = ["Changes", "default_scalar", "feature_columns"]

_ARROW: Mapping[FeatureType, pa.DataType] = {
    "int64": pa.int64(),
    "float": pa.float32(),
    "bytes": pa.large_binary(),
}


@dataclass(kw_only=True)
class Changes:
    """Values of a column that are not as the table has them, because the rules say so.

    Attributes:
        rounded: How many numbers were rounded to floats.
        truncated: How many times lost what is finer than their unit.
        filled: How many defaults stand for missing values or elements.
        example: The first that was rounded or truncated, e.g. "1234567.89 to 1234567.875".
    """

    rounded: int = 0
    truncated: int = 0
    filled: int = 0
    example: str = ""

    def merge(self, other: "Changes") -> None:
        """Takes in those of later rows."""
        self.rounded += other.rounded
        self.truncated += other.truncated
        self.filled += other.filled
        self.example = self.example or other.example


def feature_columns(
    batch: pa.RecordBatch,
    features: Mapping[str, Feature],
    rules: Rules | None = None,
    *,
    first: int = 0,
    changes: dict[str, Changes] | None = None,
) -> dict[str, pa.Array]:
    """Brings columns to the types of tf.Example.

    Args:
        batch: Rows of the table.
        features: What its columns become.
        rules: What may be done to values that have no exact place.
        first: The number of the first row in its file, for errors.
        changes: Gets what was done, by the column's name.

    Returns:
        For each feature int64, float32 or large_binary values, or lists of them.

    Raises:
        ConvertError: A value does not fit, e.g. a uint64 that is more than an int64 holds, or a
            list has a missing element; column, value, row and choices are named.
    """
    columns = {}
    for name, feature in features.items():
        column = column_of(batch, name)
        caster = _Caster(name, column, feature, rules or Rules(), first)
        columns[name] = caster.cast()
        if changes is not None:
            changes[name] = caster.changes
    return columns


class _Caster:
    """Brings a column to its feature's type."""

    def __init__(
        self, name: str, column: pa.Array, feature: Feature, rules: Rules, first: int
    ) -> None:
        self.changes = Changes()
        self._name, self._column, self._feature = name, column, feature
        self._rules, self._first = rules, first
        # Where the rows of a list begin among its elements.
        self._offsets: np.ndarray | None = None

    def cast(self) -> pa.Array:
        column, feature = self._column, self._feature
        if not feature.shape:
            return self._filled(self._values(column))
        if not is_list(column.type):
            # A column that a file does not have, or that has nothing but missing lists.
            if column.null_count < len(column):
                raise ConvertError(f"{self._title(column)}: has single values, expected lists")
            return pa.nulls(len(column), pa.large_list(_ARROW[feature.type]))
        # Made anew of elements and lengths, as no cast knows all kinds of lists and of elements.
        lengths = pc.list_value_length(column).fill_null(0).to_numpy(zero_copy_only=False)
        self._offsets = np.concatenate([[0], np.cumsum(lengths)])
        elements = self._filled(self._values(column.flatten()))
        if elements.null_count:
            place = int(np.flatnonzero(elements.is_null().to_numpy(zero_copy_only=False))[0])
            raise ConvertError(
                f"{self._title(column)}: a list has a missing element in row {self._row(place)}; "
                f"--default {self._name}=VALUE of `trilho convert` says what stands for it"
            )
        return pa.LargeListArray.from_arrays(
            pa.array(self._offsets, pa.int64()),
            elements,
            mask=column.is_null() if column.null_count else None,
        )

    def _values(self, column: pa.Array) -> pa.Array:
        kind = self._feature.type
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if pa.types.is_null(column.type):
            return column.cast(_ARROW[kind])
        if is_time(column.type) or column.type == INT96:
            return self._times(column)
        if pa.types.is_date(column.type):
            return self._days(column)
        if is_number(column.type):
            return self._numbers(column)
        if pa.types.is_fixed_size_binary(column.type):
            column = column.cast(pa.binary())
        return column.cast(_ARROW[kind])

    def _numbers(self, column: pa.Array) -> pa.Array:
        if self._feature.type == "bytes":
            return as_text(column).cast(_ARROW["bytes"])
        if self._feature.type == "int64":
            values, inexact = as_int64(column)
            if inexact:
                self._refuse(column, inexact)
            return values
        values, inexact = as_float(column)
        if inexact:
            if not self._rules.rounds(self._name):
                self._refuse(column, inexact)
            place = int(inexact.places[0])
            self.changes.rounded += len(inexact.places)
            self.changes.example = f"{_number(column, place)} to {_number(values, place)}"
        return values

    def _refuse(self, column: pa.Array, inexact: Inexact) -> None:
        place = int(inexact.places[0])
        name = self._name
        raise ConvertError(
            f"{self._title(column)}: {_number(column, place)} in row {self._row(place)} "
            f"{inexact.reason}; of `trilho convert`, --decimals {name}=round takes the nearest "
            f"float and counts it, --decimals {name}=text keeps the digits"
        )

    def _times(self, column: pa.Array) -> pa.Array:
        unit = self._feature.unit
        ticks = as_ticks(column, "ns" if unit == "ns" else "us")
        if len(ticks.too_far):
            place = int(ticks.too_far[0])
            raise ConvertError(
                f"{self._title(column)}: {time_text(column, place)} in row {self._row(place)} is "
                f"more {unit} than an int64 holds"
                + ("; --timestamps us of `trilho convert` has room for it" * (unit == "ns"))
            )
        if len(ticks.finer):
            place = int(ticks.finer[0])
            text = time_text(column, place)
            if not self._rules.truncate:
                raise ConvertError(
                    f"{self._title(column)}: {text} in row {self._row(place)} has a part finer "
                    "than microseconds; of `trilho convert`, --timestamps ns keeps it, "
                    "--truncate cuts it off and counts it"
                )
            self.changes.truncated += len(ticks.finer)
            self.changes.example = f"{text} to {ticks.values[place].as_py()} {unit}"
        return ticks.values

    def _days(self, column: pa.Array) -> pa.Array:
        try:
            return column.cast(pa.date32()).cast(pa.int32()).cast(pa.int64())
        except pa.ArrowInvalid as error:
            raise ConvertError(f"{self._title(column)}: {error}") from error

    def _filled(self, values: pa.Array) -> pa.Array:
        default = self._rules.defaults.get(self._name)
        if default is None or not values.null_count:
            return values
        self.changes.filled += values.null_count
        return values.fill_null(default_scalar(self._name, default, self._feature.type))

    def _title(self, column: pa.Array) -> str:
        kind = "timestamp, INT96" if column.type == INT96 else column.type
        return f"column {self._name} ({kind})"

    def _row(self, place: int) -> int:
        """Returns the number of the row that a value is in, from 0."""
        if self._offsets is None:
            return self._first + place
        return self._first + int(np.searchsorted(self._offsets, place, side="right")) - 1


def default_scalar(name: str, default: Default, kind: FeatureType) -> pa.Scalar:
    """Returns what stands for missing values of a column.

    Args:
        name: The column's.
        default: As it was given; the command line has text only.
        kind: Of the feature.

    Returns:
        A value of the feature's type.

    Raises:
        ConvertError: The default is no such value.
    """
    try:
        if kind == "bytes":
            text = default if isinstance(default, str) else str(default)
            return pa.scalar(text.encode(), _ARROW[kind])
        if kind == "float":
            return pa.scalar(float(default), _ARROW[kind])
        # By its digits, as int() would cut 1.5 off.
        whole = int(default if isinstance(default, str | int) else f"{default:.17g}")
        return pa.scalar(whole, _ARROW[kind])
    except (ValueError, OverflowError) as error:
        wanted = "a whole number of 64 bits" if kind == "int64" else "a number"
        raise ConvertError(
            f"column {name}: its default is {default!r}, expected {wanted}"
        ) from error


def _number(column: pa.Array, place: int) -> str:
    return str(as_text(column.slice(place, 1))[0].as_py())
