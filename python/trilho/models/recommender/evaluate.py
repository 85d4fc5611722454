"""MovieLens' test splits as calls to a server: what comes next, and stars."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trilho.data import movielens
from trilho.data.movielens import MovieLens
from trilho.evaluation.evaluation import Answers, Arrays, Evaluation, Question, in_batches
from trilho.models.recommender.splits import digests, sequences, split_ratings
from trilho.training.config import TrainingConfig

__all__ = ["evaluation"]

# Of hit@10 and NDCG@10.
_DEPTH = 10

Ints = np.ndarray[Any, np.dtype[np.int64]]
Strings = np.ndarray[Any, np.dtype[np.object_]]


def evaluation(config: TrainingConfig, source: str, *, rows: int) -> Evaluation:
    """Makes calls of serving_default, a row for each user, and of rate.

    Args:
        config: The options the model was trained with: the ratings are split by their seed.
        source: Where the three files are.
        rows: Users a call.

    Returns:
        The calls; the figures are test_hit_at_10 and test_ndcg_at_10 of the lists that are served,
        and rating_test_rmse.

    Raises:
        DataError: The files cannot be read.
    """
    read = movielens.load(Path(source))
    items = np.array(read.item_ids, dtype=object)
    histories = sequences(read)
    asked = in_batches(
        {
            "user_id": np.array(read.user_ids, dtype=object),
            "history": _padded([items[history[:-1]] for history in histories]),
            "count": np.full(len(histories), _DEPTH, np.int32),
        },
        rows=rows,
    )
    wanted = items[[history[-1] for history in histories]]
    candidates, stars, rated = _ratings(read, items, seed=config.seed, rows=rows)

    def measure(answers: Answers) -> dict[str, float]:
        lists = np.concatenate([answer["item_id"] for answer in answers[: len(asked)]])
        scores = np.concatenate([answer["score"] for answer in answers[: len(asked)]])
        # An item without a finite score may stand anywhere, and is not found.
        lists = np.where(np.isfinite(scores), lists, b"")
        given = np.concatenate([answer["rating"] for answer in answers[len(asked) :]])
        errors = (given - stars)[candidates != ""]
        return {
            **_ranking(lists, wanted),
            "rating_test_rmse": float(np.sqrt(np.mean(np.square(errors, dtype=np.float64)))),
        }

    return Evaluation(
        questions=[*asked, *rated],
        figures=measure,
        test=digests(read, seed=config.seed)["test"],
    )


def _ranking(lists: Strings, wanted: Strings) -> Mapping[str, float]:
    # A server's strings are bytes.
    found = lists == np.array([item.encode() for item in wanted], dtype=object)[:, np.newaxis]
    places = found.argmax(axis=1) + 1
    hits = found.any(axis=1)
    return {
        "test_hit_at_10": float(hits.mean()),
        "test_ndcg_at_10": float((hits / np.log2(places + 1)).mean()),
    }


def _ratings(
    read: MovieLens, items: Strings, *, seed: int, rows: int
) -> tuple[Strings, np.ndarray[Any, np.dtype[np.float32]], list[Question]]:
    """Returns each user's test items, their stars, 0 behind the last one, and the calls."""
    train, _, test = split_ratings(len(read.ratings), seed=seed)
    columns = items[read.items]
    candidates = _padded(_by_user(read, test, columns))
    inputs: Arrays = {
        "user_id": np.array(read.user_ids, dtype=object),
        "history": _padded(_by_user(read, train, columns)),
        "candidates": candidates,
    }
    stars = np.zeros(candidates.shape, np.float32)
    for row, given in enumerate(_by_user(read, test, read.ratings)):
        stars[row, : len(given)] = given
    return candidates, stars, in_batches(inputs, rows=rows, signature="rate")


def _by_user(
    read: MovieLens, rows: Ints, values: np.ndarray[Any, Any]
) -> list[np.ndarray[Any, Any]]:
    """Groups some ratings' values, by the ratings' rows: an array for each user."""
    ordered = rows[np.argsort(read.users[rows], kind="stable")]
    counts = np.bincount(read.users[ordered], minlength=len(read.user_ids))
    return np.split(values[ordered], np.cumsum(counts)[:-1])


def _padded(lists: Sequence[Strings]) -> Strings:
    """Joins lists of different lengths; "" is passed over by the model."""
    joined = np.full((len(lists), max(len(one) for one in lists)), "", dtype=object)
    for row, one in enumerate(lists):
        joined[row, : len(one)] = one
    return joined
