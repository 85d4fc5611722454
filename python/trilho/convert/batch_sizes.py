"""How many rows of a Parquet file to read at a time, so that they take a bounded part of memory.

A file says how large its values are as it stores them, and that may be little: a string that is
there a thousand times, a list of zeros. Of numbers it says how many there are, which tells what
they will take; of strings only rows that have been read can tell.
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

__all__ = ["BATCH_BYTES", "FIRST_BATCH", "most_rows", "next_size"]

# Rows are read so many at a time, or as many as have so many bytes.
_BATCH, BATCH_BYTES = 4096, 16 << 20
# One row of a megabyte is little, a hundred of them are not.
FIRST_BATCH = 1
_GROWTH = 8
# Of a value at least: what an int64, or where a string begins, takes as a feature. As what the
# table has it may take a bit.
_VALUE = 8


def most_rows(
    metadata: pq.FileMetaData, row_groups: Sequence[int], *, columns: Sequence[str]
) -> int:
    """Says how many rows may be read at a time by what the file says.

    Args:
        metadata: The file's.
        row_groups: Which of its row groups are read, one or more.
        columns: Which columns.

    Returns:
        As many rows as have `BATCH_BYTES` in each of the row groups, their strings being as large
        as they are stored; not more than some thousands, and at least 1.
    """
    chosen = set(columns)
    # A chosen column's own path, or those below it: the elements of lists.
    leaves = [
        leaf
        for leaf in range(metadata.num_columns)
        if not chosen.isdisjoint(_prefixes(metadata.schema.column(leaf).path))
    ]
    most = _BATCH
    for index in row_groups:
        group = metadata.row_group(index)
        size = sum(_stored_bytes(metadata, group.column(leaf), leaf) for leaf in leaves)
        most = min(most, group.num_rows * BATCH_BYTES // max(1, size))
    return max(1, most)


def next_size(batch: pa.RecordBatch, *, size: int, most: int) -> int:
    """Says how many rows to read after some that were read.

    Args:
        batch: The rows, one or more.
        size: How many were asked for.
        most: What `most_rows` says.

    Returns:
        As many rows as have `BATCH_BYTES` if they are like these; not more than `most`, nor than
        some times as many as before, as they may be unlike these; at least 1.
    """
    alike = len(batch) * BATCH_BYTES // max(1, _bytes(batch))
    return max(1, min(most, size * _GROWTH, alike))


def _bytes(batch: pa.RecordBatch) -> int:
    return sum(_column_bytes(column) for column in batch.columns)


def _prefixes(path: str) -> list[str]:
    # The name of a column may have dots, too.
    parts = path.split(".")
    return [".".join(parts[: end + 1]) for end in range(len(parts))]


def _stored_bytes(metadata: pq.FileMetaData, chunk: pq.ColumnChunkMetaData, leaf: int) -> int:
    values: int = chunk.num_values
    if chunk.physical_type == "BYTE_ARRAY":
        stored: int = chunk.total_uncompressed_size
        return stored + values * _VALUE
    if chunk.physical_type == "FIXED_LEN_BYTE_ARRAY":
        width: int = metadata.schema.column(leaf).length
        return values * (width + _VALUE)
    return values * _VALUE


def _column_bytes(column: pa.Array) -> int:
    kind = column.type
    least = len(column) * _VALUE
    lists = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    if any(test(kind) for test in lists):
        return least + _column_bytes(column.flatten())
    if pa.types.is_dictionary(kind) and _has_length(kind.value_type):
        # As a feature each value stands there in full.
        sizes = pc.binary_length(column.dictionary).take(column.indices)
        return least + int(pc.sum(sizes).as_py() or 0)
    return max(least, int(column.nbytes))


def _has_length(kind: pa.DataType) -> bool:
    strings = (pa.types.is_string, pa.types.is_large_string)
    binaries = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)
    return any(test(kind) for test in (*strings, *binaries))
