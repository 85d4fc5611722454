from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from trilho.models.recommender.ranker import NEXT, Ranker, with_next
from trilho.models.recommender.retrieval import SEEN

ITEMS = 20
HISTORY_LENGTH = 4
DEPTH = 6


def _retrieve(inputs: Mapping[str, tf.Tensor]) -> tf.Tensor:
    """Finds the first items best, whatever the history is."""
    scores = tf.range(ITEMS, 0, -1, tf.float32) / 10
    return tf.where(inputs["seen"], SEEN, scores)


def _make(**options: Any) -> Ranker:
    return Ranker(
        _retrieve,
        **{
            "genres": np.eye(ITEMS, 3, dtype=np.float32),
            "counts": np.arange(ITEMS),
            "history_length": HISTORY_LENGTH,
            "depth": DEPTH,
            "negatives": 3,
            "weight": 0.5,
            "dimensions": 4,
            "hidden": 8,
            "crossings": 1000,
            "dropout": 0.0,
            **options,
        },
    )


@pytest.fixture
def ranker() -> Ranker:
    """One with weights that make a difference, as after training."""
    keras.utils.set_random_seed(1)
    made = _make()
    for weights in made.trainable_variables:
        weights.assign_add(keras.random.normal(weights.shape, stddev=0.5, seed=1))
    return made


def _inputs(*histories: list[int]) -> dict[str, tf.Tensor]:
    """Rows of items, the newest first; what is in a history is seen."""
    rows = np.zeros((len(histories), HISTORY_LENGTH), np.int32)
    seen = np.zeros((len(histories), ITEMS), np.bool_)
    for row, items in enumerate(histories):
        rows[row, : len(items)] = np.array(items) + 1
        seen[row, items] = True
    return {"history": tf.constant(rows), "seen": tf.constant(seen)}


def test_the_best_are_ranked_and_the_others_stay_behind_them(ranker: Ranker) -> None:
    (scores,) = ranker(_inputs([0, 10])).numpy()
    order = np.argsort(-scores).tolist()
    # Without the seen ones.
    assert sorted(order[:DEPTH]) == [1, 2, 3, 4, 5, 6]
    assert order[:DEPTH] != [1, 2, 3, 4, 5, 6]
    assert order[DEPTH:-2] == [item for item in range(7, ITEMS) if item != 10]
    assert set(order[-2:]) == {0, 10}
    assert scores[[0, 10]].tolist() == [SEEN, SEEN]


def test_a_score_is_the_sum_of_both_models(ranker: Ranker) -> None:
    inputs = _inputs([0, 10])
    alone = _make(weight=0.0)
    for own, other in zip(alone.weights, ranker.weights, strict=True):
        own.assign(other)
    found, (ranked,) = _retrieve(inputs).numpy()[0], ranker(inputs).numpy()
    np.testing.assert_allclose(alone(inputs).numpy()[0], found, rtol=1e-6)
    # The first logit of training is this model's part.
    (part, *_), *_ = ranker({**inputs, NEXT: tf.constant([3])}).numpy()
    assert ranked[3] == pytest.approx(found[3] + 0.5 * part, rel=1e-5)


def test_candidates_have_the_scores_of_the_list_and_may_be_seen(ranker: Ranker) -> None:
    inputs = _inputs([0, 10])
    candidates = tf.constant([[5, 3, 10, 19]])
    scores = ranker.rank(inputs, candidates).numpy()[0]
    listed = ranker(inputs).numpy()[0]
    np.testing.assert_allclose(scores[:2], listed[[5, 3]], rtol=1e-5)
    assert np.abs(scores).max() < 100


def test_the_history_and_its_order_matter_but_not_other_users(ranker: Ranker) -> None:
    first, second, turned, nothing = ranker(_inputs([7, 8], [9, 8], [8, 7], [])).numpy()
    assert not np.allclose(first[:DEPTH], second[:DEPTH])
    assert not np.allclose(first[:DEPTH], turned[:DEPTH])
    assert np.isfinite(nothing).all()
    np.testing.assert_allclose(ranker(_inputs([9, 8])).numpy()[0], second, rtol=1e-5)


