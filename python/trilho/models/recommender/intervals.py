"""How sure a figure of users is: intervals of the bootstrap, and of differences."""

from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["gains", "interval", "intervals"]

_SAMPLES = 2000
# Of 95 %.
_SHARES = (2.5, 97.5)
_DIGITS = 6
# Samples at a time, so that memory does not grow with them.
_AT_ONCE = 100

Floats = np.ndarray[Any, np.dtype[np.float64]]


def gains(places: np.ndarray, *, depth: int) -> tuple[Floats, Floats]:
    """Returns what each user adds to hit@depth and NDCG@depth.

    Args:
        places: [users], the place of the item that came next, from 1; any beyond `depth` for one
            that was not found.
        depth: How many items are shown.
    """
    found = places <= depth
    return found.astype(np.float64), np.where(found, 1 / np.log2(places + 1.0), 0.0)


def interval(values: Floats, *, seed: int) -> tuple[float, float]:
    """Returns the bounds within which the mean of 95 % of the samples lies.

    Args:
        values: [users], what each of them adds; differences for those of two methods.
        seed: Of the samples: the same one draws the same users, whatever the values are.
    """
    random = np.random.default_rng(seed)
    means = [
        values[random.integers(0, len(values), (_AT_ONCE, len(values)))].mean(axis=1)
        for _ in range(_SAMPLES // _AT_ONCE)
    ]
    low, high = np.percentile(np.concatenate(means), _SHARES)
    return round(float(low), _DIGITS), round(float(high), _DIGITS)


def intervals(name: str, places: np.ndarray, *, depth: int, seed: int) -> Mapping[str, float]:
    """Returns both figures of a method with their intervals.

    Args:
        name: What the figures begin with, e.g. "als_test".
        places: As of `gains`.
        depth: As of `gains`.
        seed: As of `interval`.

    Returns:
        NAME_hit_at_10, NAME_hit_at_10_low, NAME_hit_at_10_high, and the same of ndcg.
    """
    figures: dict[str, float] = {}
    for kind, values in zip(("hit", "ndcg"), gains(places, depth=depth), strict=True):
        figure = f"{name}_{kind}_at_{depth}"
        low, high = interval(values, seed=seed)
        figures |= {
            figure: round(float(values.mean()), _DIGITS),
            f"{figure}_low": low,
            f"{figure}_high": high,
        }
    return figures
