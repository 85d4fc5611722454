"""Ranking: the best of the retrieval model's items in a better order, wide and deep."""

from collections.abc import Callable, Mapping

import keras
import numpy as np
import tensorflow as tf

from trilho.models.recommender.retrieval import SEEN

__all__ = ["NEXT", "Ranker", "with_next"]

# The input that only training has: the item that came next.
NEXT = "next"

_STANDARD_DEVIATION = 0.05
# Crossings are with as many of the last items.
_CROSSED = 3
# Of the hash of a pair of items.
_FACTORS = (1_000_003, 7919)

Inputs = Mapping[str, tf.Tensor]


class Ranker(keras.Model):
    """Adds to the retrieval model's scores of its best items what only pairs can tell.

    Wide: weights for crossings of each of the last three items with the candidate, of the genres of
    the history with those of the candidate, and of its popularity with the history's length. Deep:
    a network over embeddings of the candidate and of the history; of this the part that suits the
    candidate (attention, as in Zhou et al., Deep Interest Network, KDD 2018), the last item, and
    all that was ever taken, however long ago (Cheng et al., Wide & Deep Learning for Recommender
    Systems, 2016).

    It is trained to find the next item among those that the retrieval model takes for it, without
    the retrieval model's scores: this model has learned the same histories and knows their answers
    too well, so that who listens to it in training trusts it too much afterwards. A candidate's
    score is the retrieval model's plus `weight` times what this model says.
    """

    def __init__(
        self,
        retrieve: Callable[[Inputs], tf.Tensor],
        *,
        genres: np.ndarray,
        counts: np.ndarray,
        history_length: int,
        depth: int,
        negatives: int,
        weight: float,
        dimensions: int,
        hidden: int,
        crossings: int,
        dropout: float,
    ) -> None:
        """Makes the model, with weights from Keras' random seed.

        Args:
            retrieve: The trained retrieval model, or what does the same; see `Retrieval.call`. Not
                trained here, and not among this model's weights.
            genres: float32 [items, genres].
            counts: [items], how often each item is in the training data.
            history_length: How many items of a history, the last ones, are looked at.
            depth: How many of the best items are ranked; the others stay behind them.
            negatives: How many of them, drawn at random, the next item is told from in training.
            weight: Of this model's part of a score.
            dimensions: Of an embedding.
            hidden: Units of the first hidden layer; the second has half of them.
            crossings: How many weights the crossings of items have, by their hash.
            dropout: The share of the deep part's units that a training step leaves out.
        """
        super().__init__(name="ranker")
        items = len(genres)
        self._retrieve = retrieve
        self._genres = tf.constant(np.pad(genres, [[1, 0], [0, 0]]), tf.float32)
        popularity = np.log(counts + 1)
        popularity = (popularity - popularity.mean()) / (popularity.std() or 1)
        self._popularity = tf.constant(np.pad(popularity, [1, 0]), tf.float32)
        self._depth = min(depth, items)
        self._negatives = min(negatives, self._depth - 1)
        self._weight = weight
        self._crossings = crossings
        self._random = keras.random.SeedGenerator()
        # Row 0 stands for no item.
        self._bias = self._weights(items + 1, 1, "bias", spread=0)
        self._crossed = [
            self._weights(crossings, 1, f"crossed_{ago}", spread=0)
            for ago in range(1, _CROSSED + 1)
        ]
        self._crossed_genres = self._weights(
            genres.shape[1], genres.shape[1], "crossed_genres", spread=0
        )
        self._popular = self._weights(3, 1, "popular", spread=0)
        self._taken = self._weights(items + 1, dimensions, "taken")
        self._candidate = self._weights(items + 1, dimensions, "candidate")
        self._ever_taken = self._weights(items, dimensions, "ever_taken")
        self._ever_candidate = self._weights(items + 1, dimensions, "ever_candidate")
        self._recency = self._weights(history_length, 1, "recency", spread=0)
        self._taken_genres = keras.layers.Dense(dimensions, use_bias=False, name="taken_genres")
        self._candidate_genres = keras.layers.Dense(
            dimensions, use_bias=False, name="candidate_genres"
        )
        self._query = keras.layers.Dense(dimensions, use_bias=False, name="query")
        self._dropout = keras.layers.Dropout(dropout)
        self._hidden = [
            keras.layers.Dense(units, activation="gelu", name=f"hidden_{units}")
            for units in (hidden, hidden // 2)
        ]
        self._deep = keras.layers.Dense(1, kernel_initializer="zeros", name="deep")
        self(
            {
                "history": tf.zeros([1, history_length], tf.int32),
                "seen": tf.zeros([1, items], tf.bool),
            }
        )

    def build(self, input_shape: object) -> None:
        """Is here for Keras: the layers are built by a first call."""

    def call(self, inputs: Inputs, *, training: bool = False) -> tf.Tensor:
        """Scores all items, or in training the next one and others.

        Args:
            inputs: Those of `Retrieval`; in training also NEXT, int32 [n], rows of items.
            training: Whether to drop out.

        Returns:
            float32 [n, items]: of the `depth` items that the retrieval model scores best the sum of
            both models' scores; the others follow in the retrieval model's order. SEEN, or about as
            little, for the seen ones and for those whose score by the retrieval model is not
            finite. With NEXT instead float32 [n, 1 + negatives], logits of this model alone, the
            next item's first.
        """
        found = tf.stop_gradient(self._retrieve(inputs))
        # So that these are ranked last: top_k may put NaN anywhere.
        found = tf.where(tf.math.is_finite(found), found, SEEN)
        best, items = tf.math.top_k(found, k=self._depth)
        if NEXT in inputs:
            return self._trained(inputs, best, items, training=training)
        ranked = best + self._weight * self._logits(inputs, items, training=training)
        # The last one's score is where the others go on.
        rest = found + (tf.reduce_min(ranked, axis=1) - best[:, -1])[:, tf.newaxis]
        rows = tf.repeat(tf.range(tf.shape(items)[0])[:, tf.newaxis], self._depth, axis=1)
        scores = tf.tensor_scatter_nd_update(rest, tf.stack([rows, items], axis=2), ranked)
        return tf.where(inputs["seen"], SEEN, scores)

    def rank(self, inputs: Inputs, candidates: tf.Tensor) -> tf.Tensor:
        """Scores some items, also seen ones.

        Args:
            inputs: Those of `Retrieval`.
            candidates: int32 [n, c], rows of items.

        Returns:
            float32 [n, c], on the scale of `call`.
        """
        found = self._retrieve({**inputs, "seen": tf.zeros_like(inputs["seen"])})
        own = self._logits(inputs, candidates, training=False)
        return tf.gather(found, candidates, batch_dims=1) + self._weight * own

    def _trained(
        self, inputs: Inputs, best: tf.Tensor, items: tf.Tensor, *, training: bool
    ) -> tf.Tensor:
        wanted = inputs[NEXT][:, tf.newaxis]
        drawn = keras.random.uniform(tf.shape(items), seed=self._random)
        drawn = tf.where(tf.logical_or(items == wanted, best <= SEEN), -1.0, drawn)
        drawn, places = tf.math.top_k(drawn, k=self._negatives)
        others = tf.gather(items, places, batch_dims=1)
        logits = self._logits(inputs, tf.concat([wanted, others], axis=1), training=training)
        # Where fewer others are left than are wanted.
        none = tf.concat([tf.zeros_like(wanted, tf.bool), drawn < 0], axis=1)
        return tf.where(none, SEEN, logits)

    def _logits(self, inputs: Inputs, candidates: tf.Tensor, *, training: bool) -> tf.Tensor:
        history, items = inputs["history"], candidates + 1
        there = tf.cast(history > 0, tf.float32)
        length = tf.reduce_sum(there, axis=1, keepdims=True)
        history_genres = tf.gather(self._genres, history)
        profile = tf.reduce_sum(history_genres, axis=1) / tf.maximum(length, 1)
        genres = tf.gather(self._genres, items)
        popularity = tf.gather(self._popularity, items)
        wide = self._wide(history, there, items)
        wide += tf.einsum("ng,gh,nch->nc", profile, self._crossed_genres, genres)
        features = [popularity, popularity**2, popularity * tf.math.log1p(length)]
        wide += tf.matmul(tf.stack(features, axis=2), self._popular)[:, :, 0]

        taken = tf.gather(self._taken, history) + self._taken_genres(history_genres)
        taken *= there[:, :, tf.newaxis]
        own = tf.gather(self._candidate, items) + self._candidate_genres(genres)
        suiting = self._suiting(taken, there, own)
        seen = tf.cast(inputs["seen"], tf.float32)
        seen /= tf.sqrt(tf.reduce_sum(seen, axis=1, keepdims=True) + 1)
        ever = self._dropout(tf.matmul(seen, self._ever_taken), training=training)
        ever = tf.zeros_like(own) + ever[:, tf.newaxis]
        products = ever * tf.gather(self._ever_candidate, items)
        last = taken[:, :1]
        deep = [own, suiting, suiting * own, last * own, tf.zeros_like(own) + last, ever, products]
        deep += [genres, genres * profile[:, tf.newaxis], popularity[:, :, tf.newaxis]]
        units = self._dropout(tf.concat(deep, axis=2), training=training)
        for layer in self._hidden:
            units = self._dropout(layer(units), training=training)
        return wide + tf.reduce_sum(products, axis=2) + self._deep(units)[:, :, 0]

    def _wide(self, history: tf.Tensor, there: tf.Tensor, items: tf.Tensor) -> tf.Tensor:
        score = tf.gather(self._bias, items)[:, :, 0]
        hashed = tf.cast(items, tf.int64) * _FACTORS[1]
        for place, weights in enumerate(self._crossed[: history.shape[1]]):
            pairs = tf.cast(history[:, place, tf.newaxis], tf.int64) * _FACTORS[0] + hashed
            crossed = tf.gather(weights, pairs % self._crossings)[:, :, 0]
            score += crossed * there[:, place, tf.newaxis]
        return score

    def _suiting(self, taken: tf.Tensor, there: tf.Tensor, own: tf.Tensor) -> tf.Tensor:
        """Returns for each candidate a mean of the history, mostly of what suits it."""
        attention = tf.matmul(self._query(own), taken, transpose_b=True) + self._recency[:, 0]
        attention = tf.nn.softmax(tf.where(there[:, tf.newaxis] > 0, attention, SEEN))
        # `taken` is zero where nothing is, also if the history is empty.
        return tf.matmul(attention, taken)

    def _weights(
        self, rows: int, columns: int, name: str, *, spread: float = _STANDARD_DEVIATION
    ) -> tf.Variable:
        normal = keras.initializers.RandomNormal(stddev=spread) if spread else "zeros"
        return self.add_weight(shape=(rows, columns), initializer=normal, name=name)


def with_next(inputs: Inputs, items: tf.Tensor) -> tuple[Inputs, tf.Tensor]:
    """Turns a training batch of the retrieval model into one of the ranker.

    Args:
        inputs: Of the retrieval model.
        items: int32 [n], the rows of the items that came next.

    Returns:
        The inputs with NEXT, and which of the logits is the next item's: the first.
    """
    return {**inputs, NEXT: items}, tf.zeros_like(items)
