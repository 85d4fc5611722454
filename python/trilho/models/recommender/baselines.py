"""What the recommender is measured against: popularity, and alternating least squares."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
from implicit.cpu.als import AlternatingLeastSquares
from threadpoolctl import threadpool_limits

from trilho.models.recommender.data import NextItems
from trilho.models.recommender.evaluation import RankingQuality, masked, quality

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


def compare(next_items: NextItems, *, item_count: int, seed: int) -> dict[str, float]:
    """Measures both on the test items, with all but these to learn from.

    Args:
        next_items: The data.
        item_count: How many items there are.
        seed: Of ALS.

    Returns:
        hit@10 and NDCG@10 of each, by names like als_test_hit_at_10.
    """
    options = tuned_als(
        next_items.train_sequences,
        item_count=item_count,
        targets=next_items.validation_items,
        seed=seed,
    )
    sequences, targets = next_items.test_sequences, next_items.test_items
    measured = {
        "popularity": popularity(sequences, item_count=item_count, targets=targets),
        "als": als(sequences, item_count=item_count, targets=targets, options=options, seed=seed),
    }
    return {
        f"{name}_test_{figure}_at_10": value
        for name, found in measured.items()
        for figure, value in (("hit", found.hit), ("ndcg", found.ndcg))
    }


def popularity(sequences: Sequence[Ints], *, item_count: int, targets: Ints) -> RankingQuality:
    """Recommends to everybody what most have taken.

    Args:
        sequences: Each user's items.
        item_count: How many items there are.
        targets: [users], what came next.

    Returns:
        How well that does.
    """
    counts = np.bincount(np.concatenate(sequences), minlength=item_count).astype(np.float32)
    return quality(masked(np.tile(counts, [len(sequences), 1]), sequences), targets)


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
    lengths = [len(items) for items in sequences]
    places = (np.repeat(np.arange(len(sequences)), lengths), np.concatenate(sequences))
    taken = scipy.sparse.csr_matrix(
        (np.ones(sum(lengths), np.float32), places), shape=(len(sequences), item_count)
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
    return quality(masked(scores, sequences), targets)


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
