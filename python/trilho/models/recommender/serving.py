"""The recommender as it is served: ids in, ids out."""

from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from trilho.export.signature import PREDICT, Signature
from trilho.models.recommender.ranker import Ranker
from trilho.models.recommender.rating import Rating
from trilho.models.recommender.retrieval import Retrieval

__all__ = ["NOT_THERE", "Recommender", "padded", "signatures"]

# The score of what is no recommendation; JSON has no infinity.
NOT_THERE = float(np.finfo(np.float32).min)

_UNKNOWN = 0


class Recommender:
    """The models behind the ids of users and items."""

    def __init__(
        self, retrieval: Retrieval, ranker: Ranker, rating: Rating, *, item_ids: Sequence[str]
    ) -> None:
        """Joins the models.

        Args:
            retrieval: Trained.
            ranker: Trained with `retrieval`, which it calls itself.
            rating: Trained.
            item_ids: In the order of the models' rows.
        """
        self._retrieval = retrieval
        self._ranker = ranker
        self._rating = rating
        self._item_ids = tf.constant(list(item_ids))

    def recommend(
        self, user_id: tf.Tensor, history: tf.Tensor, count: tf.Tensor
    ) -> Mapping[str, tf.Tensor]:
        """Finds the best items that are not in the history: retrieved, then ranked.

        Args:
            user_id: string [n]; without influence, as the history tells more.
            history: string [n, h], the oldest first; unknown items, and "", are passed over.
            count: int32 [n], how many items are wanted.

        Returns:
            `item_id`, string [n, k], and `score`, float32 [n, k], the best first; k is the greatest
            count, but at most the number of items that are left. A row that wants less or has less
            left ends with "" and NOT_THERE, as does one with items whose score is not finite.
        """
        del user_id
        rows = self._items(history)
        seen = self._seen(rows)
        scores = _ranked_last(self._ranker({"history": self._newest(rows), "seen": seen}))
        left = tf.reduce_sum(tf.cast(tf.logical_not(seen), tf.int32), axis=1)
        wanted = tf.clip_by_value(count, 0, left)
        scores, best = tf.math.top_k(scores, k=tf.reduce_max(wanted))
        there = tf.range(tf.shape(best)[1]) < wanted[:, tf.newaxis]
        there = tf.logical_and(there, scores > NOT_THERE)
        return {
            "item_id": tf.where(there, tf.gather(self._item_ids, best), ""),
            "score": tf.where(there, scores, NOT_THERE),
        }

    def rank(
        self, user_id: tf.Tensor, history: tf.Tensor, candidates: tf.Tensor
    ) -> Mapping[str, tf.Tensor]:
        """Sorts items by how likely they come next, as both models see it.

        Args:
            user_id: string [n]; without influence.
            history: As of `recommend`.
            candidates: string [n, c]; may be in the history.

        Returns:
            `item_id`, string [n, c], the candidates, the best first, and `score`, float32 [n, c],
            as of `recommend`; NOT_THERE for unknown items, and for those whose score is not
            finite, which come last.
        """
        del user_id
        rows = self._items(history)
        wanted = self._items(candidates)
        inputs = {"history": self._newest(rows), "seen": self._seen(rows)}
        found = self._ranker.rank(inputs, tf.maximum(wanted - 1, 0))
        found = tf.where(wanted == _UNKNOWN, NOT_THERE, _ranked_last(found))
        scores, order = tf.math.top_k(found, k=tf.shape(candidates)[1])
        return {"item_id": tf.gather(candidates, order, batch_dims=1), "score": scores}

    def rate(
        self, user_id: tf.Tensor, history: tf.Tensor, candidates: tf.Tensor
    ) -> Mapping[str, tf.Tensor]:
        """Says how many stars a user will give.

        Args:
            user_id: string [n]; one that is not known counts as an average user.
            history: string [n, h], what the user has rated, in any order.
            candidates: string [n, c]; one that is not known counts as an average item.

        Returns:
            `item_id`, string [n, c], the candidates as they were given, and `rating`, float32
            [n, c], 1 to 5.
        """
        stars = self._rating(
            {
                "user": self._users(user_id),
                "seen": self._seen(self._items(history)),
                "items": self._items(candidates),
            }
        )
        return {"item_id": tf.identity(candidates), "rating": stars}

    def _users(self, ids: tf.Tensor) -> tf.Tensor:
        return tf.cast(self._rating.lookup(ids), tf.int32)

    def _items(self, ids: tf.Tensor) -> tf.Tensor:
        return tf.cast(self._retrieval.lookup(ids), tf.int32)

    def _seen(self, rows: tf.Tensor) -> tf.Tensor:
        """Returns bool [n, items] for rows + 1 of items, int32 [n, h]."""
        there = tf.cast(tf.where(rows != _UNKNOWN), tf.int32)
        places = tf.stack([there[:, 0], tf.gather_nd(rows, there) - 1], axis=1)
        shape = tf.stack([tf.shape(rows)[0], tf.size(self._item_ids)])
        ones = tf.ones(tf.shape(places)[0], tf.int32)
        return tf.scatter_nd(places, ones, shape) > 0

    def _newest(self, rows: tf.Tensor) -> tf.Tensor:
        """Returns the last items of each user as the models take them, int32 [n, length]."""
        length = self._retrieval.history_length
        newest = tf.reverse(rows, axis=[1])
        # Unknown items go behind the others, which stay in their order.
        order = tf.argsort(tf.cast(newest == _UNKNOWN, tf.int32), axis=1, stable=True)
        newest = tf.gather(newest, order, batch_dims=1)[:, :length]
        newest = tf.pad(newest, [[0, 0], [0, length - tf.shape(newest)[1]]])
        return tf.ensure_shape(newest, [None, length])


