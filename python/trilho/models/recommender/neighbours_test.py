from typing import Any

import numpy as np
import pytest

from trilho.models.recommender.evaluation import quality
from trilho.models.recommender.neighbours import (
    EASE,
    ITEM_KNN,
    METHODS,
    RECENT_EASE,
    TRANSITIONS,
    Method,
    tuned,
)

ITEMS = 40


def _in_order(users: int, *, seed: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Users who take each item after the one before it, from somewhere on, and some in between."""
    random = np.random.default_rng(seed)
    taken = []
    for _ in range(users):
        first = random.integers(0, ITEMS)
        items = (first + np.arange(9)) % ITEMS
        # One that means nothing.
        items[random.integers(0, 7)] = random.integers(0, ITEMS)
        taken.append(np.array(list(dict.fromkeys(items.tolist()))))
    return [items[:-1] for items in taken], np.array([items[-1] for items in taken])


def _hit(method: Method, learning: tuple[float, ...], reading: tuple[float, ...]) -> float:
    learned = method.learn(_in_order(300, seed=1)[0], ITEMS, *learning)
    sequences, targets = _in_order(100, seed=2)
    return quality(method.scores(learned, sequences, reading), targets).hit


def test_items_are_near_that_have_the_same_users() -> None:
    sequences = [np.array([0, 1]), np.array([0, 1]), np.array([0, 2]), np.array([3])]

    nearest = ITEM_KNN.learn(sequences, 4, 1, 0)

    # By row: which items are reached from an item of the history. The cosine of 0 and 1 is
    # 2 / sqrt(3 * 2), of 0 and 2 it is 1 / sqrt(3); each keeps its nearest one.
    np.testing.assert_allclose(nearest[0], [0, 2 / 6**0.5, 1 / 3**0.5, 0], rtol=1e-5)
    np.testing.assert_allclose(nearest[1], [2 / 6**0.5, 0, 0, 0], rtol=1e-5)
    assert not nearest[2:].any()
    shrunk = ITEM_KNN.learn(sequences, 4, 1, 10)
    assert shrunk[0, 1] == pytest.approx(2 / (6**0.5 + 10))


def test_ease_solves_its_own_equation() -> None:
    sequences, _ = _in_order(300, seed=1)

    weights = EASE.learn(sequences, ITEMS, 50).astype(np.float64)

    taken = np.zeros([len(sequences), ITEMS])
    for row, items in enumerate(sequences):
        taken[row, items] = 1
    # Where the gradient is not 0 it is that of the constraint: no item explains itself.
    gradient = taken.T @ (taken @ weights - taken) + 50 * weights
    assert not weights.diagonal().any()
    assert np.abs(gradient - np.diag(gradient.diagonal())).max() < 1e-2


def test_transitions_count_what_came_within_the_window() -> None:
    sequences = [np.array([0, 1, 2]), np.array([0, 2])]

    counts = TRANSITIONS.learn(sequences, 3, 2, 0)

    assert counts.tolist() == [[0, 1, 0.5 + 1], [0, 0, 1], [0, 0, 0]]
    assert TRANSITIONS.learn(sequences, 3, 1, 0)[0].tolist() == [0, 1, 1]
    # What comes after everything counts less.
    assert TRANSITIONS.learn(sequences, 3, 2, 1)[0, 2] == pytest.approx(1.5 / (2.5 + 1))


def test_what_was_taken_late_counts_more_where_it_should() -> None:
    ages = np.array([2, 1, 0])

    assert RECENT_EASE.read(ages, 1).tolist() == [0.25, 0.5, 1]
    assert EASE.read(ages).tolist() == [1, 1, 1]


def test_order_is_found_by_those_that_look_at_it() -> None:
    found = {
        "ease": _hit(EASE, (50,), ()),
        "recent_ease": _hit(RECENT_EASE, (50,), (1,)),
        "transitions": _hit(TRANSITIONS, (3, 0), (1,)),
        "item_knn": _hit(ITEM_KNN, (20, 0), ()),
    }

    assert found["transitions"] > 0.9
    assert min(found.values()) > 0.25, found
    learned = EASE.learn(_in_order(300, seed=1)[0], ITEMS, 50)
    sequences, _ = _in_order(100, seed=2)
    scores = EASE.scores(learned, sequences, ())
    assert all(np.isneginf(row[items]).all() for row, items in zip(scores, sequences, strict=True))


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_options_are_those_that_do_best(method: Method) -> None:
    few = method._replace(
        learned=[values[:2] for values in method.learned],
        reading=[values[:2] for values in method.reading],
    )
    sequences, targets = _in_order(100, seed=3)

    def ndcg(options: tuple[Any, Any]) -> float:
        learned = few.learn(sequences, ITEMS, *options[0])
        return quality(few.scores(learned, sequences, options[1]), targets).ndcg

    best = tuned(few, sequences, item_count=ITEMS, targets=targets)
    first = tuple(values[0] for values in few.learned), tuple(values[0] for values in few.reading)
    last = tuple(values[-1] for values in few.learned), tuple(values[-1] for values in few.reading)
    assert ndcg(best) >= max(ndcg(first), ndcg(last))
