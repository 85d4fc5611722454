"""What the values of a table's columns are like, gathered in pieces."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trilho.convert.examples import Changes
from trilho.convert.schema import Feature

__all__ = ["ColumnStatistics", "Statistics"]

# Beyond so many, or so many bytes together, a column of strings has no vocabulary: names, texts,
# identifiers, images.
_DISTINCT, _DISTINCT_BYTES = 10_000, 1 << 20


_TOO_MANY = f"more than {_DISTINCT}, or of more than {_DISTINCT_BYTES} bytes"


class ColumnStatistics:
    """A column's figures. Those of two pieces, merged in their order, are those of both together.

    Attributes:
        rows: How many rows.
        missing: How many of them have no value.
        lengths: Least and greatest number of values a row; (1, 1) unless it has lists.
        values: How many values, of all rows together.
        numbers: Of the finite numbers: how many, mean, sum of squared differences from it, least
            and greatest.
        zeros: How many numbers are 0.
        not_finite: How many are NaN or infinite.
        distinct: How often each string occurs; None beyond 10000 different ones, or if these have
            more than a MiB together.
        distinct_bytes: Size of these together.
        sizes: Least and greatest size of a string, in bytes.
        changes: What is not as the table has it.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.missing = 0
        self.lengths: tuple[int, int] | None = None
        self.values = 0
        self.numbers: tuple[int, float, float, float, float] | None = None
        self.zeros = 0
        self.not_finite = 0
        self.distinct: dict[bytes, int] | None = {}
        self.distinct_bytes = 0
        self.sizes: tuple[int, int] | None = None
        self.changes = Changes()

    def add(self, column: pa.Array, feature: Feature, changes: Changes | None = None) -> None:
        """Takes some rows in.

        Args:
            column: As `examples.feature_columns` gives it.
            feature: What it becomes.
            changes: What of its values is not as the table has it.
        """
        if changes is not None:
            self.changes.merge(changes)
        self.rows += len(column)
        self.missing += column.null_count
        present = column.drop_null()
        values = present.flatten() if feature.shape else present
        if len(present):
            lengths = pc.list_value_length(present) if feature.shape else pa.array([1])
            self.lengths = _bounds(self.lengths, _range(lengths))
        self.values += len(values)
        if not len(values):
            return
        if feature.type == "bytes":
            self._add_strings(values)
        else:
            self._add_numbers(values)

    def merge(self, other: "ColumnStatistics") -> None:
        """Takes the figures of later rows in."""
        self.rows += other.rows
        self.missing += other.missing
        self.lengths = _bounds(self.lengths, other.lengths)
        self.values += other.values
        self.numbers = _merged(self.numbers, other.numbers)
        self.zeros += other.zeros
        self.not_finite += other.not_finite
        self._count_strings(other.distinct)
        self.sizes = _bounds(self.sizes, other.sizes)
        self.changes.merge(other.changes)

    def _add_strings(self, values: pa.Array) -> None:
        self.sizes = _bounds(self.sizes, _range(pc.binary_length(values)))
        if self.distinct is None:
            return
        counted = values.value_counts()
        keys, counts = counted.field("values"), counted.field("counts")
        size = pc.sum(pc.binary_length(keys)).as_py()
        if len(counted) > _DISTINCT or size > _DISTINCT_BYTES:
            self.distinct = None
            return
        self._count_strings(dict(zip(keys.to_pylist(), counts.to_pylist(), strict=True)))

    def _count_strings(self, counts: Mapping[bytes, int] | None) -> None:
        if self.distinct is None or counts is None:
            self.distinct = None
            return
        for value, count in counts.items():
            if value not in self.distinct:
                self.distinct[value] = 0
                self.distinct_bytes += len(value)
            self.distinct[value] += count
        if len(self.distinct) > _DISTINCT or self.distinct_bytes > _DISTINCT_BYTES:
            self.distinct = None

    def _add_numbers(self, values: pa.Array) -> None:
        numbers = values.to_numpy(zero_copy_only=False)
        self.zeros += int(np.count_nonzero(numbers == 0))
        finite = numbers[np.isfinite(numbers)]
        self.not_finite += len(numbers) - len(finite)
        if len(finite):
            wide = finite.astype(np.float64)
            mean = float(wide.mean())
            squares = float(np.square(wide - mean).sum())
            # Not of the wide ones, which would round large whole numbers.
            bounds = (finite.min().item(), finite.max().item())
            self.numbers = _merged(self.numbers, (len(finite), mean, squares, *bounds))

    def to_state(self) -> dict[str, Any]:
        """Returns all figures as what can be written as JSON."""
        state = {**vars(self), "changes": dataclasses.asdict(self.changes)}
        if self.distinct is not None:
            # Each byte as a character: not all strings are text.
            state["distinct"] = {key.decode("latin-1"): n for key, n in self.distinct.items()}
        return state

    @staticmethod
    def from_state(state: Mapping[str, Any]) -> "ColumnStatistics":
        """Makes what `to_state` gave."""
        statistics = ColumnStatistics()
        for name, value in state.items():
            setattr(statistics, name, tuple(value) if isinstance(value, list) else value)
        statistics.changes = Changes(**state["changes"])
        if state["distinct"] is not None:
            counts = {key.encode("latin-1"): n for key, n in state["distinct"].items()}
            statistics.distinct = counts
        return statistics

    def as_feature(self, feature: Feature) -> Feature:
        """Says of a feature what its values are."""
        shape = feature.shape
        if shape and self.lengths and self.lengths[0] == self.lengths[1]:
            shape = (self.lengths[0],)
        return dataclasses.replace(
            feature,
            shape=shape,
            required=not self.missing,
            missing=self.missing,
            not_finite=None if feature.type == "bytes" else self.not_finite,
            constant=self._is_constant(),
            minimum=self.numbers[3] if self.numbers else None,
            maximum=self.numbers[4] if self.numbers else None,
            vocabulary=self._vocabulary() if feature.type == "bytes" else None,
        )

    def _is_constant(self) -> bool:
        alike = self.lengths is not None and self.lengths[0] == self.lengths[1]
        if not alike or self.values < 2:  # noqa: PLR2004 - one value alone is no constant
            return False
        if self.numbers:
            return not self.not_finite and self.numbers[3] == self.numbers[4]
        return self.distinct is not None and len(self.distinct) == 1

    def _vocabulary(self) -> tuple[str, ...] | None:
        if self.distinct is None:
            return None
        try:
            return tuple(sorted(value.decode() for value in self.distinct))
        except UnicodeDecodeError:
            return None

    def report(self, *, most: int = 20) -> dict[str, Any]:
        """Returns the figures for people and programs.

        Args:
            most: How many of the most frequent strings.

        Returns:
            What can be written as JSON.
        """
        result: dict[str, Any] = {"rows": self.rows, "missing": self.missing, "values": self.values}
        if self.lengths and self.lengths != (1, 1):
            result["length"] = {"minimum": self.lengths[0], "maximum": self.lengths[1]}
        if self.numbers:
            count, mean, squares, least, greatest = self.numbers
            deviation = math.sqrt(squares / count)
            result |= {"minimum": least, "maximum": greatest, "mean": mean}
            result |= {"standard_deviation": deviation, "zeros": self.zeros}
        if self.not_finite:
            result["not_finite"] = self.not_finite
        changes = dataclasses.asdict(self.changes)
        result |= {name: value for name, value in changes.items() if value}
        if self.sizes:
            result["bytes"] = {"minimum": self.sizes[0], "maximum": self.sizes[1]}
            result["distinct"] = _TOO_MANY if self.distinct is None else len(self.distinct)
            ordered = sorted((self.distinct or {}).items(), key=lambda item: (-item[1], item[0]))
            result["most_frequent"] = [
                {"value": value.decode(errors="backslashreplace"), "count": count}
                for value, count in ordered[:most]
            ]
        return result


