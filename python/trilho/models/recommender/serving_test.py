from collections.abc import Iterator, Mapping, Sequence

import keras
import numpy as np
import pytest
import tensorflow as tf

from trilho.models.recommender.ranker import Ranker
from trilho.models.recommender.rating import Rating, RatingFeatures
from trilho.models.recommender.retrieval import Retrieval
from trilho.models.recommender.serving import NOT_THERE, Recommender, signatures

ITEMS = [f"i{item}" for item in range(12)]
HISTORY_LENGTH = 3


@pytest.fixture(scope="module")
def recommender() -> Recommender:
    """Networks as they are before training: any weights will do."""
    keras.utils.set_random_seed(1)
    retrieval = Retrieval(
        item_ids=ITEMS,
        genres=np.eye(len(ITEMS), 4, dtype=np.float32),
        counts=np.arange(len(ITEMS)),
        history_length=HISTORY_LENGTH,
        dimensions=4,
        means=2,
        dropout=0.5,
        history_dropout=0.5,
    )
    ranker = Ranker(
        lambda inputs: retrieval(inputs, training=False),
        genres=np.eye(len(ITEMS), 4, dtype=np.float32),
        counts=np.arange(len(ITEMS)),
        history_length=HISTORY_LENGTH,
        depth=8,
        negatives=3,
        weight=0.5,
        dimensions=4,
        hidden=4,
        crossings=100,
        dropout=0.5,
    )
    features = RatingFeatures(
        user_classes=np.array([[0, 0], [1, 2], [1, 1]], np.int32),
        class_counts=(2, 3),
        item_years=np.zeros(len(ITEMS) + 1, np.int32),
        year_count=1,
        genres=np.eye(len(ITEMS) + 1, 4, dtype=np.float32),
        mean=3.5,
    )
    rating = Rating(
        features, user_ids=["a", "b"], factors=4, hidden=4, dropout=0.5, user_dropout=0.5
    )
    # So that users and histories matter as they do after training.
    models = (retrieval, ranker, rating)
    for weights in (one for model in models for one in model.trainable_variables):
        weights.assign_add(keras.random.normal(weights.shape, stddev=0.3, seed=1))
    return Recommender(retrieval, ranker, rating, item_ids=ITEMS)


def _strings(*rows: Sequence[str]) -> tf.Tensor:
    return tf.constant([list(row) for row in rows], tf.string, shape=[len(rows), len(rows[0])])


def _rows(tensor: tf.Tensor) -> list[list[str]]:
    return [[value.decode() for value in row] for row in tensor.numpy().tolist()]


def _recommend(
    recommender: Recommender, *histories: Sequence[str], count: Sequence[int], user: str = ""
) -> Mapping[str, tf.Tensor]:
    users = tf.constant([user] * len(histories))
    return recommender.recommend(users, _strings(*histories), tf.constant(count))


def test_the_best_come_first_and_none_of_the_history(recommender: Recommender) -> None:
    answer = _recommend(recommender, ["i11", "i10"], count=[10])
    (items,), (scores,) = _rows(answer["item_id"]), answer["score"].numpy()
    assert sorted(items) == sorted(ITEMS[:10])
    assert scores.tolist() == sorted(scores, reverse=True)
    assert scores.min() > -100


def test_no_more_come_than_are_left(recommender: Recommender) -> None:
    answer = _recommend(recommender, ITEMS[2:], count=[1000])
    assert sorted(_rows(answer["item_id"])[0]) == ["i0", "i1"]
    assert _recommend(recommender, ITEMS, count=[5])["item_id"].shape == [1, 0]


def test_in_a_batch_a_row_that_wants_less_is_filled_up(recommender: Recommender) -> None:
    answer = _recommend(recommender, ["i1", ""], ["i2", "i3"], count=[2, 4])
    first, second = _rows(answer["item_id"])
    assert first[2:] == ["", ""]
    assert answer["score"].numpy()[0, 2:].tolist() == [NOT_THERE, NOT_THERE]
    alone = _recommend(recommender, ["i1"], count=[2])
    assert first[:2] == _rows(alone["item_id"])[0]
    assert "" not in second


def test_a_user_without_a_history_gets_something(recommender: Recommender) -> None:
    assert len(_rows(_recommend(recommender, [], count=[3])["item_id"])[0]) == 3


def test_unknown_items_of_a_history_are_passed_over(recommender: Recommender) -> None:
    known = _recommend(recommender, ["i1", "i2", "i3"], count=[5])
    mixed = _recommend(recommender, ["?", "i1", "??", "i2", "i3", "", "?"], count=[5])
    np.testing.assert_allclose(known["score"], mixed["score"], rtol=1e-6)
    assert _rows(known["item_id"]) == _rows(mixed["item_id"])


def test_the_order_of_a_history_matters_and_none_of_it_comes_again(
    recommender: Recommender,
) -> None:
    # The first one is beyond what the models see the order of.
    long = _recommend(recommender, ["i9", "i1", "i2", "i3"], count=[12])
    turned = _recommend(recommender, ["i9", "i3", "i2", "i1"], count=[12])
    for answer in (long, turned):
        (items,), (scores,) = _rows(answer["item_id"]), answer["score"].numpy()
        assert sorted(items) == sorted(set(ITEMS) - {"i9", "i1", "i2", "i3"})
        assert scores.tolist() == sorted(scores, reverse=True)
    assert not np.allclose(turned["score"], long["score"])


