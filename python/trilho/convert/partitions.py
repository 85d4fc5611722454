"""Columns in the names of folders, as Hive and Spark have them: day=2026-01-01/part-0.parquet."""

import datetime
import itertools
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

import pyarrow as pa

__all__ = ["Partition", "find_partitions", "fixed_part", "type_partitions"]

# Hive writes this for a missing value.
_MISSING = "__HIVE_DEFAULT_PARTITION__"
_WHOLE = re.compile(r"-?\d+")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_SIGNS = re.compile(r"[*?\[]")
_EPOCH = datetime.date(1970, 1, 1)
_INT64 = range(-(1 << 63), 1 << 63)


@dataclass(frozen=True, kw_only=True)
class Partition:
    """A column that has one value in all rows of a file.

    Attributes:
        name: The column's.
        type: "date32" holds days since 1970.
        value: None if it is missing.
    """

    name: str
    type: Literal["int64", "date32", "string"]
    value: int | str | None

    @property
    def arrow_type(self) -> pa.DataType:
        """The column's type."""
        return {"int64": pa.int64(), "date32": pa.date32(), "string": pa.string()}[self.type]

    def column(self, rows: int) -> pa.Array:
        """Returns the column of some rows."""
        return pa.repeat(pa.scalar(self.value, self.arrow_type), rows)


def fixed_part(path: str) -> str:
    """Returns a path up to the first part that has one of a pattern's signs; all if none has."""
    parts = path.rstrip("/").split("/")
    fixed = itertools.takewhile(lambda part: not _SIGNS.search(part), parts)
    return "/".join(fixed)


def find_partitions(root: str, path: str) -> dict[str, str | None]:
    """Reads the names of the folders that a file is in.

    Args:
        root: The folder below which they count, e.g. `fixed_part` of a pattern.
        path: The file's; its own name is no folder's.

    Returns:
        What stands in them, by the column's name; None for what Hive calls missing.
    """
    found: dict[str, str | None] = {}
    for folder in path.removeprefix(root).split("/")[:-1]:
        name, equals, value = folder.partition("=")
        if equals and name:
            found[unquote(name)] = None if value == _MISSING else unquote(value)
    return found


def type_partitions(
    files: Sequence[dict[str, str | None]], *, texts: Collection[str] = ()
) -> list[tuple[Partition, ...]]:
    """Decides about the types of these columns, and gives each file all of them.

    Args:
        files: What `find_partitions` found for each.
        texts: Columns that stay the text that they are.

    Returns:
        For each file its values: whole numbers if all files' values are such, else dates if they
        are, else text. A file whose folders do not have a column has a missing value.
    """
    names = list(dict.fromkeys(name for file in files for name in file))
    kinds = {}
    for name in names:
        values = {value for file in files if (value := file.get(name)) is not None}
        kinds[name] = "string" if name in texts else _kind(values)
    return [
        tuple(
            Partition(name=name, type=kinds[name], value=_value(file.get(name), kinds[name]))
            for name in names
        )
        for file in files
    ]


def _kind(values: Collection[str]) -> Literal["int64", "date32", "string"]:
    if all(_WHOLE.fullmatch(value) and int(value) in _INT64 for value in values):
        return "int64" if values else "string"
    return "date32" if all(_days(value) is not None for value in values) else "string"


def _value(text: str | None, kind: str) -> int | str | None:
    if text is None or kind == "string":
        return text
    return int(text) if kind == "int64" else _days(text)


def _days(text: str) -> int | None:
    if not _DATE.fullmatch(text):
        return None
    try:
        return (datetime.date.fromisoformat(text) - _EPOCH).days
    except ValueError:
        return None
