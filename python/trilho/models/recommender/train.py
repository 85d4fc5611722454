"""What is to be done for a version of the recommender."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import keras

from trilho import recommender_pb2
from trilho.data import movielens
from trilho.data.movielens import MovieLens
from trilho.export.signature import Signature
from trilho.models.recommender import data
from trilho.models.recommender.config import RecommenderConfig
from trilho.models.recommender.data import NextItems
from trilho.models.recommender.evaluation import Hit, Ndcg
from trilho.models.recommender.rating import Rating
from trilho.models.recommender.retrieval import Retrieval
from trilho.models.recommender.serving import Recommender, signatures
from trilho.training.job import Figure, Job, Models, Stage

__all__ = ["prepare"]

_RETRIEVAL = "retrieval"
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
        Two stages, the retrieval model and the rating model, which a version has both.

    Raises:
        DataError: The data cannot be read, or the options leave nothing to train with.
    """
    read = movielens.load(Path(source))
    next_items = data.next_items(
        read,
        history_length=config.history_length,
        batch_size=config.batch_size,
        seed=config.seed,
    )
    return Job(
        stages=[_retrieval(config, read, next_items), _rating(config, read)],
        signatures=lambda models: _signatures(read, next_items, models),
        headline=Figure(name="retrieval_test_ndcg_at_10"),
        evaluate=lambda _: _compare(config, read, next_items),
        contract=recommender_pb2.DESCRIPTOR,
    )


def _retrieval(config: RecommenderConfig, read: MovieLens, next_items: NextItems) -> Stage:
    def build() -> keras.Model:
        return Retrieval(
            item_ids=read.item_ids,
            genres=read.genres,
            counts=next_items.train_counts,
            history_length=config.history_length,
            dimensions=config.dimensions,
            means=config.means,
            dropout=config.dropout,
            history_dropout=config.history_dropout,
        )

    return Stage(
        name=_RETRIEVAL,
        train=next_items.train,
        validation=next_items.validation,
        test=next_items.test,
        build=build,
        optimizer=lambda: keras.optimizers.Adam(config.learning_rate),
        loss=lambda: keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=lambda: {"hit_at_10": Hit(), "ndcg_at_10": Ndcg()},
        watch=Figure(name="ndcg_at_10"),
    )


def _rating(config: RecommenderConfig, read: MovieLens) -> Stage:
    ratings = data.ratings(read, batch_size=config.rating_batch_size, seed=config.seed)
    features = data.rating_features(read, mean=ratings.mean)

    def build() -> keras.Model:
        return Rating(
            features,
            user_ids=read.user_ids,
            factors=config.factors,
            hidden=config.hidden,
            dropout=config.dropout,
            user_dropout=config.user_dropout,
        )

    return Stage(
        name=_RATING,
        train=ratings.train,
        validation=ratings.validation,
        test=ratings.test,
        build=build,
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
    config: RecommenderConfig, read: MovieLens, next_items: NextItems
) -> Mapping[str, float]:
    if not config.compare:
        return {}
    # Only now, as implicit is needed for nothing else.
    from trilho.models.recommender import baselines  # noqa: PLC0415

    return baselines.compare(next_items, item_count=len(read.item_ids), seed=config.seed)


def _signatures(read: MovieLens, next_items: NextItems, models: Models) -> list[Signature]:
    recommender = Recommender(
        cast("Retrieval", models[_RETRIEVAL]),
        cast("Rating", models[_RATING]),
        item_ids=read.item_ids,
    )
    histories = [
        [read.item_ids[item] for item in items] for items in next_items.test_sequences[:_SAMPLES]
    ]
    return signatures(
        recommender,
        user_ids=read.user_ids[:_SAMPLES],
        histories=histories,
        candidates=read.item_ids[:_CANDIDATES],
    )
