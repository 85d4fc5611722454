"""Timestamps of INT96, read with all their nanoseconds whatever the year.

Arrow has them in nanoseconds, and then beyond 1677 and 2262 as other times, or in microseconds, and
then cut off. Reading them both ways tells everything.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from trilho.convert.column_types import column_of, is_list
from trilho.convert.times import join_int96

__all__ = ["Nanoseconds", "int96_columns"]


def int96_columns(parquet: pq.ParquetFile, columns: Sequence[str]) -> list[str]:
    """Lists those of some columns, or fields of structs, that have INT96."""
    leaves = (parquet.schema.column(index) for index in range(len(parquet.schema)))
    paths = [leaf.path for leaf in leaves if leaf.physical_type == "INT96"]
    return [name for name in columns if any(f"{path}.".startswith(f"{name}.") for path in paths)]


class Nanoseconds:
    """The same rows as another reader's, their timestamps being in nanoseconds."""

    def __init__(self, parquet: pq.ParquetFile, columns: Sequence[str], batches: Iterator) -> None:  # type: ignore[type-arg]
        """Prepares to read.

        Args:
            parquet: Opened without `coerce_int96_timestamp_unit`.
            columns: Which columns.
            batches: Of these columns, as `parquet.iter_batches` gives them.
        """
        self._parquet, self._names, self._batches = parquet, columns, batches
        self._read: deque[pa.RecordBatch] = deque()

    def join(self, micros: Mapping[str, pa.Array], *, rows: int, size: int) -> dict[str, pa.Array]:
        """Reads the next rows.

        Args:
            micros: All columns of the other reader, in microseconds.
            rows: How many rows it has read.
            size: How many it is going to read next.

        Returns:
            The columns that have INT96, as `times.join_int96` makes them.
        """
        parts: dict[str, list[pa.Array]] = {name: [] for name in self._names}
        while rows:
            batch = self._read.popleft() if self._read else next(self._batches)
            taken = batch[:rows]
            if len(batch) > rows:
                self._read.append(batch[rows:])
            rows -= len(taken)
            for name in self._names:
                parts[name].append(column_of(taken, name))
        self._parquet.reader.set_batch_size(size)
        return {
            name: _joined(micros[name], pa.concat_arrays(found)) for name, found in parts.items()
        }


def _joined(micros: pa.Array, nanos: pa.Array) -> pa.Array:
    if not is_list(micros.type):
        return join_int96(micros, nanos)
    elements = join_int96(micros.flatten(), nanos.flatten())
    if elements.type == micros.type.value_type:
        return micros
    lengths = pc.list_value_length(micros).fill_null(0).to_numpy(zero_copy_only=False)
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int64())
    mask = micros.is_null() if micros.null_count else None
    return pa.LargeListArray.from_arrays(offsets, elements, mask=mask)