def test_what_was_taken_long_ago_matters(ranker: Ranker) -> None:
    inputs = _inputs([7, 8])
    seen = inputs["seen"].numpy()
    seen[0, 15] = True
    other = ranker({**inputs, "seen": tf.constant(seen)}).numpy()[0]
    assert not np.allclose(other[:DEPTH], ranker(inputs).numpy()[0, :DEPTH])


def test_fewer_items_than_are_ranked_are_ranked(ranker: Ranker) -> None:
    (scores,) = ranker(_inputs([0, 1, 2, 3])).numpy()
    everything = _inputs([0, 1])
    everything["seen"] = tf.constant([[item not in {4, 9} for item in range(ITEMS)]])
    (few,) = ranker(everything).numpy()
    assert np.flatnonzero(few > SEEN / 2).tolist() == [4, 9]
    assert np.isfinite(scores).all()
    assert _make(depth=1000)(_inputs([1])).shape == [1, ITEMS]


def test_training_tells_the_next_item_from_others_that_were_retrieved(ranker: Ranker) -> None:
    inputs, labels = with_next(_inputs([0, 10], [0, 10]), tf.constant([2, 15]))
    assert labels.numpy().tolist() == [0, 0]
    possible = {
        item: ranker({**_inputs([0, 10]), NEXT: tf.constant([item])}).numpy()[0, 0]
        for item in range(ITEMS)
    }
    drawn: set[int] = set()
    for _ in range(20):
        for wanted, logits in zip([2, 15], ranker(inputs).numpy(), strict=True):
            items = [min(possible, key=lambda item: abs(possible[item] - one)) for one in logits]
            assert items[0] == wanted
            # Of the best, each at most once, and neither the next item nor seen ones.
            assert len(set(items)) == 4
            assert set(items[1:]) <= {1, 2, 3, 4, 5, 6} - {wanted}
            drawn |= set(items[1:])
    assert drawn == {1, 2, 3, 4, 5, 6}


def test_where_too_few_others_are_left_training_has_none(ranker: Ranker) -> None:
    inputs = _inputs([0, 1])
    seen = tf.constant([[item not in {4, 9} for item in range(ITEMS)]])
    logits = ranker({**inputs, "seen": seen, NEXT: tf.constant([4])}).numpy()[0]
    assert np.isfinite(logits[:2]).all()
    assert (logits > SEEN / 2).tolist() == [True, True, False, False]


def test_the_retrieval_model_is_not_trained() -> None:
    inner = keras.layers.Dense(ITEMS)
    inner.build([None, HISTORY_LENGTH])

    def retrieve(inputs: Mapping[str, tf.Tensor]) -> tf.Tensor:
        return inner(tf.cast(inputs["history"], tf.float32))

    made = Ranker(
        retrieve,
        genres=np.eye(ITEMS, 3, dtype=np.float32),
        counts=np.arange(ITEMS),
        history_length=HISTORY_LENGTH,
        depth=DEPTH,
        negatives=3,
        weight=0.5,
        dimensions=4,
        hidden=8,
        crossings=1000,
        dropout=0.5,
    )
    assert not {id(one) for one in inner.weights} & {id(one) for one in made.weights}


def test_it_learns_what_follows_what() -> None:
    keras.utils.set_random_seed(1)
    made = _make(dropout=0.1)
    optimizer = keras.optimizers.Adam(0.02)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    # After an item of 10 to 15 comes that with the last digit.
    histories = [[10 + item % 6, 16 + item // 6 % 3] for item in range(60)]
    inputs, labels = with_next(_inputs(*histories), tf.constant([item % 6 for item in range(60)]))
    for _ in range(60):
        with tf.GradientTape() as tape:
            value = loss(labels, made(inputs, training=True))
        optimizer.apply(tape.gradient(value, made.trainable_variables), made.trainable_variables)
    scores = made(_inputs(*([10 + item, 17] for item in range(6)))).numpy()
    assert scores.argmax(axis=1).tolist() == list(range(6))
