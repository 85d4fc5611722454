"""How a conversion fails."""

from collections.abc import Sequence

from trilho.errors import TrilhoError

__all__ = ["ConvertError", "first_of"]

# How many things an error names.
_NAMED = 3


class ConvertError(TrilhoError):
    """A table cannot be converted as it was asked, or its files are not what they should be."""


def first_of(names: Sequence[str], *, most: int = _NAMED) -> str:
    """Lists things of which there may be too many to name.

    Args:
        names: All of them.
        most: How many are named.

    Returns:
        E.g. "a, b, c and 7 more".
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"
