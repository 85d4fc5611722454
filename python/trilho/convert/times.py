"""Times as whole numbers of one unit."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from trilho.convert.rules import TimeUnit

__all__ = ["INT96", "Ticks", "as_ticks", "join_int96", "time_text"]

# Timestamps in the twelve bytes that Impala and old versions of Hive and Spark write, where
# neither microseconds nor nanoseconds alone hold them: the nanoseconds are those behind `us`.
INT96 = pa.struct([("us", pa.timestamp("us")), ("ns", pa.int16())])

_IN_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_MAX = (1 << 63) - 1
_NS_IN_US = 1000


@dataclass(frozen=True, kw_only=True)
class Ticks:
    """Times of a column.

    Attributes:
        values: int64, in the unit; what is not in time of int64 means nothing.
        too_far: Places of those that int64 does not hold in the unit.
        finer: Places of those that have a part finer than the unit, which is cut off in `values`:
            they are the last whole unit before it.
    """

    values: pa.Array
    too_far: np.ndarray
    finer: np.ndarray


def as_ticks(column: pa.Array, unit: TimeUnit) -> Ticks:
    """Counts times in one unit.

    Args:
        column: Timestamps, times of the day, durations or INT96.
        unit: The unit.

    Returns:
        The times since 1970 (UTC, or the zone that nobody told), since midnight, or as they are.
    """
    missing = column.is_null()
    kind = column.type
    rest: np.ndarray | int = 0
    if kind == INT96:
        # The children are looked at, as a struct that is missing has some, too.
        rest = column.field("ns").fill_null(0).to_numpy().astype(np.int64)
        column, kind = column.field("us"), INT96.field("us").type
    per_second = _IN_SECOND[kind.unit]
    narrow = pa.types.is_time32(kind)
    whole = column.cast(pa.int32()).cast(pa.int64()) if narrow else column.cast(pa.int64())
    values = whole.fill_null(0).to_numpy()
    wanted = _IN_SECOND[unit]
    if wanted >= per_second:
        factor = wanted // per_second
        bound = _MAX // factor
        # The microsecond at the bound has room for a part of its nanoseconds only.
        too_far = (values > bound) | (values < -bound)
        too_far |= (values == bound) & (np.asarray(rest) > _MAX - bound * factor)
        ticks = np.where(too_far, 0, values) * factor
        if unit == "ns":
            ticks = ticks + rest
            finer = np.zeros(len(values), bool)
        else:
            finer = np.broadcast_to(np.asarray(rest) != 0, values.shape)
    else:
        factor = per_second // wanted
        ticks = values // factor
        finer = ticks * factor != values
        too_far = np.zeros(len(values), bool)
    mask = missing.to_numpy(zero_copy_only=False) if missing.true_count else None
    return Ticks(
        values=pa.array(ticks, pa.int64(), mask=mask),
        too_far=np.flatnonzero(too_far),
        finer=np.flatnonzero(finer),
    )


def join_int96(micros: pa.Array, nanos: pa.Array) -> pa.Array:
    """Joins what the same INT96 column is in microseconds and in nanoseconds.

    Args:
        micros: timestamp[us], whose nanoseconds are cut off.
        nanos: timestamp[ns], of which 64 bits are left, whatever the year.

    Returns:
        timestamp[us] if nothing is cut off, else INT96.
    """
    us = micros.cast(pa.int64()).fill_null(0).to_numpy()
    ns = nanos.cast(pa.int64()).fill_null(0).to_numpy()
    # Both wrap around in the same way, so that their difference does not.
    rest = ns.view(np.uint64) - us.view(np.uint64) * np.uint64(_NS_IN_US)
    if not rest.any():
        return micros
    parts = [micros, pa.array(rest.astype(np.int16))]
    return pa.StructArray.from_arrays(parts, fields=list(INT96), mask=micros.is_null())


def time_text(column: pa.Array, place: int) -> str:
    """Writes a time for people, with all its digits."""
    one = column.slice(place, 1)
    if column.type == INT96:
        return f"{one.field('us').cast(pa.string())[0].as_py()}{one.field('ns')[0].as_py():03d}"
    text = str(one.cast(pa.string())[0].as_py())
    return f"{text} {column.type.unit}" if pa.types.is_duration(column.type) else text
