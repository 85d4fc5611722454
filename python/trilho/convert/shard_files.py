"""Writing one TFRecord file: the piece of work that an engine gives to a worker."""

import dataclasses
import json
import uuid
from collections.abc import Callable, Iterator

from fsspec import AbstractFileSystem

from trilho.convert import tfrecord
from trilho.convert.example_bytes import encoded
from trilho.convert.examples import Changes, feature_columns
from trilho.convert.plan import Plan, Shard, make_shard
from trilho.convert.problems import ConvertError
from trilho.convert.renaming import rename
from trilho.convert.schema import Schema
from trilho.convert.sources import open_file_system, read_rows
from trilho.convert.statistics import ColumnStatistics, Statistics

__all__ = ["ShardResult", "read_result", "read_statistics", "result_name", "write_shard"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShardResult:
    """What became of a shard.

    Attributes:
        index: Its number.
        rows: How many records its file has.
    """

    index: int
    rows: int


def result_name(shard: Shard) -> str:
    """Returns the name of the file that says of a shard that it is done."""
    return f".{shard.name}.json"


def write_shard(
    plan: Plan,
    schema: Schema,
    index: int,
    folder: str,
    tell: Callable[[int], None] = lambda _rows: None,
) -> ShardResult:
    """Writes a shard's file and then the one that says that it is done.

    Each is written under another name, and renamed once it is whole. Whoever writes a shard writes
    the same bytes, so that two who do it at once do no harm. Needs nothing of its process: it may
    run anywhere that reaches both file systems.

    Args:
        plan: The conversion.
        schema: The features of its columns.
        index: Which shard.
        folder: Where to, a path or URL; exists.
        tell: Is called with the number of rows that were written since it was called last.

    Returns:
        What was written.

    Raises:
        ConvertError: The rows cannot be read or converted.
        OSError: The file cannot be written.
    """
    shard = make_shard(plan, index)
    source, _ = open_file_system(plan.url)
    target, path = open_file_system(folder)
    statistics = Statistics(schema.features)
    aside = f"{path}/.{shard.name}.{uuid.uuid4().hex}"
    try:
        with target.open(aside, "wb") as file:
            examples = _examples(source, plan, shard, schema, statistics, tell)
            rows = tfrecord.write_records(file, examples, compression=plan.compression)
        rename(target, aside, f"{path}/{shard.name}", replace=True)
    except BaseException:
        if target.exists(aside):
            target.rm_file(aside)
        raise
    content = {
        "rows": rows,
        "size": target.size(f"{path}/{shard.name}"),
        "columns": {name: column.to_state() for name, column in statistics.columns.items()},
    }
    target.pipe_file(aside, json.dumps(content).encode())
    rename(target, aside, f"{path}/{result_name(shard)}", replace=True)
    return ShardResult(index=index, rows=rows)


def read_result(target: AbstractFileSystem, path: str, shard: Shard) -> ShardResult | None:
    """Looks whether a shard is done.

    Args:
        target: fsspec's file system.
        path: The folder on it.
        shard: The shard.

    Returns:
        What was written; None if it has to be written yet.
    """
    try:
        content = json.loads(target.cat_file(f"{path}/{result_name(shard)}"))
        if target.size(f"{path}/{shard.name}") != content["size"]:
            return None
    except FileNotFoundError:
        return None
    return ShardResult(index=shard.index, rows=content["rows"])


def read_statistics(
    target: AbstractFileSystem, path: str, shard: Shard, schema: Schema
) -> Statistics:
    """Reads the figures of a shard that is done.

    Args:
        target: fsspec's file system.
        path: The folder on it.
        shard: The shard.
        schema: The features of its columns.

    Returns:
        The figures of its records.
    """
    content = json.loads(target.cat_file(f"{path}/{result_name(shard)}"))
    statistics = Statistics(schema.features)
    for name, state in content["columns"].items():
        statistics.columns[name] = ColumnStatistics.from_state(state)
    return statistics


def _examples(
    source: AbstractFileSystem,
    plan: Plan,
    shard: Shard,
    schema: Schema,
    statistics: Statistics,
    tell: Callable[[int], None],
) -> Iterator[bytes]:
    for piece in shard.pieces:
        row = piece.start
        batches = read_rows(
            source, piece.file, columns=plan.columns, start=piece.start, stop=piece.stop
        )
        for batch in batches:
            changes: dict[str, Changes] = {}
            try:
                columns = feature_columns(
                    batch, schema.features, plan.rules, first=row, changes=changes
                )
            except ConvertError as error:
                raise ConvertError(f"{piece.file.path}: {error}") from error
            statistics.add(columns, schema.features, changes)
            yield from encoded(columns, schema.features)
            row += len(batch)
            tell(len(batch))
