"""Finding the number of a column that is none: NaN, or an infinity."""

from typing import Any

import numpy as np

__all__ = ["first_not_finite"]


def first_not_finite(column: np.ndarray[Any, np.dtype[Any]], *, first: int = 0) -> str:
    """Says where a column has a number that is not finite.

    Args:
        column: [rows, ...]; of another type than floats it has none.
        first: The number of its first row.

    Returns:
        E.g. "row 17: expected a finite number, found nan", rows being counted from 0; "" if all
        numbers are finite.
    """
    if column.dtype.kind != "f":
        return ""
    bad = ~np.isfinite(column)
    if not bad.any():
        return ""
    place = tuple(int(index) for index in np.argwhere(bad)[0])
    return f"row {first + place[0]}: expected a finite number, found {column[place]}"
