"""What counting and linear algebra make of the order in which items were taken.

Neighbours of items, EASE and transitions are simple and strong: what a network is worth is what it
finds beyond them.
"""

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse

from trilho.models.recommender.evaluation import masked, quality

__all__ = ["EASE", "ITEM_KNN", "METHODS", "RECENT_EASE", "TRANSITIONS", "Method", "tuned"]

Floats = np.ndarray[Any, np.dtype[np.float32]]
Ints = np.ndarray[Any, np.dtype[np.int64]]
Options = tuple[float, ...]


class Method(NamedTuple):
    """A way to score all items by the histories of users.

    Attributes:
        name: What its figures are called by.
        learn: Learns from sequences, with the first of the options, item by item: [items, items].
        read: How much each item of a history counts, by how many came after it, 0 for the last
            one, with the rest of the options.
        learned: The values of each of the options that `learn` takes.
        reading: The values of each of those that `read` takes.
    """

    name: str
    learn: Callable[..., Floats]
    read: Callable[..., Floats]
    learned: Sequence[Sequence[float]]
    reading: Sequence[Sequence[float]]

    def scores(self, learned: Floats, sequences: Sequence[Ints], reading: Options) -> Floats:
        """Scores all items for each history.

        Args:
            learned: What `learn` returned.
            sequences: The histories, oldest first.
            reading: The options of `read`.

        Returns:
            [users, items], without those of the history.
        """
        weights = [self.read(np.arange(len(items))[::-1], *reading) for items in sequences]
        taken = _matrix(sequences, learned.shape[0], weights)
        return masked(np.asarray(taken @ learned, np.float32), sequences)


def tuned(
    method: Method, sequences: Sequence[Ints], *, item_count: int, targets: Ints
) -> tuple[Options, Options]:
    """Chooses the options that do best, by NDCG@10, among all combinations.

    Args:
        method: What is tuned.
        sequences: Each user's items, oldest first.
        item_count: How many items there are.
        targets: [users], what came next: the validation items.

    Returns:
        Those of `learn`, and those of `read`; of equally good ones the first.
    """
    best = -1.0
    chosen: tuple[Options, Options] = ((), ())
    for learning in itertools.product(*method.learned):
        learned = method.learn(sequences, item_count, *learning)
        for reading in itertools.product(*method.reading):
            found = quality(method.scores(learned, sequences, reading), targets).ndcg
            if found > best:
                best, chosen = found, (learning, reading)
    return chosen


def _item_knn(
    sequences: Sequence[Ints], item_count: int, neighbours: float, shrinkage: float
) -> Floats:
    """Returns cosines of items' users, of each item's nearest alone.

    Few users in common say little: `shrinkage` is added to the denominator.
    """
    taken = _matrix(sequences, item_count)
    common = np.asarray((taken.T @ taken).todense(), np.float32)
    counts = common.diagonal().copy()
    np.fill_diagonal(common, 0)
    alike = common / (np.sqrt(np.outer(counts, counts)) + shrinkage + _LEAST)
    kept = min(int(neighbours), item_count - 1)
    least = -np.partition(-alike, kept - 1, axis=1)[:, kept - 1 : kept]
    # Rows are items of the history: each item is reached from its own nearest.
    return np.where(alike >= least, alike, 0).T.astype(np.float32)


def _ease(sequences: Sequence[Ints], item_count: int, regularization: float) -> Floats:
    """Returns the weights of Steck: Embarrassingly Shallow Autoencoders for Sparse Data, 2019."""
    taken = _matrix(sequences, item_count)
    gram = np.asarray((taken.T @ taken).todense(), np.float64)
    gram[np.diag_indices(item_count)] += regularization
    inverse = np.linalg.inv(gram)
    weights = -inverse / inverse.diagonal()
    np.fill_diagonal(weights, 0)
    return weights.astype(np.float32)


def _transitions(
    sequences: Sequence[Ints], item_count: int, window: float, popularity: float
) -> Floats:
    """Returns how often an item came within a window after another one.

    The nearer it came, the more it counts, as one by the distance; what comes after everything
    counts less, by its number to the power of `popularity`.
    """
    counts = scipy.sparse.csr_matrix((item_count, item_count), dtype=np.float32)
    for distance in range(1, int(window) + 1):
        before = np.concatenate([items[:-distance] for items in sequences])
        after = np.concatenate([items[distance:] for items in sequences])
        ones = np.full(len(before), 1 / distance, np.float32)
        counts += scipy.sparse.csr_matrix((ones, (before, after)), counts.shape)
    dense = np.asarray(counts.todense(), np.float32)
    divided: Floats = dense / (dense.sum(axis=0) + 1) ** np.float32(popularity)
    return divided


def _evenly(ages: Ints) -> Floats:
    return np.ones(len(ages), np.float32)


def _fading(ages: Ints, half: float) -> Floats:
    """Halves what an item counts with each `half` items that came after it."""
    weights: Floats = (0.5 ** (ages / half)).astype(np.float32)
    return weights


# What keeps a quotient finite.
_LEAST = 1e-9
_REGULARIZATIONS = (20.0, 50.0, 100.0, 200.0, 400.0, 800.0)
_HALVES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)

ITEM_KNN = Method("item_knn", _item_knn, _evenly, [(20, 50, 100, 200), (0, 10, 50)], [])
EASE = Method("ease", _ease, _evenly, [_REGULARIZATIONS], [])
RECENT_EASE = Method("recent_ease", _ease, _fading, [_REGULARIZATIONS], [_HALVES])
TRANSITIONS = Method(
    "transitions", _transitions, _fading, [(1, 3, 5, 10, 20), (0, 0.25, 0.5)], [_HALVES]
)
METHODS = (ITEM_KNN, EASE, RECENT_EASE, TRANSITIONS)


def _matrix(
    sequences: Sequence[Ints], item_count: int, weights: Iterable[Floats] | None = None
) -> scipy.sparse.csr_matrix:
    lengths = [len(items) for items in sequences]
    values = np.ones(sum(lengths), np.float32) if weights is None else np.concatenate(list(weights))
    places = (np.repeat(np.arange(len(sequences)), lengths), np.concatenate(sequences))
    return scipy.sparse.csr_matrix((values, places), shape=(len(sequences), item_count))