def test_recommendations_do_not_depend_on_the_user_s_name(recommender: Recommender) -> None:
    named = _recommend(recommender, ["i1"], count=[5], user="a")
    np.testing.assert_array_equal(
        named["score"], _recommend(recommender, ["i1"], count=[5])["score"]
    )


def test_candidates_are_ranked_by_the_scores_of_recommendations(recommender: Recommender) -> None:
    history = ["i1", "i2"]
    # As many as the ranker looks at.
    best = _recommend(recommender, history, count=[8])
    wanted = sorted(_rows(best["item_id"])[0])
    answer = recommender.rank(tf.constant([""]), _strings(history), _strings(wanted))
    assert _rows(answer["item_id"]) == _rows(best["item_id"])
    np.testing.assert_allclose(answer["score"], best["score"], rtol=1e-6)


def test_unknown_candidates_come_last_and_seen_ones_are_ranked(recommender: Recommender) -> None:
    wanted = ["?", "i1", "i2", "i1"]
    answer = recommender.rank(tf.constant([""]), _strings(["i1"]), _strings(wanted))
    (items,), (scores,) = _rows(answer["item_id"]), answer["score"].numpy()
    assert sorted(items) == sorted(wanted)
    assert items[3] == "?"
    assert scores[3] == NOT_THERE
    assert scores[2] > -100


@pytest.fixture
def broken(recommender: Recommender) -> Iterator[Recommender]:
    """With an item, i4, whose scores are NaN."""
    bias = recommender._retrieval._bias
    kept = bias.numpy()
    bias.assign(np.where(np.arange(len(ITEMS)) == 4, np.nan, kept))
    yield recommender
    bias.assign(kept)


def test_an_item_whose_score_is_not_finite_comes_last(broken: Recommender) -> None:
    answer = _recommend(broken, ["i11", "i10"], count=[10])
    (items,), (scores,) = _rows(answer["item_id"]), answer["score"].numpy()
    assert set(items[:9]) == set(ITEMS[:10]) - {"i4"}
    assert scores[:9].min() > -100
    assert items[9] == "i4"
    assert scores[9] < -1e8


def test_a_candidate_whose_score_is_not_finite_comes_last(broken: Recommender) -> None:
    answer = broken.rank(tf.constant([""]), _strings(["i1"]), _strings(["i4", "i5", "i2"]))
    (items,), (scores,) = _rows(answer["item_id"]), answer["score"].numpy()
    assert items[2] == "i4"
    assert scores[2] == NOT_THERE
    assert scores[1] > -100


def test_with_no_finite_score_nothing_is_recommended(
    recommender: Recommender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        recommender, "_ranker", lambda inputs: tf.zeros_like(inputs["seen"], tf.float32) + np.nan
    )
    answer = _recommend(recommender, ["i1"], count=[3])
    assert _rows(answer["item_id"]) == [["", "", ""]]
    assert answer["score"].numpy().tolist() == [[NOT_THERE] * 3]


def _rate(recommender: Recommender, user: str, *candidates: str) -> list[float]:
    answer = recommender.rate(tf.constant([user]), _strings(["i1", "i2"]), _strings(candidates))
    assert _rows(answer["item_id"]) == [list(candidates)]
    stars: list[float] = answer["rating"].numpy()[0].tolist()
    return stars


def test_ratings_are_stars_in_the_order_of_the_candidates(recommender: Recommender) -> None:
    stars = _rate(recommender, "a", "i5", "i6", "?")
    assert all(1 <= star <= 5 for star in stars)
    assert _rate(recommender, "a", "i6", "?", "i5") == pytest.approx([stars[1], stars[2], stars[0]])


def test_ratings_depend_on_the_user_and_all_unknown_ones_are_alike(
    recommender: Recommender,
) -> None:
    assert _rate(recommender, "a", "i5") != pytest.approx(_rate(recommender, "b", "i5"))
    assert _rate(recommender, "nobody", "i5") == _rate(recommender, "", "i5")


def test_ratings_depend_on_what_was_rated_but_not_on_its_order(recommender: Recommender) -> None:
    users, wanted = tf.constant([""] * 3), _strings(["i5"], ["i5"], ["i5"])
    histories = _strings(["i1", "i2", ""], ["i2", "?", "i1"], ["i1", "i2", "i3"])
    one, same, more = recommender.rate(users, histories, wanted)["rating"].numpy()[:, 0]
    assert one == pytest.approx(same)
    assert one != pytest.approx(more)


def test_signatures_are_the_contract_s(recommender: Recommender) -> None:
    made = signatures(
        recommender, user_ids=["a", "b"], histories=[["i1"], ["i2", "i3"]], candidates=["i5", "i6"]
    )
    shapes = {
        signature.name: {name: spec.shape.rank for name, spec in signature.inputs.items()}
        for signature in made
    }
    pair = {"user_id": 1, "history": 2, "candidates": 2}
    assert shapes == {
        "serving_default": {"user_id": 1, "history": 2, "count": 1},
        "rank": pair,
        "rate": pair,
    }
    for signature in made:
        answer = signature.function(
            **{name: tf.constant(rows) for name, rows in signature.samples.items()}
        )
        assert answer["item_id"].shape[0] == 2
    assert made[0].samples["history"].tolist() == [["", "i1"], ["i2", "i3"]]
