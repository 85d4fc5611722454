"""Figures of classifiers, as the trainers' own, out of what a server answered.

They are scikit-learn's, which a test compares them with; a container that trains does without the
30 MB of it and SciPy. They are NaN if one of the scores is not finite, as no order of such scores
means anything.
"""

import math
from typing import Any

import numpy as np

__all__ = ["accuracy", "auc", "cross_entropy"]

# As Keras has it: no probability counts as 0.
_LEAST = 1e-7

Floats = np.ndarray[Any, np.dtype[np.float32]]
Labels = np.ndarray[Any, np.dtype[Any]]


def accuracy(labels: Labels, scores: Floats) -> float:
    """Returns the share of rows whose largest score is that of their class.

    Args:
        labels: Indices of classes, [n].
        scores: [n, classes].
    """
    if not np.isfinite(scores).all():
        return math.nan
    return float(np.mean(scores.argmax(axis=1) == labels))


def cross_entropy(labels: Labels, scores: Floats) -> float:
    """Returns the mean of minus the logarithm of the probability of each row's class.

    Args:
        labels: Indices of classes, [n].
        scores: Probabilities, [n, classes].
    """
    if not np.isfinite(scores).all():
        return math.nan
    likely = np.clip(scores.astype(np.float64), _LEAST, 1 - _LEAST)
    # Of float32 they do not sum up to one exactly.
    likely /= likely.sum(axis=1, keepdims=True)
    return float(-np.mean(np.log(likely[np.arange(len(labels)), labels])))


def auc(labels: Labels, scores: Floats) -> float:
    """Returns the area under the ROC curve; NaN if all labels are the same.

    It is the share of pairs of a 1 and a 0 in which the 1 has the greater score, an equal one
    counting half (Mann and Whitney's U).

    Args:
        labels: 0 or 1, [n].
        scores: [n], greater where 1 is likelier.
    """
    ones = np.asarray(labels) == 1
    pairs = int(ones.sum()) * int((~ones).sum())
    if not pairs or not np.isfinite(scores).all():
        return math.nan
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    # The mean rank, from 1, of those that are equal.
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    least = ones.sum() * (ones.sum() + 1) / 2
    return float((ranks[ones].sum() - least) / pairs)
