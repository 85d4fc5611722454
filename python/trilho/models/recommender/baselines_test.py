import numpy as np
import pytest
import tensorflow as tf

from trilho.models.recommender import baselines
from trilho.models.recommender.baselines import AlsOptions
from trilho.models.recommender.data import NextItems
from trilho.models.recommender.evaluation import RankingQuality
from trilho.models.recommender.neighbours import METHODS

ITEMS = 60


def _two_tastes() -> tuple[list[np.ndarray], np.ndarray]:
    """Users who take 18 of the first 30 items, or of the last 30, and then one more of these."""
    random = np.random.default_rng(1)
    taken = [random.permutation(30)[:19] + 30 * (user % 2) for user in range(80)]
    return [items[:-1] for items in taken], np.array([items[-1] for items in taken])


def test_popularity_recommends_what_most_have_taken_and_a_user_has_not() -> None:
    sequences = [np.array([0, 1]), np.array([0, 1]), np.array([0]), np.array([2])]
    quality = baselines.popularity(sequences, item_count=20, targets=np.array([2, 2, 1, 0]))
    assert quality == RankingQuality(hit=1, ndcg=1)


def test_als_finds_who_is_alike() -> None:
    sequences, targets = _two_tastes()
    options = AlsOptions(factors=2, regularization=0.1, alpha=5)

    def measured() -> RankingQuality:
        return baselines.als(sequences, item_count=ITEMS, targets=targets, options=options, seed=1)

    # 12 of a user's own kind are left, of which 10 are shown.
    assert measured().hit > 0.7
    assert baselines.popularity(sequences, item_count=ITEMS, targets=targets).hit < 0.7
    assert measured() == measured()


def test_als_is_tuned_by_what_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines, "_FACTORS", (2, 4))
    monkeypatch.setattr(baselines, "_REGULARIZATIONS", (0.1,))
    monkeypatch.setattr(baselines, "_ALPHAS", (1.0, 5.0))
    sequences, targets = _two_tastes()

    def ndcg(options: AlsOptions) -> float:
        return baselines.als(
            sequences, item_count=ITEMS, targets=targets, options=options, seed=1
        ).ndcg

    best = baselines.tuned_als(sequences, item_count=ITEMS, targets=targets, seed=1)
    others = [
        AlsOptions(factors=f, regularization=0.1, alpha=a) for f in (2, 4) for a in (1.0, 5.0)
    ]
    assert best in others
    assert ndcg(best) == max(ndcg(options) for options in others)


def test_all_are_compared_on_the_test_items_with_options_of_the_validation_items(
    monkeypatch: pytest.MonkeyPatch,
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
    monkeypatch.setattr(baselines, "_FACTORS", (2,))
    monkeypatch.setattr(baselines, "_REGULARIZATIONS", (0.1,))
    monkeypatch.setattr(baselines, "_ALPHAS", (1.0, 5.0))
    sequences, targets = _two_tastes()
    nothing = tf.data.Dataset.from_tensors(0)
    next_items = NextItems(
        train=lambda _: nothing,
        validation=nothing,
        test=nothing,
        train_counts=np.bincount(np.concatenate(sequences), minlength=ITEMS),
        train_sequences=[items[:-1] for items in sequences],
        test_sequences=sequences,
        validation_items=np.array([items[-1] for items in sequences]),
        test_items=targets,
    )
    places = np.where(np.arange(len(targets)) % 2, 1, 11)
    figures = baselines.compare(next_items, item_count=ITEMS, seed=1, ours=places)
    chosen = baselines.tuned_als(
        next_items.train_sequences,
        item_count=ITEMS,
        targets=next_items.validation_items,
        seed=1,
    )
    best = baselines.als(sequences, item_count=ITEMS, targets=targets, options=chosen, seed=1)
    common = baselines.popularity(sequences, item_count=ITEMS, targets=targets)
    expected = {
        "popularity_test_hit_at_10": common.hit,
        "popularity_test_ndcg_at_10": common.ndcg,
        "als_test_hit_at_10": best.hit,
        "als_test_ndcg_at_10": best.ndcg,
        "test_hit_at_10": 0.5,
        "over_als_test_ndcg_at_10": 0.5 - best.ndcg,
    }
    assert {name: figures[name] for name in expected} == pytest.approx(expected, abs=2e-6)
    assert best.hit > common.hit
    names = {"", "popularity_", "als_", "item_knn_", "ease_", "recent_ease_", "transitions_"}
    overs = {f"over_{name}test_ndcg_at_10" for name in names if name}
    own = {f"{name}test_{kind}_at_10" for name in names for kind in ("hit", "ndcg")}
    ends = ("", "_low", "_high")
    assert set(figures) == {f"{name}{end}" for name in overs | own for end in ends}
    for name in overs | own:
        assert figures[f"{name}_low"] <= figures[name] <= figures[f"{name}_high"]
