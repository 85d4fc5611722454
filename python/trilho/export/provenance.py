"""What a version was trained and measured with: figures are compared only of the same rows."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from trilho.manifest_pb2 import DataSplit, Manifest

__all__ = ["DATA", "DEFAULT_DATA", "Splits", "differing", "digest", "measured_on", "told"]

# A key of the manifest's `training`: what --data said.
DATA = "data"
# Its value where nothing was said: the data set that is fetched.
DEFAULT_DATA = "default"

# Those of "train", "validation" and "test" that are known.
Splits = Mapping[str, DataSplit]
# An array, or dicts and sequences of them.
Columns: TypeAlias = Any

_VALIDATION = "validation"
_TEST = "test"
# The letters of a SHA-256 that people are shown.
_DIGITS = 12


def digest(columns: Columns, *, rows: int | None = None) -> DataSplit:
    """Describes the rows of a split, wherever they came from.

    Args:
        columns: Numbers in arrays, or strings (str or bytes) in arrays of objects, [rows, ...], in
            any nest; the members of a dict in any order. What else figures depend on, such as the
            histories of users, belongs to it, too.
        rows: How many rows these are; by default as many as the first array has.

    Returns:
        Their number, and a SHA-256 that depends on each value, its type, and the order of the rows.
    """
    arrays = list(_arrays(columns, ""))
    found = hashlib.sha256()
    for path, array in arrays:
        if array.dtype.kind == "O":
            texts = [one.encode() if isinstance(one, str) else one for one in array.flat]
            lengths = np.array([len(text) for text in texts], np.int64)
            content, kind = lengths.tobytes() + b"".join(texts), "string"
        else:
            array = array.astype(array.dtype.newbyteorder("<"), copy=False)  # noqa: PLW2901
            content, kind = array.tobytes(), array.dtype.str
        found.update(f"{path} {kind} {array.shape} {len(content)}\n".encode())
        found.update(content)
    return DataSplit(rows=len(arrays[0][1]) if rows is None else rows, sha256=found.hexdigest())


def differing(one: Splits, other: Splits) -> str:
    """Says in which splits two versions, or runs, differ.

    Args:
        one: The one's.
        other: The other's.

    Returns:
        E.g. "test: 300 rows (SHA-256 1a2b3c4d5e6f...) and 16281 rows (...)"; "" if they do not
        differ, or if one of them does not say what its rows were.
    """
    return ", ".join(
        f"{name}: {told(one[name])} and {told(other[name])}"
        for name in one
        if name in other and one[name] != other[name]
    )


def told(split: DataSplit) -> str:
    """Describes a split for people."""
    return f"{split.rows} rows (SHA-256 {split.sha256[:_DIGITS]}...)"


def measured_on(made: Manifest, figure: str) -> Splits:
    """Returns the split that a figure was measured on.

    Args:
        made: The version's manifest.
        figure: The figure's name, in which "validation" stands if it is not of the test split.

    Returns:
        The split by its name; nothing if the manifest does not say.
    """
    name = _VALIDATION if _VALIDATION in figure.split("_") else _TEST
    return {name: made.splits[name]} if name in made.splits else {}


def _arrays(columns: Columns, path: str) -> Iterator[tuple[str, np.ndarray[Any, np.dtype[Any]]]]:
    if isinstance(columns, np.ndarray):
        yield path, columns
    elif isinstance(columns, Mapping):
        for name in sorted(columns):
            yield from _arrays(columns[name], f"{path}/{name}")
    elif isinstance(columns, Sequence) and not isinstance(columns, str | bytes):
        for place, part in enumerate(columns):
            yield from _arrays(part, f"{path}/{place}")
    else:
        raise TypeError(f"{path or '/'}: expected arrays, found {type(columns).__name__}")
