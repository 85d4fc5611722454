"""The Parquet files of a table, wherever they are."""

import contextlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
from fsspec import AbstractFileSystem

from trilho.convert.batch_sizes import FIRST_BATCH, most_rows, next_size
from trilho.convert.column_types import column_of, find_field
from trilho.convert.hdfs import open_hdfs
from trilho.convert.int96 import Nanoseconds, int96_columns
from trilho.convert.partitions import Partition, find_partitions, fixed_part, type_partitions
from trilho.convert.problems import ConvertError
from trilho.convert.unifying import Columns

__all__ = ["SourceFile", "Table", "open_file_system", "read_rows", "read_table"]

# What Spark, Hive and others put beside the files of a table.
_HIDDEN = re.compile(r"(^|/)[._][^/]*")
# Of a column. Without it pyarrow reads all that a row group has of it, whatever that is.
_BUFFER = 1 << 20


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """A file of a table.

    Attributes:
        path: On the table's file system.
        size: In bytes.
        rows: How many there are.
        row_groups: How many rows each row group has.
        partitions: What stands in the names of its folders.
    """

    path: str
    size: int
    rows: int
    row_groups: tuple[int, ...]
    partitions: tuple[Partition, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Table:
    """Files, one after the other. A column that a file does not have is missing in its rows.

    Attributes:
        url: What was asked for.
        files: Sorted by path.
        schema: The columns of all files, in types that hold those of each, and then those in the
            names of folders.
        conflicts: Why a column has no such type, by its name.
    """

    url: str
    files: tuple[SourceFile, ...]
    schema: pa.Schema
    conflicts: Mapping[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many rows all files have together."""
        return sum(file.rows for file in self.files)


def open_file_system(url: str) -> tuple[AbstractFileSystem, str]:
    """Opens what a path or URL points to.

    Args:
        url: A local path, a URL of HDFS (`hdfs.open_hdfs`), or another that fsspec knows.

    Returns:
        fsspec's file system, and the path on it.

    Raises:
        ConvertError: The URL's scheme is unknown, or what it needs is not installed; or nothing
            says where the NameNode is.
    """
    if url.startswith(("hdfs://", "webhdfs://")):
        return open_hdfs(url)
    try:
        file_system, path = fsspec.core.url_to_fs(url)
    except (ValueError, ImportError) as error:
        raise ConvertError(f"{url}: {error}") from error
    return file_system, path


def read_table(url: str, *, texts: Collection[str] = ()) -> Table:
    """Finds the files and reads what they say about themselves.

    Args:
        url: A Parquet file, a folder of them (at any depth; names that begin with "." or "_" are
            left out; folders called NAME=VALUE are a column), or a pattern with * ? or [ ]; local
            or a URL.
        texts: Columns whose numbers are kept as text.

    Returns:
        The table. Its files need not have the same columns.

    Raises:
        ConvertError: There is no such file, or one is no Parquet.
    """
    file_system, path = open_file_system(url)
    paths = _paths(file_system, path, url)
    root = fixed_part(path) if not file_system.isdir(path) else path
    partitions = type_partitions([find_partitions(root, name) for name in paths], texts=texts)
    columns = Columns(texts=texts)
    files = []
    for name, values in zip(paths, partitions, strict=True):
        with _opened(file_system, name) as parquet:
            columns.add(parquet.schema_arrow.remove_metadata(), name)
            metadata = parquet.metadata
            groups = tuple(
                metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)
            )
            files.append(
                SourceFile(
                    path=name,
                    size=int(file_system.size(name)),
                    rows=metadata.num_rows,
                    row_groups=groups,
                    partitions=values,
                )
            )
    schema, conflicts = columns.schema, dict(columns.conflicts)
    for partition in partitions[0]:
        if partition.name in columns.types:
            conflicts[partition.name] = (
                f"{partition.name} is a column of the files and in the names of folders; choose "
                "others with --columns, or convert one folder at a time"
            )
        else:
            schema = schema.append(pa.field(partition.name, partition.arrow_type))
    return Table(url=url, files=tuple(files), schema=schema, conflicts=conflicts)


def read_rows(
    file_system: AbstractFileSystem,
    file: SourceFile,
    *,
    columns: Sequence[str],
    start: int,
    stop: int,
) -> Iterator[pa.RecordBatch]:
    """Reads some rows of a file, a few thousand at a time, less if they are large (`batch_sizes`).

    Args:
        file_system: fsspec's.
        file: The file.
        columns: Which columns; NAME.FIELD for the field of a struct.
        start: The first row.
        stop: The one after the last.

    Yields:
        The rows in their order, with these columns in theirs. One that the file does not have is
        of missing values; timestamps of INT96 may be `times.INT96`.

    Raises:
        ConvertError: The file is damaged, or is not the one that it was.
    """
    if start == stop:
        return
    groups, skip = _groups(file, start, stop)
    missing = stop - start
    with contextlib.ExitStack() as stack:
        # INT96 in microseconds has room for all years.
        parquet = stack.enter_context(_opened(file_system, file.path, int96="us"))
        if parquet.metadata.num_rows != file.rows:
            raise ConvertError(f"{file.path}: has changed while it was read")
        most = most_rows(parquet.metadata, groups, columns=columns)
        present = [name for name in columns if find_field(parquet.schema_arrow, name)]
        options = {"batch_size": FIRST_BATCH, "row_groups": groups, "use_threads": False}
        exact = None
        if old := int96_columns(parquet, present):
            other = stack.enter_context(_opened(file_system, file.path))
            exact = Nanoseconds(other, old, other.iter_batches(columns=old, **options))
        size = FIRST_BATCH
        for batch in parquet.iter_batches(columns=present, **options):
            found = {name: column_of(batch, name) for name in present}
            size = next_size(batch, size=size, most=most)
            # For the batches to come. Another iter_batches would read the row group again.
            parquet.reader.set_batch_size(size)
            if exact:
                found |= exact.join(found, rows=len(batch), size=size)
            rows = _complete(found, columns, file, len(batch))[skip : skip + missing]
            skip = max(0, skip - len(batch))
            missing -= len(rows)
            if len(rows):
                yield rows
            if not missing:
                return
    raise ConvertError(f"{file.path}: ends {missing} rows too early")


def _groups(file: SourceFile, start: int, stop: int) -> tuple[list[int], int]:
    """Returns the row groups that have some rows, and how many rows these have before."""
    groups: list[int] = []
    skip = end = 0
    for index, size in enumerate(file.row_groups):
        begin, end = end, end + size
        if end <= start:
            continue
        if begin >= stop:
            break
        if not groups:
            skip = start - begin
        groups.append(index)
    return groups, skip


def _complete(
    found: Mapping[str, pa.Array], columns: Sequence[str], file: SourceFile, rows: int
) -> pa.RecordBatch:
    """Puts together what the file has, what its folders say, and what is missing."""
    partitions = {partition.name: partition for partition in file.partitions}
    arrays = []
    for name in columns:
        if name in found:
            arrays.append(found[name])
        elif name in partitions:
            arrays.append(partitions[name].column(rows))
        else:
            arrays.append(pa.nulls(rows))
    return pa.RecordBatch.from_arrays(arrays, names=list(columns))


def _paths(file_system: AbstractFileSystem, path: str, url: str) -> list[str]:
    root = fixed_part(path)
    if file_system.isdir(path):
        found = _below(file_system, path)
    elif root != path.rstrip("/"):
        found = []
        # A file that the pattern names itself counts, even if it is hidden otherwise.
        named = _HIDDEN.search(path.removeprefix(root))
        for name in file_system.glob(path):
            if file_system.isdir(name):
                found += _below(file_system, name)
            elif named or not _HIDDEN.search(name.removeprefix(root)):
                found.append(name)
    elif file_system.exists(path):
        found = [path]
    else:
        raise ConvertError(f"{url}: no such file or folder")
    if not found:
        raise ConvertError(f"{url}: has no file")
    return sorted(set(found))


def _below(file_system: AbstractFileSystem, folder: str) -> list[str]:
    names = file_system.find(folder)
    return [name for name in names if not _HIDDEN.search(name.removeprefix(folder))]


@contextlib.contextmanager
def _opened(
    file_system: AbstractFileSystem, path: str, *, int96: str | None = None
) -> Iterator[pq.ParquetFile]:
    """Opens a Parquet file; what pyarrow finds wrong with it then or later names the file."""
    try:
        # Without reading ahead, which would hold whole row groups, or read the same bytes for
        # column after column.
        with (
            file_system.open(path, "rb", cache_type="none") as file,
            pq.ParquetFile(
                file,
                pre_buffer=False,
                buffer_size=_BUFFER,
                coerce_int96_timestamp_unit=int96,
            ) as parquet,
        ):
            yield parquet
    except pa.ArrowException as error:
        raise ConvertError(f"{path}: {error}") from error
