"""The recommender's three networks, as the options want them."""

import keras

from trilho.data.movielens import MovieLens
from trilho.models.recommender import data
from trilho.models.recommender.config import RecommenderConfig
from trilho.models.recommender.data import NextItems, Ratings
from trilho.models.recommender.ranker import Ranker
from trilho.models.recommender.rating import Rating
from trilho.models.recommender.retrieval import Retrieval

__all__ = ["build_ranker", "build_rating", "build_retrieval"]


def build_retrieval(config: RecommenderConfig, read: MovieLens, next_items: NextItems) -> Retrieval:
    """Makes the model that scores all items, with weights from Keras' random seed."""
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


def build_ranker(
    config: RecommenderConfig, read: MovieLens, next_items: NextItems, retrieval: keras.Model
) -> Ranker:
    """Makes the model that ranks what the trained `retrieval` finds, likewise."""
    return Ranker(
        lambda inputs: retrieval(inputs, training=False),
        genres=read.genres,
        counts=next_items.train_counts,
        history_length=config.history_length,
        depth=config.ranker_depth,
        negatives=config.ranker_negatives,
        weight=config.ranker_weight,
        dimensions=config.ranker_dimensions,
        hidden=config.ranker_hidden,
        crossings=config.ranker_crossings,
        dropout=config.dropout,
    )


def build_rating(config: RecommenderConfig, read: MovieLens, ratings: Ratings) -> Rating:
    """Makes the model that says how many stars are given, likewise."""
    return Rating(
        data.rating_features(read, mean=ratings.mean),
        user_ids=read.user_ids,
        factors=config.factors,
        hidden=config.hidden,
        dropout=config.dropout,
        user_dropout=config.user_dropout,
    )
