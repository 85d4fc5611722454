"""How well recommendations are: on which place the item that came next is found."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

__all__ = [
    "DEPTH",
    "Hit",
    "Ndcg",
    "RankingQuality",
    "listed_places",
    "listed_quality",
    "masked",
    "places",
    "quality",
]

# Of hit@10 and NDCG@10.
DEPTH = 10

Floats = np.ndarray[Any, np.dtype[np.float32]]
Ints = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, kw_only=True)
class RankingQuality:
    """What users find among the first 10 of all items that they have not yet seen.

    Attributes:
        hit: The share of the users who find the item that came next, 0 to 1: hit@10.
        ndcg: The same, with 1 / log2(1 + place) for each found one: NDCG@10.
    """

    hit: float
    ndcg: float


class Hit(keras.metrics.Mean):
    """hit@10 of items' rows, int [n], in scores of all items, float32 [n, items]."""

    def update_state(
        self, y_true: tf.Tensor, y_pred: tf.Tensor, sample_weight: tf.Tensor | None = None
    ) -> None:
        """Adds a batch."""
        found = _places(y_true, y_pred) <= DEPTH
        super().update_state(tf.cast(found, tf.float32), sample_weight)


class Ndcg(keras.metrics.Mean):
    """NDCG@10 of items' rows, int [n], in scores of all items, float32 [n, items]."""

    def update_state(
        self, y_true: tf.Tensor, y_pred: tf.Tensor, sample_weight: tf.Tensor | None = None
    ) -> None:
        """Adds a batch."""
        places = _places(y_true, y_pred)
        gains = np.log(2) / tf.math.log1p(tf.cast(places, tf.float32))
        super().update_state(tf.where(places <= DEPTH, gains, 0), sample_weight)


def quality(scores: Floats, targets: Ints) -> RankingQuality:
    """Measures scores.

    Args:
        scores: [n, items]; what is not to be recommended scores less than everything else. A score
            that is not finite ranks last, and an item that has such a one is not found.
        targets: [n], the row of the item that came next. Of equal scores its own counts last.

    Returns:
        The means over all rows.
    """
    hit, ndcg = Hit(), Ndcg()
    hit.update_state(targets, scores)
    ndcg.update_state(targets, scores)
    return RankingQuality(hit=round(float(hit.result()), 6), ndcg=round(float(ndcg.result()), 6))


def places(scores: Floats, targets: Ints) -> Ints:
    """Returns on which place each row's target is found, from 1.

    Args:
        scores: As of `quality`.
        targets: As of `quality`.

    Returns:
        [n]; a place beyond DEPTH for a target whose score is not finite.
    """
    return np.asarray(_places(targets, scores).numpy(), np.int64)


def listed_places(lists: np.ndarray, wanted: np.ndarray) -> Ints:
    """Returns on which place of its list each wanted item is, from 1; DEPTH + 1 if on none.

    Args:
        lists: As of `listed_quality`.
        wanted: As of `listed_quality`.
    """
    found = lists[:, :DEPTH] == wanted[:, np.newaxis]
    return np.where(found.any(axis=1), found.argmax(axis=1) + 1, DEPTH + 1)


def listed_quality(lists: np.ndarray, wanted: np.ndarray) -> RankingQuality:
    """Measures lists.

    Args:
        lists: [n, k], ids, the best first; none but the first 10 count.
        wanted: [n], the id of the item that came next.

    Returns:
        The means over all rows.
    """
    found = lists[:, :DEPTH] == wanted[:, np.newaxis]
    gains = found / np.log2(np.arange(found.shape[1]) + 2)
    return RankingQuality(
        hit=round(float(found.any(axis=1).mean()), 6),
        ndcg=round(float(gains.sum(axis=1).mean()), 6),
    )


def masked(scores: Floats, sequences: Sequence[Ints]) -> Floats:
    """Returns scores with minus infinity for what is in each row's sequence."""
    left = scores.copy()
    for row, items in zip(left, sequences, strict=True):
        row[items] = -np.inf
    return left


def _places(targets: tf.Tensor, scores: tf.Tensor) -> tf.Tensor:
    """Returns each target's place, from 1; one beyond DEPTH if its score is not finite."""
    targets = tf.cast(tf.reshape(targets, [-1]), tf.int32)
    # NaN is greater than nothing: without this it would be on place 0.
    scores = tf.convert_to_tensor(scores)
    finite = tf.math.is_finite(scores)
    scores = tf.where(finite, scores, scores.dtype.min)
    own = tf.gather(scores, targets, batch_dims=1)[:, tf.newaxis]
    places = tf.reduce_sum(tf.cast(scores >= own, tf.int32), axis=1)
    ranked = tf.gather(finite, targets, batch_dims=1)
    return tf.where(ranked, places, tf.shape(scores)[1] + DEPTH)
