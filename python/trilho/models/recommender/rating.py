"""Rating: how many stars a user will give an item, wide and deep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

__all__ = ["Rating", "RatingFeatures"]

_LEAST_STARS = 1.0
_MOST_STARS = 5.0

_STANDARD_DEVIATION = 0.02
_SMALL = 8


@dataclass(frozen=True, kw_only=True)
class RatingFeatures:
    """What is known of users and items, a row each; row 0 is for one that is not known.

    Attributes:
        user_classes: int32 [users + 1, 3]: age group, gender, occupation.
        class_counts: How many there are of each.
        item_years: int32 [items + 1], the group of years of the release.
        year_count: How many groups of years there are.
        genres: float32 [items + 1, genres].
        mean: The mean rating.
    """

    user_classes: np.ndarray
    class_counts: tuple[int, ...]
    item_years: np.ndarray
    year_count: int
    genres: np.ndarray
    mean: float


class Rating(keras.Model):
    """Says how many stars users will give to items.

    The sum of biases of user and item; of a product of factors, the user's own and those of what
    they have rated, as in SVD++ (Koren, Factorization Meets the Neighborhood, KDD 2008); of a wide
    part, a weight for each pair of a genre and a user's class; and of a deep part, a network over
    all embeddings (Cheng et al., Wide & Deep Learning for Recommender Systems, 2016).

    Attributes:
        lookup: Gives the row plus 1 of a user's id, 0 for one that is not known.
    """

    def __init__(
        self,
        features: RatingFeatures,
        *,
        user_ids: Sequence[str],
        factors: int,
        hidden: int,
        dropout: float,
        user_dropout: float,
    ) -> None:
        """Makes the model, with weights from Keras' random seed.

        Args:
            features: Of users and items.
            user_ids: Of the users' rows.
            factors: Of each user and item.
            hidden: Units of the first hidden layer; the second has half of them.
            dropout: The share of the units that a training step leaves out.
            user_dropout: The share of the users that it takes for unknown ones.
        """
        super().__init__(name="rating")
        self._features = features
        self.lookup = keras.layers.StringLookup(vocabulary=list(user_ids))
        self._user_dropout = user_dropout
        self._random = keras.random.SeedGenerator()
        users, items = len(features.user_classes), len(features.genres)
        self._user_bias = self._weights(users, 1, "user_bias", spread=0)
        self._item_bias = self._weights(items, 1, "item_bias", spread=0)
        self._user_factors = self._weights(users, factors, "user_factors")
        self._item_factors = self._weights(items, factors, "item_factors")
        self._rated_factors = self._weights(items - 1, factors, "rated_factors")
        self._classes = [
            self._weights(count, _SMALL, f"class_{index}")
            for index, count in enumerate(features.class_counts)
        ]
        self._wide = [
            self._weights(count, features.genres.shape[1], f"wide_{index}", spread=0)
            for index, count in enumerate(features.class_counts)
        ]
        self._years = self._weights(features.year_count, _SMALL, "years")
        self._dropout = keras.layers.Dropout(dropout)
        self._hidden = [
            keras.layers.Dense(units, activation="relu", name=f"hidden_{units}")
            for units in (hidden, hidden // 2)
        ]
        self._deep = keras.layers.Dense(1, kernel_initializer="zeros", name="deep")
        self(
            {
                "user": tf.zeros([1], tf.int32),
                "seen": tf.zeros([1, items - 1], tf.bool),
                "items": tf.zeros([1, 1], tf.int32),
            }
        )

    def build(self, input_shape: object) -> None:
        """Is here for Keras: the layers are built by a first call."""

    def call(self, inputs: Mapping[str, tf.Tensor], *, training: bool = False) -> tf.Tensor:
        """Rates items.

        Args:
            inputs: `user`, int32 [n], a user's row plus 1, or 0; `seen`, bool [n, items], what the
                user has rated; `items`, int32 [n, m], rows plus 1 of what is to be rated, or 0.
            training: Whether to drop out.

        Returns:
            float32 [n, m], stars, 1 to 5; not bounded in training, where a bound would stop the
            gradient.
        """
        user, items = inputs["user"], inputs["items"]
        if training:
            drawn = keras.random.uniform(tf.shape(user), seed=self._random)
            user = tf.where(drawn < self._user_dropout, 0, user)
        user_factors = self._factors_of(user, inputs["seen"])[:, tf.newaxis]
        item_factors = tf.gather(self._item_factors, items)
        genres = tf.gather(tf.constant(self._features.genres), items)
        classes = tf.unstack(tf.gather(self._features.user_classes, user), axis=1)
        products = user_factors * item_factors
        shape = tf.shape(items)
        deep = [
            tf.repeat(user_factors, shape[1], axis=1),
            item_factors,
            products,
            genres,
            tf.gather(self._years, tf.gather(self._features.item_years, items)),
        ]
        score = self._features.mean + tf.gather(self._item_bias, items)[:, :, 0]
        score += tf.gather(self._user_bias, user) + tf.reduce_sum(products, axis=2)
        for rows, embedding, wide in zip(classes, self._classes, self._wide, strict=True):
            deep.append(tf.repeat(tf.gather(embedding, rows)[:, tf.newaxis], shape[1], axis=1))
            score += tf.reduce_sum(tf.gather(wide, rows)[:, tf.newaxis] * genres, axis=2)
        units = self._dropout(tf.concat(deep, axis=2), training=training)
        for layer in self._hidden:
            units = self._dropout(layer(units), training=training)
        score += self._deep(units)[:, :, 0]
        return score if training else tf.clip_by_value(score, _LEAST_STARS, _MOST_STARS)

    def _factors_of(self, user: tf.Tensor, seen: tf.Tensor) -> tf.Tensor:
        rated = tf.cast(seen, tf.float32)
        rated /= tf.sqrt(tf.maximum(tf.reduce_sum(rated, axis=1, keepdims=True), 1))
        return tf.gather(self._user_factors, user) + tf.matmul(rated, self._rated_factors)

    def _weights(
        self, rows: int, columns: int, name: str, *, spread: float = _STANDARD_DEVIATION
    ) -> tf.Variable:
        normal = keras.initializers.RandomNormal(stddev=spread) if spread else "zeros"
        return self.add_weight(shape=(rows, columns), initializer=normal, name=name)
