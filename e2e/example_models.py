"""Models that keep the contracts of the census and of the recommender and have learnt nothing."""

from pathlib import Path

import tensorflow as tf

from e2e.models import Export, own_version, save_signatures

__all__ = ["export_census", "export_recommender"]

_OLDEST = 130.0
_HALF = 0.5
_NUMBERS = ["age", "education_num", "capital_gain", "capital_loss", "hours_per_week"]
_WORDS = [
    *("workclass", "education", "marital_status", "occupation", "relationship"),
    *("race", "gender", "native_country"),
]


def export_census(folder: Path) -> Export:
    """Exports probability = age / 130.

    Args:
        folder: Where to.

    Returns:
        The model.
    """

    def predict(**person: tf.Tensor) -> dict[str, tf.Tensor]:
        probability = person["age"] / _OLDEST
        income = tf.where(probability > _HALF, ">50K", "<=50K")
        return {"probability": probability, "class": income, "version": own_version()}

    fields = {name: tf.TensorSpec([None], tf.float32) for name in _NUMBERS}
    fields |= {name: tf.TensorSpec([None], tf.string) for name in _WORDS}
    function = tf.function(predict).get_concrete_function(**fields)
    return save_signatures(folder, tf.Module(), serving_default=function)


def export_recommender(folder: Path) -> Export:
    """Exports one whose items are "0", "1", ... and who likes the last candidate best.

    Args:
        folder: Where to.

    Returns:
        The model; every candidate is rated with as many stars as there are in the history.
    """
    one = tf.TensorSpec([None], tf.string)
    many = tf.TensorSpec([None, None], tf.string)

    def scores(items: tf.Tensor) -> tf.Tensor:
        return tf.zeros_like(items, tf.float32) - tf.range(tf.shape(items)[1], dtype=tf.float32)

    def recommend(user_id: tf.Tensor, history: tf.Tensor, count: tf.Tensor) -> dict[str, tf.Tensor]:
        del history
        best = tf.as_string(tf.range(tf.reduce_max(count)))
        items = tf.tile(best[tf.newaxis], [tf.shape(user_id)[0], 1])
        return {"item_id": items, "score": scores(items), "version": own_version()}

    def rank(user_id: tf.Tensor, history: tf.Tensor, candidates: tf.Tensor) -> dict[str, tf.Tensor]:
        del user_id, history
        return {"item_id": tf.reverse(candidates, axis=[1]), "score": scores(candidates)}

    def rate(user_id: tf.Tensor, history: tf.Tensor, candidates: tf.Tensor) -> dict[str, tf.Tensor]:
        del user_id
        stars = tf.zeros_like(candidates, tf.float32) + tf.cast(tf.shape(history)[1], tf.float32)
        return {"item_id": tf.identity(candidates), "rating": stars}

    count = tf.TensorSpec([None], tf.int32)
    return save_signatures(
        folder,
        tf.Module(),
        serving_default=tf.function(recommend).get_concrete_function(
            user_id=one, history=many, count=count
        ),
        rank=tf.function(rank).get_concrete_function(user_id=one, history=many, candidates=many),
        rate=tf.function(rate).get_concrete_function(user_id=one, history=many, candidates=many),
    )
