"""How a conversion fails."""

from trilho.errors import TrilhoError

__all__ = ["ConvertError"]


class ConvertError(TrilhoError):
    """A table cannot be converted as it was asked, or its files are not what they should be."""
