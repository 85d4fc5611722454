"""Batches: to train with, each worker its share; and to measure with, each row once."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from trilho.data.cache import DataError
from trilho.data.finite import first_not_finite
from trilho.training.job import Shard

__all__ = ["once", "shuffled"]

# An array [n, ...], or tuples and dicts of arrays with the same n.
Columns: TypeAlias = Any
# From a batch of rows, as tensors, to what the network is trained with.
Transform: TypeAlias = Callable[..., Any]

_EVALUATION_BATCH = 1000


def shuffled(
    columns: Columns,
    shard: Shard,
    *,
    batch_size: int,
    seed: int,
    transform: Transform | None = None,
) -> tf.data.Dataset:
    """Makes batches to train with.

    Args:
        columns: All workers' rows, at least one for each worker. Of these a worker reads its own:
            those that are its number plus a multiple of the number of workers.
        shard: Which worker reads.
        batch_size: Rows a batch of all workers together; each worker's are the same share of it.
        seed: Of the order.
        transform: Applied to each batch; a tuple's members become its arguments.

    Returns:
        Batches without end, all of one size, shuffled anew in each epoch; the same ones in the same
        order for the same arguments.

    Raises:
        DataError: A number is not finite; it is named by its row and its column.
    """
    _check(columns)
    own = tf.nest.map_structure(lambda column: column[shard.index :: shard.count], columns)
    size = len(tf.nest.flatten(own)[0])
    rows = tf.data.Dataset.from_tensor_slices(own)
    rows = rows.shuffle(size, seed=seed, reshuffle_each_iteration=True).repeat()
    batches = rows.batch(batch_size // shard.count, drop_remainder=True)
    return _transformed(batches, transform).prefetch(tf.data.AUTOTUNE)


def once(columns: Columns, *, transform: Transform | None = None) -> tf.data.Dataset:
    """Makes batches of each row once, in their order.

    Args:
        columns: The rows.
        transform: As of `shuffled`.

    Returns:
        Batches of 1000 rows, the last one of what is left.

    Raises:
        DataError: As of `shuffled`.
    """
    _check(columns)
    batches = tf.data.Dataset.from_tensor_slices(columns).batch(_EVALUATION_BATCH)
    return _transformed(batches, transform)


def _check(columns: Columns, path: str = "") -> None:
    """Looks at the arrays, which are named by their places in `columns`, e.g. 0/age."""
    if isinstance(columns, np.ndarray):
        if bad := first_not_finite(columns):
            raise DataError(f"column {path or 0}, {bad}")
        return
    if isinstance(columns, dict):
        parts = list(columns.items())
    elif isinstance(columns, tuple | list):
        parts = list(enumerate(columns))
    else:
        return
    for name, part in parts:
        _check(part, f"{path}/{name}" if path else f"{name}")


def _transformed(batches: tf.data.Dataset, transform: Transform | None) -> tf.data.Dataset:
    return batches if transform is None else batches.map(transform)
