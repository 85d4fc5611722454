"""Which rows go into which file."""

import bisect
import dataclasses
import functools
import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from trilho.convert.problems import ConvertError
from trilho.convert.rules import Rules
from trilho.convert.sources import SourceFile, Table

__all__ = [
    "SHARD_NAME",
    "Piece",
    "Plan",
    "Shard",
    "make_plan",
    "make_shard",
    "shard_name",
    "shards",
]

# What `shard_name` returns, with the number of files as its group: Spark calls its Parquet files
# part-*, too.
SHARD_NAME = re.compile(r"part-\d{5,}-of-(\d{5,})\.tfrecord(?:\.gz)?")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A conversion as it was asked for; the same plan gives the same files.

    Attributes:
        url: The table.
        files: The table's files.
        columns: Which columns.
        shards: How many TFRecord files.
        compression: Of them: "gzip" or "none".
        rules: What may be done to values that have no exact place.
    """

    url: str
    files: tuple[SourceFile, ...]
    columns: tuple[str, ...]
    shards: int
    compression: str
    rules: Rules = dataclasses.field(default_factory=Rules)

    @functools.cached_property
    def ends(self) -> tuple[int, ...]:
        """How many rows there are up to the end of each file; no part of the plan's text."""
        return tuple(itertools.accumulate(file.rows for file in self.files))

    def to_json(self) -> str:
        """Returns the plan as text that tells it from others."""
        return json.dumps(dataclasses.asdict(self), indent=1) + "\n"


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Rows of one file.

    Attributes:
        file: The file.
        start: The first row.
        stop: The one after the last.
    """

    file: SourceFile
    start: int
    stop: int


@dataclass(frozen=True, kw_only=True)
class Shard:
    """A TFRecord file.

    Attributes:
        index: Its number, from 0.
        name: Of the file.
        pieces: Its rows, in their order.
    """

    index: int
    name: str
    pieces: tuple[Piece, ...]

    @property
    def rows(self) -> int:
        """How many records it has."""
        return sum(piece.stop - piece.start for piece in self.pieces)


def make_plan(
    table: Table,
    *,
    columns: Sequence[str],
    shards: int | None,
    rows_per_shard: int,
    compression: str,
    rules: Rules | None = None,
) -> Plan:
    """Decides about the files.

    Args:
        table: The table.
        columns: Which columns.
        shards: How many files; None for as many as `rows_per_shard` asks for.
        rows_per_shard: How many rows a file has at most, unless `shards` is given.
        compression: "gzip" or "none".
        rules: What may be done to values that have no exact place.

    Returns:
        The plan.

    Raises:
        ConvertError: There is no row, or there are less rows than files.
    """
    if not table.rows:
        raise ConvertError(f"{table.url}: has no row")
    count = shards or -(-table.rows // rows_per_shard)
    if count > table.rows:
        raise ConvertError(f"{table.url}: has {table.rows} rows, less than {count} shards")
    return Plan(
        url=table.url,
        files=table.files,
        columns=tuple(columns),
        shards=count,
        compression=compression,
        rules=rules or Rules(),
    )


def shards(plan: Plan) -> list[Shard]:
    """Lists the files of a plan; their sizes differ by one row at most."""
    return [make_shard(plan, index) for index in range(plan.shards)]


def make_shard(plan: Plan, index: int) -> Shard:
    """Returns one of `shards`, without a look at the others.

    Args:
        plan: The conversion.
        index: Which, from 0.

    Returns:
        The shard.
    """
    rows = plan.ends[-1]
    start, stop = (rows * bound // plan.shards for bound in (index, index + 1))
    name = shard_name(index, plan.shards, compression=plan.compression)
    return Shard(index=index, name=name, pieces=_pieces(plan, start, stop))


def shard_name(index: int, count: int, *, compression: str) -> str:
    """Returns the name of a TFRecord file.

    Args:
        index: Which, from 0.
        count: How many there are.
        compression: "gzip" or "none".

    Returns:
        The name.
    """
    ending = ".tfrecord.gz" if compression == "gzip" else ".tfrecord"
    return f"part-{index:05d}-of-{count:05d}{ending}"


def _pieces(plan: Plan, start: int, stop: int) -> tuple[Piece, ...]:
    pieces = []
    position = bisect.bisect_right(plan.ends, start)
    while start < stop:
        file = plan.files[position]
        begin = plan.ends[position] - file.rows
        last = min(stop - begin, file.rows)
        if file.rows:
            pieces.append(Piece(file=file, start=start - begin, stop=last))
        start = begin + last
        position += 1
    return tuple(pieces)
