"""What is to be done for a version of the recommender."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import cast

import keras
import numpy as np
import tensorflow as tf

from trilho import recommender_pb2
from trilho.data import movielens
from trilho.data.movielens import MovieLens
from trilho.export.signature import Signature
from trilho.models.recommender import data, model
from trilho.models.recommender.config import RecommenderConfig
from trilho.models.recommender.data import NextItems
from trilho.models.recommender.evaluation import (
    DEPTH,
    Hit,
    Ndcg,
    listed_places,
    listed_quality,
)
from trilho.models.recommender.ranker import Ranker, with_next
from trilho.models.recommender.rating import Rating
from trilho.models.recommender.retrieval import Retrieval
from trilho.models.recommender.serving import Recommender, padded, signatures
from trilho.models.recommender.splits import digests
from trilho.training import batches
from trilho.training.job import Figure, Job, Models, Shard, Stage

__all__ = ["prepare"]

_RETRIEVAL = "retrieval"
_RANKER = "ranker"
_RATING = "rating"
# Users with whom the export is tried, and items that each of them ranks.
_SAMPLES = 50
_CANDIDATES = 20


def prepare(config: RecommenderConfig, source: str) -> Job:
    """Reads MovieLens and tells how to train.

    Args:
        config: The options.
        source: Where the three files are.

    Returns:
        Three stages, whose networks a version has all: the retrieval model, the rating model and,
        on top of the first one, the ranker. Their figures have the stage's name in front;
        test_hit_at_10 and test_ndcg_at_10 are those of the lists that serving_default answers.

    Raises:
        DataError: The data cannot be read, or the options leave nothing to train with.
    """
    read = movielens.load(Path(source))
    if config.compare:
        # Rather now than after the training: implicit is needed for nothing else.
        import_module("implicit")
    next_items = data.next_items(
        read,
        history_length=config.history_length,
        batch_size=config.batch_size,
        seed=config.seed,
    )
    # The last one that was built is the trained one: the ranker's stage comes later.
    retrieval: list[keras.Model] = []

    def build_retrieval() -> keras.Model:
        retrieval[:] = [model.build_retrieval(config, read, next_items)]
        return retrieval[0]

    def build_ranker() -> keras.Model:
        return model.build_ranker(config, read, next_items, retrieval[0])

    def evaluate(models: Models) -> Mapping[str, float]:
        lists, wanted = _served(_recommender(read, models), read, next_items)
        found = listed_quality(lists, wanted)
        served = {"test_hit_at_10": found.hit, "test_ndcg_at_10": found.ndcg}
        ours = listed_places(lists, wanted)
        return {**_compare(config, read, next_items, ours), **served}

    return Job(
        stages=[
            _next_item(
                _RETRIEVAL,
                next_items,
                train=next_items.train,
                build=build_retrieval,
                learning_rate=config.learning_rate,
                steps=config.steps,
            ),
            _rating(config, read),
            _next_item(
                _RANKER,
                next_items,
                train=lambda shard: next_items.train(shard).map(with_next),
                build=build_ranker,
                learning_rate=config.ranker_learning_rate,
                steps=config.ranker_steps,
            ),
        ],
        signatures=lambda models: _signatures(read, next_items, models),
        headline=Figure(name="test_ndcg_at_10"),
        evaluate=evaluate,
        contract=recommender_pb2.DESCRIPTOR,
        splits=digests(read, seed=config.seed),
    )


def _next_item(
    name: str,
    next_items: NextItems,
    *,
    train: Callable[[Shard], tf.data.Dataset],
    build: Callable[[], keras.Model],
    learning_rate: float,
    steps: int,
) -> Stage:
    return Stage(
        name=name,
        train=train,
        validation=next_items.validation,
        test=next_items.test,
        build=build,
        optimizer=lambda: keras.optimizers.Adam(learning_rate),
        loss=lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=lambda: {"hit_at_10": Hit(), "ndcg_at_10": Ndcg()},
        watch=Figure(name="ndcg_at_10"),
        steps=steps,
    )


def _rating(config: RecommenderConfig, read: MovieLens) -> Stage:
    ratings = data.ratings(read, batch_size=config.rating_batch_size, seed=config.seed)
    return Stage(
        name=_RATING,
        train=ratings.train,
        validation=ratings.validation,
        test=ratings.test,
        build=lambda: model.build_rating(config, read, ratings),
        optimizer=lambda: keras.optimizers.AdamW(
            config.rating_learning_rate, weight_decay=config.rating_weight_decay
        ),
        loss=keras.losses.MeanSquaredError,
        metrics=lambda: {"rmse": keras.metrics.RootMeanSquaredError()},
        watch=Figure(name="rmse", better="lower"),
        steps=config.rating_steps,
        batch_size=config.rating_batch_size,
    )


def _compare(
    config: RecommenderConfig, read: MovieLens, next_items: NextItems, ours: np.ndarray
) -> Mapping[str, float]:
    if not config.compare:
        return {}
    # implicit may not be there.
    from trilho.models.recommender import baselines  # noqa: PLC0415

    return baselines.compare(next_items, item_count=len(read.item_ids), seed=config.seed, ours=ours)


def _recommender(read: MovieLens, models: Models) -> Recommender:
    return Recommender(
        cast("Retrieval", models[_RETRIEVAL]),
        cast("Ranker", models[_RANKER]),
        cast("Rating", models[_RATING]),
        item_ids=read.item_ids,
    )


def _served(
    recommender: Recommender, read: MovieLens, next_items: NextItems
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the lists that users are answered with, and what they wanted, by the ids."""
    histories = padded(_ids(read, next_items.test_sequences))
    columns = np.array(read.user_ids, dtype=object), histories
    lists = [
        recommender.recommend(users, history, tf.fill(tf.shape(users), DEPTH))["item_id"].numpy()
        for users, history in batches.once(columns)
    ]
    # TensorFlow's strings are bytes.
    wanted = np.array([read.item_ids[item].encode() for item in next_items.test_items])
    return np.concatenate(lists).astype(np.bytes_), wanted


def _signatures(read: MovieLens, next_items: NextItems, models: Models) -> list[Signature]:
    return signatures(
        _recommender(read, models),
        user_ids=read.user_ids[:_SAMPLES],
        histories=_ids(read, next_items.test_sequences[:_SAMPLES]),
        candidates=read.item_ids[:_CANDIDATES],
    )


def _ids(read: MovieLens, sequences: Sequence[np.ndarray]) -> list[list[str]]:
    return [[read.item_ids[item] for item in items] for items in sequences]
