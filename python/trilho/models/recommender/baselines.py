"""What the recommender is measured against: popularity, factors, neighbours and transitions."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
from implicit.cpu.als import AlternatingLeastSquares
from threadpoolctl import threadpool_limits

from trilho.models.recommender.data import NextItems
from trilho.models.recommender.evaluation import DEPTH, RankingQuality, masked, places, quality
from trilho.models.recommender.intervals import gains, interval, intervals
from trilho.models.recommender.neighbours import METHODS, tuned

__all__ = ["AlsOptions", "als", "compare", "popularity", "tuned_als"]

# Of ALS, all combinations.
_FACTORS = (8, 16, 32, 64, 128)
_REGULARIZATIONS = (0.01, 0.1, 1.0, 10.0)
_ALPHAS = (0.5, 1.0, 2.0, 5.0, 20.0)
_ITERATIONS = 15

Floats = np.ndarray[Any, np.dtype[np.float32]]
Ints = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, kw_only=True)
class AlsOptions:
    """Of alternating least squares for implicit feedback.

    Hu, Koren, Volinsky: Collaborative Filtering for Implicit Feedback Datasets, ICDM 2008.

    Attributes:
        factors: Of each user and item.
        regularization: Of the factors.
        alpha: How much more an item counts that a user took.
    """

    factors: int
    regularization: float
    alpha: float


def compare(
    next_items: NextItems, *, item_count: int, seed: int, ours: Ints | None = None
) -> dict[str, float]:
    """Measures all of them on the test items, with all but these to learn from.

    Their options are those that do best on the validation items.

    Args:
        next_items: The data.
        item_count: How many items there are.
        seed: Of ALS, and of the bootstrap.
        ours: [users], the places on which the lists that are served have the test items; None to
            compare with nothing.

    Returns:
        hit@10 and NDCG@10 of each, by names like als_test_hit_at_10, with the bounds of their 95 %
        intervals (..._low, ..._high). With `ours` the same for ours, and by how much its NDCG@10 is
        better, user by user: over_als_test_ndcg_at_10.
    """
    scores = _test_scores(next_items, item_count=item_count, seed=seed)
    found = {name: places(one, next_items.test_items) for name, one in scores.items()}
    figures: dict[str, float] = {}
    for name, theirs in found.items():
        figures |= intervals(f"{name}_test", theirs, depth=DEPTH, seed=seed)
    if ours is None:
        return figures
    figures |= intervals("test", ours, depth=DEPTH, seed=seed)
    _, own = gains(ours, depth=DEPTH)
    for name, theirs in found.items():
        more = own - gains(theirs, depth=DEPTH)[1]
        figure = f"over_{name}_test_ndcg_at_{DEPTH}"
        low, high = interval(more, seed=seed)
        figures |= {figure: round(float(more.mean()), 6)}
        figures |= {f"{figure}_low": low, f"{figure}_high": high}
    return figures


def _test_scores(next_items: NextItems, *, item_count: int, seed: int) -> dict[str, Floats]:
    training, validation = next_items.train_sequences, next_items.validation_items
    sequences = next_items.test_sequences
    options = tuned_als(training, item_count=item_count, targets=validation, seed=seed)
    scores = {
        "popularity": _popularity(sequences, item_count),
        "als": _als(sequences, item_count, options, seed),
    }
    # More threads add up in another order each time.
    with threadpool_limits(limits=1, user_api="blas"):
        for method in METHODS:
            learning, reading = tuned(method, training, item_count=item_count, targets=validation)
            learned = method.learn(sequences, item_count, *learning)
            scores[method.name] = method.scores(learned, sequences, reading)
    return scores


def popularity(sequences: Sequence[Ints], *, item_count: int, targets: Ints) -> RankingQuality:
    """Recommends to everybody what most have taken.

    Args:
        sequences: Each user's items.
        item_count: How many items there are.
        targets: [users], what came next.

    Returns:
        How well that does.
    """
    return quality(_popularity(sequences, item_count), targets)


def _popularity(sequences: Sequence[Ints], item_count: int) -> Floats:
    counts = np.bincount(np.concatenate(sequences), minlength=item_count).astype(np.float32)
    return masked(np.tile(counts, [len(sequences), 1]), sequences)


def als(
    sequences: Sequence[Ints], *, item_count: int, targets: Ints, options: AlsOptions, seed: int
) -> RankingQuality:
    """Factorizes who took what.

    Args:
        sequences: Each user's items.
        item_count: How many items there are.
        targets: [users], what came next.
        options: Of the factorization.
        seed: Of the first factors.

    Returns:
        How well that does.
    """
    return quality(_als(sequences, item_count, options, seed), targets)


def _als(sequences: Sequence[Ints], item_count: int, options: AlsOptions, seed: int) -> Floats:
    lengths = [len(items) for items in sequences]
    rows = (np.repeat(np.arange(len(sequences)), lengths), np.concatenate(sequences))
    taken = scipy.sparse.csr_matrix(
        (np.ones(sum(lengths), np.float32), rows), shape=(len(sequences), item_count)
    )
    # More threads add up in another order each time.
    with threadpool_limits(limits=1, user_api="blas"):
        model = AlternatingLeastSquares(
            factors=options.factors,
            regularization=options.regularization,
            alpha=options.alpha,
            iterations=_ITERATIONS,
            random_state=seed,
            num_threads=1,
        )
        model.fit(taken, show_progress=False)
    scores = np.asarray(model.user_factors @ model.item_factors.T, dtype=np.float32)
    return masked(scores, sequences)


def tuned_als(
    sequences: Sequence[Ints], *, item_count: int, targets: Ints, seed: int
) -> AlsOptions:
    """Chooses the options of `als` that do best, by NDCG@10, among 100.

    Args:
        sequences: Each user's items.
        item_count: How many items there are.
        targets: [users], what came next: the validation items.
        seed: Of the first factors.

    Returns:
        The options.
    """
    choices = [
        AlsOptions(factors=factors, regularization=regularization, alpha=alpha)
        for factors, regularization, alpha in itertools.product(_FACTORS, _REGULARIZATIONS, _ALPHAS)
    ]
    return max(
        choices,
        key=lambda options: (
            als(sequences, item_count=item_count, targets=targets, options=options, seed=seed).ndcg
        ),
    )