class Statistics:
    """The figures of all columns.

    Attributes:
        columns: By name.
    """

    def __init__(self, features: Mapping[str, Feature]) -> None:
        self.columns = {name: ColumnStatistics() for name in features}

    def add(
        self,
        columns: Mapping[str, pa.Array],
        features: Mapping[str, Feature],
        changes: Mapping[str, Changes] | None = None,
    ) -> None:
        """Takes some rows in."""
        for name, column in columns.items():
            self.columns[name].add(column, features[name], (changes or {}).get(name))

    def merge(self, other: "Statistics") -> None:
        """Takes the figures of later rows in."""
        for name, column in other.columns.items():
            self.columns[name].merge(column)


def _range(values: pa.Array) -> tuple[int, int]:
    bounds = pc.min_max(values)
    return bounds["min"].as_py(), bounds["max"].as_py()


def _bounds(
    first: tuple[int, int] | None, second: tuple[int, int] | None
) -> tuple[int, int] | None:
    if first is None or second is None:
        return first or second
    return min(first[0], second[0]), max(first[1], second[1])


def _merged(
    first: tuple[int, float, float, float, float] | None,
    second: tuple[int, float, float, float, float] | None,
) -> tuple[int, float, float, float, float] | None:
    """Two pieces' moments as one's, by Chan, Golub and LeVeque (1979)."""
    if first is None or second is None:
        return first or second
    count = first[0] + second[0]
    delta = second[1] - first[1]
    mean = first[1] + delta * second[0] / count
    squares = first[2] + second[2] + delta * delta * first[0] * second[0] / count
    return count, mean, squares, min(first[3], second[3]), max(first[4], second[4])
