"""MovieLens split, as training and evaluation see it; needs no TensorFlow."""

from typing import Any

import numpy as np

from trilho.data.cache import DataError
from trilho.data.movielens import MovieLens
from trilho.export.provenance import Splits, digest

__all__ = ["digests", "sequences", "split_ratings"]

_TEST_SHARE = 0.2
_VALIDATION_SHARE = 0.05
_SPLITS = ("train", "validation", "test")
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


def digests(movielens: MovieLens, *, seed: int) -> Splits:
    """Describes both splits of the data set as one: users' items, and ratings.

    Args:
        movielens: The data set.
        seed: Of the split of the ratings.

    Returns:
        Of each split all that its figures depend on. A row is a user's next item, or a rating;
        those of the training part are as many as there are ratings in it.
    """
    items = sequences(movielens)
    parts = dict(zip(_SPLITS, split_ratings(len(movielens.ratings), seed=seed), strict=True))
    ids = [np.array(movielens.user_ids, dtype=object), np.array(movielens.item_ids, dtype=object)]
    known = [movielens.ages, movielens.years, movielens.genres]
    known += [np.array(texts, dtype=object) for texts in (movielens.genders, movielens.occupations)]
    # Stars are told for users by what they have rated in the training part.
    seen = parts["train"]
    found = {}
    for place, (name, rows) in enumerate(parts.items()):
        taken = [sequence[: len(sequence) + place - 2] for sequence in items]
        rated = [movielens.users[rows], movielens.items[rows], movielens.ratings[rows]]
        learned = [movielens.users[seen], movielens.items[seen]]
        count = len(rows) + (len(items) if place else 0)
        found[name] = digest([ids, known, taken, rated, learned], rows=count)
    return found


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
