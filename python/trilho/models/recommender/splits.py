"""MovieLens split, as training and evaluation see it; needs no TensorFlow."""

from typing import Any

import numpy as np

from trilho.data.cache import DataError
from trilho.data.movielens import MovieLens

__all__ = ["sequences", "split_ratings"]

_TEST_SHARE = 0.2
_VALIDATION_SHARE = 0.05
# Of each user: one item to begin with, one to learn, one to validate with, one to test.
_LEAST_ITEMS = 4

Ints = np.ndarray[Any, np.dtype[np.int64]]


def sequences(movielens: MovieLens) -> list[Ints]:
    """Returns each user's items, the oldest first; those of one second as the data has them.

    Raises:
        DataError: A user has too few items to learn from and to be tested with.
    """
    order = np.lexsort((movielens.times, movielens.users))
    counts = np.bincount(movielens.users, minlength=len(movielens.user_ids))
    if counts.min(initial=_LEAST_ITEMS) < _LEAST_ITEMS:
        user = movielens.user_ids[int(np.argmin(counts))]
        raise DataError(f"User {user} has {counts.min()} ratings; at least {_LEAST_ITEMS} needed")
    return np.split(movielens.items[order], np.cumsum(counts)[:-1])


def split_ratings(count: int, *, seed: int) -> tuple[Ints, Ints, Ints]:
    """Splits ratings at random.

    Args:
        count: How many there are.
        seed: Of the split.

    Returns:
        The rows to train with, 75 %, to validate with, 5 %, and to test with, 20 %.
    """
    order = np.random.default_rng(seed).permutation(count)
    tested, validated = round(count * _TEST_SHARE), round(count * _VALIDATION_SHARE)
    test, validation, train = np.split(order, [tested, tested + validated])
    return train, validation, test
