"""From a table to a folder of TFRecord files, in one piece or not at all."""

import dataclasses
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fsspec import AbstractFileSystem

from trilho.convert.anomalies import changes, differences, structural_differences
from trilho.convert.engines import Engine
from trilho.convert.examples import default_scalar
from trilho.convert.plan import Plan, make_plan, shards
from trilho.convert.problems import ConvertError
from trilho.convert.renaming import rename
from trilho.convert.rules import Rules
from trilho.convert.schema import SCHEMA_FILE, Schema, of_table
from trilho.convert.shard_files import ShardResult, read_result, read_statistics
from trilho.convert.sources import Table, open_file_system, read_table
from trilho.convert.statistics import Statistics
from trilho.convert.targets import (
    STATISTICS_FILE,
    SUCCESS_FILE,
    check_apart,
    check_replaceable,
)
from trilho.convert.thresholds import Threshold

__all__ = ["STATISTICS_FILE", "Conversion", "convert", "read_schema"]

_PLAN_FILE = ".plan.json"


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """What was written.

    Attributes:
        target: The folder.
        rows: How many records.
        shards: How many files.
        resumed: How many of them an earlier run had written.
        schema: The features.
        anomalies: How they differ from the earlier schema's, and how many values are not as the
            table has them, because the rules say so; a line each.
    """

    target: str
    rows: int
    shards: int
    resumed: int
    schema: Schema
    anomalies: tuple[str, ...]


