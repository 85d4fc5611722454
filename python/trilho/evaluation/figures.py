"""Figures of classifiers, as the trainers' own: by scikit-learn out of what a server answered.

They are NaN if one of the scores is not finite, as no order of such scores means anything.
"""

import math
from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

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
    return float(accuracy_score(labels, scores.argmax(axis=1)))


def cross_entropy(labels: Labels, scores: Floats) -> float:
    """Returns the mean of minus the logarithm of the probability of each row's class.

    Args:
        labels: Indices of classes, [n].
        scores: Probabilities, [n, classes].
    """
    if not np.isfinite(scores).all():
        return math.nan
    likely = np.clip(scores.astype(np.float64), _LEAST, 1 - _LEAST)
    # Of float32 they do not sum up to one exactly, which scikit-learn would complain about.
    likely /= likely.sum(axis=1, keepdims=True)
    return float(log_loss(labels, likely, labels=np.arange(scores.shape[1])))


def auc(labels: Labels, scores: Floats) -> float:
    """Returns the area under the ROC curve.

    Args:
        labels: 0 or 1, [n].
        scores: [n], greater where 1 is likelier.
    """
    if not np.isfinite(scores).all():
        return math.nan
    return float(roc_auc_score(labels, scores))
