"""Which rows go into which file."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass

from trilho.convert.problems import ConvertError
from trilho.convert.sources import SourceFile, Table

__all__ = ["Piece", "Plan", "Shard", "make_plan", "shards"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A conversion as it was asked for; the same plan gives the same files.

    Attributes:
        url: The table.
        files: The table's files.
        columns: Which columns.
        shards: How many TFRecord files.
        compression: Of them: "gzip" or "none".
    """

    url: str
    files: tuple[SourceFile, ...]
    columns: tuple[str, ...]
    shards: int
    compression: str

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
) -> Plan:
    """Decides about the files.

    Args:
        table: The table.
        columns: Which columns.
        shards: How many files; None for as many as `rows_per_shard` asks for.
        rows_per_shard: How many rows a file has at most, unless `shards` is given.
        compression: "gzip" or "none".

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
    )


def shards(plan: Plan) -> list[Shard]:
    """Lists the files of a plan; their sizes differ by one row at most."""
    rows = sum(file.rows for file in plan.files)
    ending = ".tfrecord.gz" if plan.compression == "gzip" else ".tfrecord"
    bounds = [rows * index // plan.shards for index in range(plan.shards + 1)]
    result = []
    for index in range(plan.shards):
        name = f"part-{index:05d}-of-{plan.shards:05d}{ending}"
        pieces = _pieces(plan.files, bounds[index], bounds[index + 1])
        result.append(Shard(index=index, name=name, pieces=pieces))
    return result


def _pieces(files: Sequence[SourceFile], start: int, stop: int) -> tuple[Piece, ...]:
    pieces = []
    begin = 0
    for file in files:
        first, last = max(start - begin, 0), min(stop - begin, file.rows)
        if first < last:
            pieces.append(Piece(file=file, start=first, stop=last))
        begin += file.rows
    return tuple(pieces)