def _ranked_last(scores: tf.Tensor) -> tf.Tensor:
    """Returns scores with NOT_THERE for those that are not finite: top_k has NaN anywhere."""
    return tf.where(tf.math.is_finite(scores), scores, NOT_THERE)


def padded(histories: Sequence[Sequence[str]]) -> np.ndarray:
    """Joins histories, object [n, h], with "" in front of the shorter ones."""
    longest = max(len(history) for history in histories)
    rows = [[*[""] * (longest - len(history)), *history] for history in histories]
    return np.array(rows, dtype=object)


def signatures(
    model: Recommender,
    *,
    user_ids: Sequence[str],
    histories: Sequence[Sequence[str]],
    candidates: Sequence[str],
    count: int = 10,
) -> list[Signature]:
    """Makes the model's signatures: serving_default, which recommends, rank and rate.

    Args:
        model: The model.
        user_ids: Of real users, with whom the export is tried.
        histories: Theirs.
        candidates: Items to rank and to rate for each.
        count: How many recommendations to try.

    Returns:
        The signatures.
    """
    who: dict[str, np.ndarray] = {
        "user_id": np.array(user_ids, dtype=object),
        "history": padded(histories),
    }
    several = np.array([list(candidates)] * len(user_ids), dtype=object)
    counts = np.full(len(user_ids), count, np.int32)
    strings = {
        "user_id": tf.TensorSpec([None], tf.string, name="user_id"),
        "history": tf.TensorSpec([None, None], tf.string, name="history"),
    }
    wanted = tf.TensorSpec([None, None], tf.string, name="candidates")
    number = tf.TensorSpec([None], tf.int32, name="count")
    return [
        Signature(
            name="serving_default",
            method_name=PREDICT,
            function=model.recommend,
            inputs={**strings, "count": number},
            samples={**who, "count": counts},
        ),
        *(
            Signature(
                name=name,
                method_name=PREDICT,
                function=function,
                inputs={**strings, "candidates": wanted},
                samples={**who, "candidates": several},
            )
            for name, function in (("rank", model.rank), ("rate", model.rate))
        ),
    ]
