"""Retrieval: all items scored for a history, by two towers."""

from collections.abc import Mapping, Sequence

import keras
import numpy as np
import tensorflow as tf

__all__ = ["SEEN", "Retrieval"]

# What an item that was seen already scores, before the softmax and before the top k.
SEEN = -1e9

_STANDARD_DEVIATION = 0.05


class Retrieval(keras.Model):
    """Scores every item as the one that a user takes next.

    The user's tower knows a user by the history alone, so that one who was not there at training
    time is like any other: several means of the items' embeddings, each with weights of its own for
    how long ago an item was taken, and the last item go through a small network. The item's tower
    adds an embedding of the item and one of its genres. A score is the product of both towers plus
    the item's bias.

    Two towers and a softmax over the items: Covington et al., Deep Neural Networks for YouTube
    Recommendations, RecSys 2016.

    Attributes:
        history_length: How many items of a history, the last ones, are looked at.
        lookup: Gives the row plus 1 of an item's id, 0 for one that is not known.
    """

    def __init__(
        self,
        *,
        item_ids: Sequence[str],
        genres: np.ndarray,
        counts: np.ndarray,
        history_length: int,
        dimensions: int,
        means: int,
        dropout: float,
        history_dropout: float,
    ) -> None:
        """Makes the towers, with weights from Keras' random seed.

        Args:
            item_ids: Of the rows.
            genres: float32 [items, genres], the item's features.
            counts: [items], how often each item is in the training data; where the biases begin.
            history_length: How many items of a history, the last ones, are looked at.
            dimensions: Of an embedding.
            means: How many means of a history are taken.
            dropout: The share of the hidden units that a training step leaves out.
            history_dropout: The share of a history's items that it leaves out.
        """
        super().__init__(name="retrieval")
        self._genres = tf.constant(np.pad(genres, [[1, 0], [0, 0]]), tf.float32)
        self.history_length = history_length
        self.lookup = keras.layers.StringLookup(vocabulary=list(item_ids))
        rows = len(genres) + 1
        normal = keras.initializers.RandomNormal(stddev=_STANDARD_DEVIATION)
        share = (counts + 1) / np.sum(counts + 1)
        # Row 0 stands for no item; what a history is made of and what is recommended have
        # embeddings of their own.
        self._taken = self.add_weight(shape=(rows, dimensions), initializer=normal, name="taken")
        self._offered = self.add_weight(
            shape=(rows, dimensions), initializer=normal, name="offered"
        )
        self._bias = self.add_weight(
            shape=(len(genres),),
            initializer=keras.initializers.Constant(np.log(share).astype(np.float32)),
            name="bias",
        )
        self._recency = self.add_weight(
            shape=(history_length, means), initializer="zeros", name="recency"
        )
        self._taken_genres = keras.layers.Dense(dimensions, use_bias=False, name="taken_genres")
        self._offered_genres = keras.layers.Dense(dimensions, use_bias=False, name="offered_genres")
        self._hidden = keras.layers.Dense(2 * dimensions, activation="gelu", name="hidden")
        self._out = keras.layers.Dense(dimensions, name="out")
        self._dropout = keras.layers.Dropout(dropout)
        self._history_dropout = keras.layers.Dropout(history_dropout, noise_shape=(None, None, 1))
        self(
            {
                "history": tf.zeros([1, history_length], tf.int32),
                "seen": tf.zeros([1, len(genres)], tf.bool),
            }
        )

    def build(self, input_shape: object) -> None:
        """Is here for Keras: the layers are built by a first call."""

    def call(self, inputs: Mapping[str, tf.Tensor], *, training: bool = False) -> tf.Tensor:
        """Scores all items.

        Args:
            inputs: `history`, int32 [n, history_length], the last items of each user, the newest
                first, each as its row plus 1, with zeros behind; `seen`, bool [n, items], the items
                that are not to be recommended.
            training: Whether to drop out.

        Returns:
            float32 [n, items], logits of the next item; SEEN for the seen ones.
        """
        users = self._user(inputs["history"], training=training)
        offered = self._offered[1:] + self._offered_genres(self._genres[1:])
        scores = tf.matmul(users, offered, transpose_b=True) + self._bias
        return tf.where(inputs["seen"], SEEN, scores)

    def _user(self, history: tf.Tensor, *, training: bool) -> tf.Tensor:
        there = tf.cast(history > 0, tf.float32)[:, :, tf.newaxis]
        items = tf.gather(self._taken, history)
        items = (items + self._taken_genres(tf.gather(self._genres, history))) * there
        items = self._history_dropout(items, training=training)
        weights = tf.exp(self._recency) * there
        weights /= tf.reduce_sum(weights, axis=1, keepdims=True) + keras.config.epsilon()
        means = tf.einsum("nhm,nhd->nmd", weights, items)
        flat = tf.reshape(means, [tf.shape(history)[0], means.shape[1] * means.shape[2]])
        length = tf.math.log1p(tf.reduce_sum(there, axis=1))
        features = tf.concat([flat, items[:, 0], length], axis=1)
        hidden = self._hidden(self._dropout(features, training=training))
        out = self._out(self._dropout(hidden, training=training))
        return out + tf.reduce_sum(means, axis=1)