def convert(
    source: str,
    target: str,
    *,
    engine: Engine,
    columns: Sequence[str] = (),
    shard_count: int | None = None,
    rows_per_shard: int = 100_000,
    compression: str = "gzip",
    earlier: Schema | None = None,
    strict: bool = False,
    rules: Rules | None = None,
    overwrite: bool = False,
    restart: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Conversion:
    """Converts a table.

    The files are written to a hidden folder beside `target`, which gets its name when all is done.
    What an interrupted run has left there is gone on with, if it was asked for the same.

    Args:
        source: Parquet: a file, a folder or a pattern; local or a URL
            (`sources.open_file_system`).
        target: The folder to make, local or a URL: part-*.tfrecord.gz, schema.json,
            statistics.json and _SUCCESS.
        engine: Who does the work.
        columns: Which columns; all if empty.
        shard_count: How many files; None for as many as `rows_per_shard` asks for.
        rows_per_shard: How many rows a file has at most.
        compression: "gzip" or "none".
        earlier: What the data was like, to compare with.
        strict: Publishes nothing if the data differs from `earlier` by more than its thresholds.
        rules: What may be done to values that have no exact place.
        overwrite: Replaces `target` if it is an empty folder or an earlier conversion.
        restart: Begins anew, whatever an interrupted run has left.
        progress: Is told how many rows of how many are done.

    Returns:
        What was written.

    Raises:
        ConvertError: `target` exists and may not be replaced, or it and the table are within one
            another; the table cannot be read or converted, its columns are not those of `earlier`,
            or, if `strict`, its values are not.
        OSError: A file cannot be read or written.
    """
    file_system, path = open_file_system(target)
    path = path.rstrip("/")
    _check_target(file_system, path, target, overwrite=overwrite)
    rules = rules or Rules()
    table = read_table(source, texts=rules.texts)
    check_apart(table, file_system, path, name=target)
    schema = _schema(table, columns, rules, compression)
    if earlier and (lines := structural_differences(earlier, schema)):
        raise ConvertError("\n".join(f"{source}: {line}" for line in lines))
    plan = make_plan(
        table,
        columns=list(schema.features),
        shards=shard_count,
        rows_per_shard=rows_per_shard,
        compression=compression,
        rules=rules,
    )
    aside = _beside(path, "partial")
    results = _begin(file_system, aside, plan, restart=restart)
    resumed = len(results)
    missing = [index for index in range(plan.shards) if index not in results]
    done = sum(result.rows for result in results.values())
    told = _Told(progress, done=done, total=table.rows)
    # The URL of the folder aside, for those who open the file system themselves.
    folder = _beside(target.rstrip("/"), "partial")
    try:
        for result in engine.write(plan, schema, missing, folder, told.add):
            results[result.index] = result
            done += result.rows
    except ConvertError:
        # Nothing to go on with, so that other options may be tried at once.
        if not results:
            _remove(file_system, aside)
        raise
    # From the files, one after the other: all at once would take memory by the number of shards.
    statistics = Statistics(schema.features)
    for shard in shards(plan):
        statistics.merge(read_statistics(file_system, aside, shard, schema))
    final = Schema(
        features={
            name: statistics.columns[name].as_feature(
                dataclasses.replace(feature, thresholds=_own_thresholds(earlier, name))
            )
            for name, feature in schema.features.items()
        },
        rows=done,
        compression=compression,
        thresholds=(earlier or Schema(features={})).thresholds,
    )
    anomalies = differences(earlier, final) if earlier else []
    if anomalies and strict:
        raise ConvertError("\n".join(f"{source}: {line}" for line in anomalies))
    # Not a reason to fail: somebody has asked for them.
    anomalies += changes(statistics)
    # Again, as it may have been made meanwhile: now the same command can still go on.
    _check_target(file_system, path, target, overwrite=overwrite)
    _finish(file_system, aside, plan, final, statistics, anomalies)
    try:
        _publish(file_system, aside, path, overwrite=overwrite)
    except FileExistsError as error:
        raise _exists(target) from error
    return Conversion(
        target=target,
        rows=done,
        shards=plan.shards,
        resumed=resumed,
        schema=final,
        anomalies=tuple(anomalies),
    )


def read_schema(url: str) -> Schema:
    """Reads the schema of converted data.

    Args:
        url: A folder that `convert` made, or a schema.json.

    Returns:
        The schema.

    Raises:
        ConvertError: There is none.
    """
    file_system, path = open_file_system(url)
    if file_system.isdir(path):
        path = f"{path.rstrip('/')}/{SCHEMA_FILE}"
    try:
        text = file_system.cat_file(path).decode()
    except FileNotFoundError as error:
        raise ConvertError(
            f"{url}: no such file; expected a {SCHEMA_FILE}, or a folder that has one"
        ) from error
    return Schema.from_json(text, name=path)


class _Told:
    """Adds up how many rows are done, and tells."""

    def __init__(
        self, progress: Callable[[int, int], None] | None, *, done: int, total: int
    ) -> None:
        self._progress, self._done, self._total = progress, done, total
        self.add(0)

    def add(self, rows: int) -> None:
        self._done += rows
        if self._progress:
            self._progress(self._done, self._total)


def _schema(table: Table, columns: Sequence[str], rules: Rules, compression: str) -> Schema:
    try:
        features = of_table(
            table.schema, columns=columns, rules=rules, conflicts=table.conflicts
        ).features
    except ConvertError as error:
        raise ConvertError(f"{table.url}: {error}") from error
    # A default that cannot stand for a missing value is told before the work, not in its midst.
    for name, default in rules.defaults.items():
        default_scalar(name, default, features[name].type)
    return Schema(features=features, compression=compression)


def _own_thresholds(earlier: Schema | None, name: str) -> Mapping[str, Threshold]:
    before = earlier.features.get(name) if earlier else None
    return before.thresholds if before else {}


def _beside(path: str, kind: str) -> str:
    folder, _, name = path.rpartition("/")
    return f"{folder}/.{name}.{kind}" if folder or path.startswith("/") else f".{name}.{kind}"


def _begin(
    file_system: AbstractFileSystem, aside: str, plan: Plan, *, restart: bool
) -> dict[int, ShardResult]:
    """Makes the folder aside, or finds what an interrupted run has left there."""
    if restart:
        _remove(file_system, aside)
    asked = plan.to_json()
    found = _read_plan(file_system, aside)
    if found is None:
        file_system.makedirs(aside, exist_ok=True)
        # Renamed when it is whole: of half a plan nobody could say what it was.
        written = f"{aside}/{_PLAN_FILE}.{uuid.uuid4().hex}"
        file_system.pipe_file(written, asked.encode())
        rename(file_system, written, f"{aside}/{_PLAN_FILE}", replace=True)
        return {}
    if found != json.loads(asked):
        raise ConvertError(
            f"{aside}: an interrupted conversion was asked for something else, or its table has "
            "changed; --restart begins anew, the same options as then go on with it"
        )
    results = (read_result(file_system, aside, shard) for shard in shards(plan))
    return {result.index: result for result in results if result}


def _read_plan(file_system: AbstractFileSystem, aside: str) -> object:
    """Reads what an interrupted run was asked for; None if there is no such run."""
    try:
        return json.loads(file_system.cat_file(f"{aside}/{_PLAN_FILE}"))
    except FileNotFoundError:
        return None
    except ValueError:
        # Cut off where it was written in place. With it goes all that is there, since nobody can
        # say of which plan it is a part.
        _remove(file_system, aside)
        return None


def _finish(
    file_system: AbstractFileSystem,
    aside: str,
    plan: Plan,
    schema: Schema,
    statistics: Statistics,
    anomalies: Sequence[str],
) -> None:
    report = {
        "rows": schema.rows,
        "source": plan.url,
        "anomalies": list(anomalies),
        "columns": {name: column.report() for name, column in statistics.columns.items()},
    }
    text = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
    file_system.pipe_file(f"{aside}/{SCHEMA_FILE}", schema.to_json().encode())
    file_system.pipe_file(f"{aside}/{STATISTICS_FILE}", text.encode())
    names = {shard.name for shard in shards(plan)} | {SCHEMA_FILE, STATISTICS_FILE}
    for name in file_system.ls(aside, detail=False):
        if name.rpartition("/")[2] not in names:
            file_system.rm_file(name)
    file_system.pipe_file(f"{aside}/{SUCCESS_FILE}", b"")


def _check_target(
    file_system: AbstractFileSystem, path: str, target: str, *, overwrite: bool
) -> None:
    check_replaceable(file_system, path, name=target)
    if not overwrite and file_system.exists(path):
        raise _exists(target)
    if overwrite:
        # What a conversion that was killed has set aside may go; what others call so may not.
        old = _beside(path, "replaced")
        check_replaceable(file_system, old, name=old)


def _publish(file_system: AbstractFileSystem, aside: str, path: str, *, overwrite: bool) -> None:
    old = _beside(path, "replaced")
    if overwrite:
        _remove(file_system, old)
        if file_system.exists(path):
            rename(file_system, path, old, replace=False)
    rename(file_system, aside, path, replace=False)
    if overwrite:
        _remove(file_system, old)


def _remove(file_system: AbstractFileSystem, path: str) -> None:
    if file_system.exists(path):
        file_system.rm(path, recursive=True)


def _exists(target: str) -> ConvertError:
    return ConvertError(f"{target}: exists already; --overwrite replaces it")
