"""The Parquet files of a table, wherever they are."""

import contextlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
from fsspec import AbstractFileSystem

from trilho.convert.batch_sizes import FIRST_BATCH, most_rows, next_size
from trilho.convert.hdfs import open_hdfs
from trilho.convert.problems import ConvertError

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
    """

    path: str
    size: int
    rows: int
    row_groups: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Table:
    """Files with the same columns, one after the other.

    Attributes:
        url: What was asked for.
        files: Sorted by path.
        schema: Of the columns.
    """

    url: str
    files: tuple[SourceFile, ...]
    schema: pa.Schema

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


def read_table(url: str) -> Table:
    """Finds the files and reads what they say about themselves.

    Args:
        url: A Parquet file, a folder of them (at any depth; names that begin with "." or "_" are
            left out), or a pattern with * ? or [ ]; local or a URL.

    Returns:
        The table.

    Raises:
        ConvertError: There is no such file, one is no Parquet, or they differ in their columns.
    """
    file_system, path = open_file_system(url)
    paths = _paths(file_system, path, url)
    files = []
    first: pa.Schema | None = None
    for name in paths:
        with _opened(file_system, name) as parquet:
            schema = parquet.schema_arrow.remove_metadata()
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
                )
            )
        if first is None:
            first = schema
        elif difference := _difference(first, schema):
            raise ConvertError(f"{name}: {difference}, unlike {paths[0]}")
    if first is None:
        raise ConvertError(f"{url}: has no Parquet file")
    return Table(url=url, files=tuple(files), schema=first)


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
        columns: Which columns.
        start: The first row.
        stop: The one after the last.

    Yields:
        The rows in their order.

    Raises:
        ConvertError: The file is damaged, or is not the one that it was.
    """
    if start == stop:
        return
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
    missing = stop - start
    with _opened(file_system, file.path) as parquet:
        if parquet.metadata.num_rows != file.rows:
            raise ConvertError(f"{file.path}: has changed while it was read")
        most = most_rows(parquet.metadata, groups, columns=columns)
        size = FIRST_BATCH
        for batch in parquet.iter_batches(
            batch_size=size, row_groups=groups, columns=list(columns), use_threads=False
        ):
            size = next_size(batch, size=size, most=most)
            # Of the batches to come. Another iter_batches would read the row group again.
            parquet.reader.set_batch_size(size)
            rows = batch[skip : skip + missing]
            skip = max(0, skip - len(batch))
            missing -= len(rows)
            if len(rows):
                yield rows
            if not missing:
                return
    raise ConvertError(f"{file.path}: ends {missing} rows too early")


def _paths(file_system: AbstractFileSystem, path: str, url: str) -> list[str]:
    if any(sign in path for sign in "*?["):
        found = [name for name in file_system.glob(path) if file_system.isfile(name)]
    elif file_system.isdir(path):
        names = file_system.find(path)
        found = [name for name in names if not _HIDDEN.search(name.removeprefix(path))]
        if partitions := [name for name in found if "=" in name.removeprefix(path)]:
            raise ConvertError(
                f"{partitions[0]}: the columns in the names of folders are not read; convert one "
                "folder at a time, or give a pattern"
            )
    elif file_system.exists(path):
        found = [path]
    else:
        raise ConvertError(f"{url}: no such file or folder")
    if not found:
        raise ConvertError(f"{url}: has no file")
    return sorted(found)


@contextlib.contextmanager
def _opened(file_system: AbstractFileSystem, path: str) -> Iterator[pq.ParquetFile]:
    """Opens a Parquet file; what pyarrow finds wrong with it then or later names the file."""
    try:
        # Without reading ahead, which would hold whole row groups, or read the same bytes for
        # column after column.
        with (
            file_system.open(path, "rb", cache_type="none") as file,
            pq.ParquetFile(file, pre_buffer=False, buffer_size=_BUFFER) as parquet,
        ):
            yield parquet
    except pa.ArrowException as error:
        raise ConvertError(f"{path}: {error}") from error


def _difference(first: pa.Schema, other: pa.Schema) -> str:
    """Says how columns differ; "" if they do not."""
    for name in first.names:
        if name not in other.names:
            return f"has no column {name}"
        if first.field(name).type != other.field(name).type:
            return f"{name} is {other.field(name).type} and not {first.field(name).type}"
    added = [name for name in other.names if name not in first.names]
    return f"has a column {added[0]}" if added else ""
