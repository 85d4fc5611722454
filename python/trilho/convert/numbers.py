"""Numbers as int64, float or text, and which of them do not get there unchanged."""

import decimal
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trilho.convert.column_types import is_whole

__all__ = ["Inexact", "as_float", "as_int64", "as_text"]

_INT64_MAX = (1 << 63) - 1
# A float holds whole numbers of so many bits, a double those below the second power.
_FLOAT_BITS, _DOUBLE_WHOLE = 24, float(1 << 53)
# Whatever has at most so many digits is the only decimal of its kind that gives its double.
_SURE_DIGITS = 15
# Enough for decimal256, whose values are told apart exactly.
_EXACT = decimal.Context(prec=100)


@dataclass(frozen=True, kw_only=True)
class Inexact:
    """Numbers that are not what they were.

    Attributes:
        places: Their places in the column.
        reason: What is wrong with them, e.g. "is more than an int64 holds".
    """

    places: np.ndarray
    reason: str


def as_int64(column: pa.Array) -> tuple[pa.Array, Inexact | None]:
    """Makes int64 of integers, and of decimals without a fraction.

    Args:
        column: Of one of these types.

    Returns:
        The numbers, and those that int64 does not hold; where there are such, the numbers mean
        nothing.
    """
    kind = column.type
    if pa.types.is_uint64(kind):
        bad = column.fill_null(0).to_numpy() > _INT64_MAX
    elif pa.types.is_decimal(kind):
        try:
            return column.cast(pa.int64()), None
        except pa.ArrowInvalid:
            wide = [value is not None and abs(value) > _INT64_MAX for value in column.to_pylist()]
            bad = np.array(wide)
    else:
        return column.cast(pa.int64()), None
    if not bad.any():
        return column.cast(pa.int64()), None
    return column, Inexact(places=np.flatnonzero(bad), reason="is more than an int64 holds")


def as_float(column: pa.Array) -> tuple[pa.Array, Inexact | None]:
    """Makes floats of numbers, each the nearest one.

    Args:
        column: Numbers of any type.

    Returns:
        The floats, and those that are not what they were: of whole numbers all that change; of
        decimals those whose digits cannot be read back; of doubles the whole ones that change,
        below 2^53, and those that become infinite or zero. That the others lose digits beyond
        the float's is what a float is.
    """
    kind = column.type
    if pa.types.is_float32(kind) or pa.types.is_float16(kind):
        return column.cast(pa.float32()), None
    if pa.types.is_decimal(kind):
        floats, bad = _from_decimals(column)
    else:
        numbers = column.fill_null(0).to_numpy()
        with np.errstate(over="ignore"):
            floats = numbers.astype(np.float32)
        bad = _bad_integers(numbers) if is_whole(kind) else _bad_doubles(numbers, floats)
    missing = column.is_null().to_numpy(zero_copy_only=False) if column.null_count else None
    result = pa.array(floats, pa.float32(), mask=missing)
    if not bad.any():
        return result, None
    return result, Inexact(
        places=np.flatnonzero(bad), reason="would be another number as a float of 24 bits"
    )


def as_text(column: pa.Array) -> pa.Array:
    """Writes the digits of numbers, so that each number has one text.

    Args:
        column: Numbers of any type.

    Returns:
        Strings: of decimals without exponent and without zeros at the end of a fraction; of
        doubles the shortest text that gives them.
    """
    if pa.types.is_float16(column.type):
        column = column.cast(pa.float32())
    texts = column.cast(pa.string())
    if not pa.types.is_decimal(column.type):
        return texts
    if pc.any(pc.match_substring(texts, "E")).as_py():
        plain = [None if value is None else f"{value:f}" for value in column.to_pylist()]
        texts = pa.array(plain, pa.string())
    if column.type.scale <= 0:
        return texts
    return pc.utf8_rtrim(pc.utf8_rtrim(texts, "0"), ".")


def _bad_integers(numbers: np.ndarray) -> np.ndarray:
    sizes = numbers.astype(np.uint64)
    negative = numbers < 0
    # Two's complement, which knows the least int64, too.
    sizes[negative] = ~sizes[negative] + np.uint64(1)
    lowest = np.maximum(sizes & (~sizes + np.uint64(1)), np.uint64(1))
    bad: np.ndarray = sizes // lowest >= 1 << _FLOAT_BITS
    return bad


def _bad_doubles(numbers: np.ndarray, floats: np.ndarray) -> np.ndarray:
    bad: np.ndarray = (floats.astype(np.float64) != numbers) & np.isfinite(numbers)
    if bad.any():
        whole = (np.abs(numbers) < _DOUBLE_WHOLE) & (np.trunc(numbers) == numbers)
        bad &= whole | ~np.isfinite(floats) | (floats == 0)
    return bad


def _from_decimals(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    filled = column.fill_null(pa.scalar(decimal.Decimal(0), column.type))
    texts = filled.cast(pa.string())
    # As exact as doubles are: no cast of Arrow's that multiplies by powers of ten.
    doubles = texts.cast(pa.float64()).to_numpy()
    with np.errstate(over="ignore"):
        floats = doubles.astype(np.float32)
        _mend_ties(filled, doubles, floats)
    shortest = pa.array(floats).cast(pa.string())
    bad: np.ndarray = shortest.cast(pa.float64()).to_numpy() != doubles
    if column.type.precision > _SURE_DIGITS:
        # A double may stand for several of these: only their digits tell.
        digits = pc.replace_substring_regex(texts, r"^-?0*\.?0*|0*$|0*E.*$", "")
        unsure = ~bad & (pc.utf8_length(digits).to_numpy() > _SURE_DIGITS)
        for place in np.flatnonzero(unsure):
            read = decimal.Decimal(shortest[place].as_py())
            bad[place] = _EXACT.compare(read, filled[place].as_py()) != 0
    return floats, bad


def _mend_ties(column: pa.Array, doubles: np.ndarray, floats: np.ndarray) -> None:
    """Rounds again where the double is amid two floats and the decimal is not the double.

    Args:
        column: The decimals.
        doubles: The nearest double of each.
        floats: The nearest float of each of these; is changed.
    """
    wide = floats.astype(np.float64)
    towards = np.where(doubles > wide, np.float32(np.inf), np.float32(-np.inf))
    others = np.nextafter(floats, towards)
    amid = (doubles != wide) & (np.abs(others - doubles) == np.abs(wide - doubles))
    for place in np.flatnonzero(amid):
        value, double = column[place].as_py(), decimal.Decimal(float(doubles[place]))
        order = _EXACT.compare(value, double)
        if order:
            pick = max if order > 0 else min
            floats[place] = pick(floats[place], others[place])
