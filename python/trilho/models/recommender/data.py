"""MovieLens as next items, and as ratings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from trilho.data.cache import DataError
from trilho.data.movielens import MovieLens
from trilho.models.recommender.rating import RatingFeatures
from trilho.models.recommender.splits import sequences, split_ratings
from trilho.training import batches
from trilho.training.job import Shard

__all__ = ["NextItems", "Ratings", "next_items", "rating_features", "ratings"]

_NEVER = np.iinfo(np.int32).max

_AGE_GROUP = 5
_AGE_GROUPS = 16
_FIRST_YEAR = 1920
_YEAR_GROUP = 5
_YEAR_GROUPS = 20

Ints = np.ndarray[Any, np.dtype[np.int64]]
Indices = np.ndarray[Any, np.dtype[np.int32]]


@dataclass(frozen=True, kw_only=True)
class NextItems:
    """Leave-last-out: of each user the last item is tested with, the one before validated with.

    Batches are pairs of a dict, the inputs of `retrieval.Retrieval`, and int32 [n], the row of the
    item that came next.

    Attributes:
        train: Each item but a user's first and last two, after those before it; without end,
            shuffled anew in each epoch.
        validation: A row for each user, in their order.
        test: Likewise.
        train_counts: int64 [items], how often each item is in train_sequences.
        train_sequences: Each user's items without the last two, the oldest first.
        test_sequences: Without the last one.
        validation_items: int64 [users].
        test_items: int64 [users].
    """

    train: Callable[[Shard], tf.data.Dataset]
    validation: tf.data.Dataset
    test: tf.data.Dataset
    train_counts: Ints
    train_sequences: Sequence[Ints]
    test_sequences: Sequence[Ints]
    validation_items: Ints
    test_items: Ints


@dataclass(frozen=True, kw_only=True)
class Ratings:
    """Ratings split at random: 75 % to train with, 5 % to validate with, 20 % to test with.

    Batches are pairs of a dict, the inputs of `rating.Rating` with one item a row, and float32
    [n, 1], its stars. What a user has `seen` are items of the training part.

    Attributes:
        train: Without end, shuffled anew in each epoch.
        validation: Each rating once.
        test: Each rating once.
        mean: The training part's mean rating.
    """

    train: Callable[[Shard], tf.data.Dataset]
    validation: tf.data.Dataset
    test: tf.data.Dataset
    mean: float


def next_items(
    movielens: MovieLens, *, history_length: int, batch_size: int, seed: int
) -> NextItems:
    """Makes the pipelines of next items.

    Args:
        movielens: The data set.
        history_length: How many items of a history, the last ones, go into a row.
        batch_size: Rows a training batch.
        seed: Of the order of the training rows.

    Returns:
        The same batches in the same order for the same arguments.

    Raises:
        DataError: A user has too few items, or all of them are less than a batch.
    """
    items = sequences(movielens)
    taken = _Taken(items, item_count=len(movielens.item_ids), history_length=history_length)
    lengths = np.array([len(sequence) for sequence in items])
    users = np.arange(len(items))
    # A user and a position in the user's items make an example.
    places = [np.arange(1, length - 2) for length in lengths]
    learned = [sequence[:-2] for sequence in items]
    train = (np.repeat(users, [len(place) for place in places]), np.concatenate(places))
    return NextItems(
        train=_shuffled(train, taken.examples, batch_size=batch_size, seed=seed),
        validation=_once((users, lengths - 2), taken.examples).cache(),
        test=_once((users, lengths - 1), taken.examples).cache(),
        train_counts=np.bincount(np.concatenate(learned), minlength=len(movielens.item_ids)),
        train_sequences=learned,
        test_sequences=[sequence[:-1] for sequence in items],
        validation_items=np.array([sequence[-2] for sequence in items]),
        test_items=np.array([sequence[-1] for sequence in items]),
    )


class _Taken:
    """Who took what when, as tables from which batches are gathered."""

    def __init__(self, items: Sequence[Ints], *, item_count: int, history_length: int) -> None:
        longest = max(len(sequence) for sequence in items)
        rows = np.zeros((len(items), longest), np.int32)
        places = np.full((len(items), item_count), _NEVER, np.int32)
        for user, sequence in enumerate(items):
            rows[user, : len(sequence)] = sequence
            # Of an item taken twice the first time counts: from then on it is seen.
            places[user, sequence[::-1]] = np.arange(len(sequence))[::-1]
        self._rows, self._places = tf.constant(rows), tf.constant(places)
        self._ago = tf.range(1, history_length + 1)

    def examples(
        self, users: tf.Tensor, places: tf.Tensor
    ) -> tuple[Mapping[str, tf.Tensor], tf.Tensor]:
        before = places[:, tf.newaxis] - self._ago
        rows = tf.gather(self._rows, users)
        history = tf.gather(rows, tf.maximum(before, 0), batch_dims=1) + 1
        inputs = {
            "history": tf.where(before >= 0, history, 0),
            "seen": tf.gather(self._places, users) < places[:, tf.newaxis],
        }
        return inputs, tf.gather(rows, places, batch_dims=1)


def ratings(movielens: MovieLens, *, batch_size: int, seed: int) -> Ratings:
    """Makes the pipelines of ratings.

    Args:
        movielens: The data set.
        batch_size: Ratings a training batch.
        seed: Of the split and of the order of the training ratings.

    Returns:
        The same batches in the same order for the same arguments.

    Raises:
        DataError: Less than one batch would be left to train with.
    """
    train, validation, test = split_ratings(len(movielens.ratings), seed=seed)
    seen = np.zeros((len(movielens.user_ids), len(movielens.item_ids)), np.bool_)
    seen[movielens.users[train], movielens.items[train]] = True
    table = tf.constant(seen)

    def examples(
        users: tf.Tensor, items: tf.Tensor, stars: tf.Tensor
    ) -> tuple[Mapping[str, tf.Tensor], tf.Tensor]:
        inputs = {
            "user": users + 1,
            "seen": tf.gather(table, users),
            "items": items[:, tf.newaxis] + 1,
        }
        return inputs, stars[:, tf.newaxis]

    def part(rows: Ints) -> tuple[np.ndarray, ...]:
        return movielens.users[rows], movielens.items[rows], movielens.ratings[rows]

    return Ratings(
        train=_shuffled(part(train), examples, batch_size=batch_size, seed=seed),
        validation=_once(part(validation), examples),
        test=_once(part(test), examples),
        mean=float(movielens.ratings[train].mean()),
    )


def rating_features(movielens: MovieLens, *, mean: float) -> RatingFeatures:
    """Groups what is known of users and items.

    Args:
        movielens: The data set.
        mean: The mean rating.

    Returns:
        A row for each, behind one for those of whom nothing is known.
    """
    columns = (
        np.clip(movielens.ages // _AGE_GROUP, 0, _AGE_GROUPS - 1),
        np.unique(movielens.genders, return_inverse=True)[1],
        np.unique(movielens.occupations, return_inverse=True)[1],
    )
    # Class 0 of each is that of an unknown user.
    classes = np.stack([np.pad(column + 1, [1, 0]) for column in columns], axis=1)
    years = np.clip((movielens.years - _FIRST_YEAR) // _YEAR_GROUP, 0, _YEAR_GROUPS - 2) + 1
    years[movielens.years == 0] = 0
    return RatingFeatures(
        user_classes=classes.astype(np.int32),
        class_counts=tuple(int(count) for count in classes.max(axis=0) + 1),
        item_years=np.pad(years, [1, 0]).astype(np.int32),
        year_count=_YEAR_GROUPS,
        genres=np.pad(movielens.genres, [[1, 0], [0, 0]]),
        mean=mean,
    )


def _shuffled(
    columns: tuple[np.ndarray, ...],
    transform: Callable[..., object],
    *,
    batch_size: int,
    seed: int,
) -> Callable[[Shard], tf.data.Dataset]:
    size = len(columns[0])
    if size < batch_size:
        raise DataError(f"{size} rows are left to train with, less than a batch of {batch_size}")

    return lambda shard: batches.shuffled(
        _narrow(columns), shard, batch_size=batch_size, seed=seed, transform=transform
    )


def _once(columns: tuple[np.ndarray, ...], transform: Callable[..., object]) -> tf.data.Dataset:
    return batches.once(_narrow(columns), transform=transform)


def _narrow(columns: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    return tuple(
        column.astype(np.int32) if column.dtype == np.int64 else column for column in columns
    )
