import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from rich.console import Console

from trilho.data.movielens import GENRES
from trilho.export import manifest
from trilho.models.recommender import baselines
from trilho.models.recommender.config import RECIPE, RecommenderConfig
from trilho.models.recommender.neighbours import METHODS
from trilho.training.divergence import DivergedError
from trilho.training.leftovers import TrainError
from trilho.training.progress import ProgressReporter
from trilho.training.run import TrainResult, train

USERS = 120
ITEMS = 40
LENGTH = 12

_CONFIG = RecommenderConfig(
    steps=120,
    batch_size=64,
    learning_rate=0.01,
    validations=4,
    history_length=5,
    dimensions=16,
    ranker_steps=60,
    ranker_learning_rate=0.005,
    ranker_depth=20,
    ranker_negatives=10,
    ranker_dimensions=8,
    ranker_hidden=8,
    ranker_crossings=1000,
    rating_steps=80,
    rating_batch_size=64,
    rating_learning_rate=0.02,
    factors=4,
    hidden=8,
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Users who take every item after the one with the next lower number, from a first one on.

    They like the items of the first genre, and the young ones like all items more.
    """
    folder = tmp_path_factory.mktemp("data")
    random = np.random.default_rng(1)
    first = random.integers(0, ITEMS, USERS)
    ages = random.integers(0, 2, USERS) * 40 + 15
    users = np.repeat(np.arange(USERS), LENGTH)
    items = (first[:, np.newaxis] + np.arange(LENGTH)).ravel() % ITEMS
    tables: dict[str, dict[str, Any]] = {
        "users": {
            "user_id": np.arange(USERS) + 1000,
            "age": ages,
            "gender": ["M", "F"] * (USERS // 2),
            "occupation": ["writer", "artist", "other"] * (USERS // 3),
        },
        "items": {
            "movie_id": np.arange(ITEMS),
            "movie_title": [f"Film {item}" for item in range(ITEMS)],
            "release_date": ["01-Jan-1995"] * ITEMS,
            **{
                name: (np.arange(ITEMS) % len(GENRES) == place).astype(int)
                for place, name in enumerate(GENRES)
            },
        },
        "data": {
            "user_id": users + 1000,
            "movie_id": items,
            "rating": 1 + 2 * (items % len(GENRES) == 0) + 2 * (ages[users] < 30),
            "timestamp": np.tile(np.arange(LENGTH), USERS),
        },
    }
    for name, columns in tables.items():
        path = folder / f"MovieLens100k_{name}.parquet.brotli"
        pq.write_table(pa.table(columns), path, compression="brotli")
    return folder


def _train(data: Path, folder: Path, config: RecommenderConfig = _CONFIG) -> TrainResult:
    folder.mkdir(exist_ok=True)
    with (folder / "output").open("a") as output:
        return train(
            RECIPE,
            config,
            source=str(data),
            export_dir=folder / "models",
            logs_dir=folder / "logs",
            reporter=ProgressReporter(Console(file=output)),
        )


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainResult:
    return _train(data, tmp_path_factory.mktemp("trained"))


def test_it_learns_what_comes_next(trained: TrainResult) -> None:
    # By chance 10 of the 29 unseen items.
    assert trained.metrics["retrieval_test_hit_at_10"] > 0.95
    assert trained.metrics["retrieval_test_ndcg_at_10"] > 0.8
    assert trained.metrics["ranker_test_hit_at_10"] > 0.95
    assert trained.metrics["ranker_test_ndcg_at_10"] > 0.8


def test_the_headline_is_that_of_the_lists_that_are_served(trained: TrainResult) -> None:
    made = manifest.verify(trained.folder)
    assert made.training["headline"] == "test_ndcg_at_10"
    for name in ("hit_at_10", "ndcg_at_10"):
        served = trained.metrics[f"test_{name}"]
        assert served == pytest.approx(trained.metrics[f"ranker_test_{name}"], abs=1e-5)


def test_it_learns_who_likes_what(trained: TrainResult) -> None:
    # The standard deviation is 1.1.
    assert trained.metrics["rating_test_rmse"] < 0.6


def test_the_version_says_how_good_it_is(trained: TrainResult) -> None:
    assert trained.folder.parts[-3:] == ("models", "recommender", "1")
    made = manifest.verify(trained.folder)
    assert made.metrics["rating_test_rmse"] == trained.metrics["rating_test_rmse"]
    assert made.training["history_length"] == "5"


def test_the_version_says_of_which_rows_its_figures_are(trained: TrainResult, data: Path) -> None:
    splits = manifest.read(trained.folder).splits
    ratings = USERS * LENGTH
    assert {name: split.rows for name, split in splits.items()} == {
        "train": 0.75 * ratings,
        "validation": 0.05 * ratings + USERS,
        "test": 0.2 * ratings + USERS,
    }
    asked = RECIPE.prepare_evaluation(_CONFIG, str(data), rows=50)
    assert asked.test == splits["test"]
    # The ratings are split by the seed.
    other = RECIPE.prepare_evaluation(dataclasses.replace(_CONFIG, seed=2), str(data), rows=50)
    assert other.test != splits["test"]


def test_a_served_version_recommends_to_someone_new(trained: TrainResult) -> None:
    signatures = tf.saved_model.load(str(trained.folder)).signatures
    answer = signatures["serving_default"](
        user_id=tf.constant(["new"]),
        history=tf.constant([["5", "6", "7"]]),
        count=tf.constant([3]),
    )
    assert b"8" in answer["item_id"].numpy()[0]
    ranked = signatures["rank"](
        user_id=tf.constant(["new"]),
        history=tf.constant([["5", "6", "7"]]),
        candidates=tf.constant([["30", "8", "20"]]),
    )
    assert ranked["item_id"].numpy()[0, 0] == b"8"


def test_a_served_version_rates(trained: TrainResult) -> None:
    signatures = tf.saved_model.load(str(trained.folder)).signatures
    answer = signatures["rate"](
        user_id=tf.constant(["1000"]),
        history=tf.constant([[""]]),
        candidates=tf.constant([["0", "1"]]),
    )
    liked, other = answer["rating"].numpy()[0]
    assert liked > other + 1


def test_one_seed_gives_one_model(trained: TrainResult, data: Path, tmp_path: Path) -> None:
    again = _train(data, tmp_path)
    assert again.metrics == trained.metrics
    inputs = {
        "user_id": tf.constant(["1001"]),
        "history": tf.constant([["3", "4"]]),
        "candidates": tf.constant([[str(item) for item in range(ITEMS)]]),
    }
    for name, output in (("rank", "score"), ("rate", "rating")):
        values = [
            tf.saved_model.load(str(result.folder)).signatures[name](**inputs)[output].numpy()
            for result in (trained, again)
        ]
        np.testing.assert_array_equal(*values)


def test_a_learning_rate_that_is_far_too_high_gives_no_good_figure(
    data: Path, tmp_path: Path
) -> None:
    high = dataclasses.replace(_CONFIG, learning_rate=1e25, patience=0)
    with pytest.raises(DivergedError, match=r"retrieval: the loss is nan after step \d+ of 120"):
        _train(data, tmp_path, high)

    on = dataclasses.replace(
        high, stop_on_nan=False, steps=10, rating_steps=2, ranker_steps=2, validations=1
    )
    with pytest.raises(TrainError, match=r"no version is published, as .*retrieval_test_loss is"):
        _train(data, tmp_path / "on", on)
    figures = json.loads((tmp_path / "on" / "logs" / "metrics.json").read_text())
    assert figures["retrieval_test_loss"] is None
    assert figures["retrieval_test_hit_at_10"] is None
    assert figures["retrieval_test_ndcg_at_10"] is None
    # By chance 10 of 29 would be found in lists in no order.
    assert figures["test_hit_at_10"] <= 0.4
    assert not (tmp_path / "on" / "models").exists()


@pytest.mark.parametrize(("score", "found"), [(1.0, 1), (np.nan, 0), (np.inf, 0)])
def test_of_served_lists_items_without_a_finite_score_are_not_found(
    data: Path, score: float, found: int
) -> None:
    evaluation = RECIPE.prepare_evaluation(_CONFIG, str(data), rows=50)
    # Everybody takes the next item; "rate" is asked by the other calls.
    answers = []
    for question in evaluation.questions:
        if question.signature == "rate":
            answers.append({"rating": np.full(question.inputs["candidates"].shape, np.nan)})
            continue
        histories = [[item for item in row if item] for row in question.inputs["history"]]
        items = [[b"?", str((int(row[-1]) + 1) % ITEMS).encode()] for row in histories]
        answers.append(
            {
                "item_id": np.array(items, dtype=object),
                "score": np.array([[9, score]] * len(items), np.float32),
            }
        )
    figures = evaluation.figures(answers)
    assert figures["test_hit_at_10"] == found
    assert figures["test_ndcg_at_10"] == pytest.approx(found / np.log2(3))
    assert np.isnan(figures["rating_test_rmse"])


def test_others_are_measured_in_the_same_run(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        baselines,
        "METHODS",
        [
            method._replace(
                learned=[values[:1] for values in method.learned],
                reading=[values[:1] for values in method.reading],
            )
            for method in METHODS
        ],
    )
    monkeypatch.setattr(baselines, "_FACTORS", (4,))
    monkeypatch.setattr(baselines, "_REGULARIZATIONS", (0.1,))
    monkeypatch.setattr(baselines, "_ALPHAS", (1.0,))
    short = dataclasses.replace(
        _CONFIG, steps=2, ranker_steps=2, rating_steps=2, validations=1, compare=True
    )
    measured = _train(data, tmp_path, short).metrics
    # By chance 10 of 29; who took the items before the last one is alike, and order tells all.
    assert measured["als_test_hit_at_10"] > 0.5 > measured["popularity_test_hit_at_10"] > 0
    assert measured["transitions_test_hit_at_10"] == 1
    assert measured["test_hit_at_10_low"] <= measured["test_hit_at_10"]
    assert measured["over_transitions_test_ndcg_at_10"] == pytest.approx(
        measured["test_ndcg_at_10"] - measured["transitions_test_ndcg_at_10"], abs=1e-5
    )


def test_what_a_comparison_needs_is_missed_before_the_training(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "implicit", None)
    with pytest.raises(ModuleNotFoundError, match="implicit"):
        RECIPE.prepare(dataclasses.replace(_CONFIG, compare=True), str(data))


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"history_length": 0}, "history_length must be more than 0, not 0"),
        ({"user_dropout": 1.0}, "user_dropout must be at least 0 and less than 1, not 1.0"),
        ({"hidden": 5}, "hidden must be even and more than 0, not 5"),
        ({"ranker_hidden": 0}, "ranker_hidden must be even and more than 0, not 0"),
        ({"ranker_depth": 1}, "ranker_depth must be at least 2, not 1"),
        ({"ranker_weight": 0.0}, "ranker_weight must be more than 0, not 0.0"),
        ({"rating_weight_decay": -1.0}, "rating_weight_decay must be at least 0, not -1.0"),
    ],
)
def test_options_are_checked(option: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RecommenderConfig(**option)
