"""What all errors of the package have in common."""

__all__ = ["TrilhoError"]


class TrilhoError(Exception):
    """Something went wrong that the message explains; no bug of the package."""
