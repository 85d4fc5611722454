"""Figures as they are compared and kept: one that is not a finite number is never good."""

import math
from collections.abc import Mapping, Sequence

__all__ = ["as_json", "improves", "not_finite", "of_json"]


def improves(value: float, than: float, *, lower: bool) -> bool:
    """Tells whether a figure is better than another.

    Args:
        value: The one; NaN or an infinity improves on nothing.
        than: The other; each finite figure improves on NaN and on an infinity.
        lower: Whether lower figures are the better ones.
    """
    if not math.isfinite(value):
        return False
    if not math.isfinite(than):
        return True
    return value < than if lower else value > than


def not_finite(figures: Mapping[str, float]) -> Sequence[str]:
    """Names the figures that are NaN or infinite, each with its value, e.g. "test_loss is nan"."""
    return [f"{name} is {value:g}" for name, value in figures.items() if not math.isfinite(value)]


def as_json(figures: Mapping[str, float]) -> dict[str, float | None]:
    """Returns figures as JSON can have them: null stands for NaN and the infinities."""
    return {name: value if math.isfinite(value) else None for name, value in figures.items()}


def of_json(figures: Mapping[str, float | None]) -> dict[str, float]:
    """Returns what `as_json` was given, with NaN for null."""
    return {name: math.nan if value is None else value for name, value in figures.items()}
