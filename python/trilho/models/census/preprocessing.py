"""From a person's fields, as a client sends them, to what the network computes with."""

from collections.abc import Mapping
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers, ops

from trilho.data.census import NUMBERS, STRINGS, People

__all__ = ["CROSSES", "Statistics", "build", "measure"]

# Pairs of fields that together say what neither says alone; numbers by their buckets.
CROSSES = (
    ("education", "occupation"),
    ("age", "marital_status"),
    ("relationship", "occupation"),
    ("education", "marital_status"),
    ("age", "education"),
    ("workclass", "occupation"),
    ("hours_per_week", "occupation"),
    ("capital_gain", "marital_status"),
    ("gender", "marital_status"),
    ("native_country", "race"),
    ("hours_per_week", "relationship"),
    ("age", "relationship"),
    ("capital_loss", "marital_status"),
)

_UNKNOWN = "?"
# A value that fewer people share says too little.
_LEAST_PEOPLE = 5
# The tax office's amounts: a few round numbers, each with a history of its own, and many zeros.
_AMOUNTS = ("capital_gain", "capital_loss")
# These have few enough values for a bucket each.
_EXACT = (*_AMOUNTS, "education_num")
_QUANTILES = 20


@dataclass(frozen=True, kw_only=True)
class Statistics:
    """What is known of the training split.

    Attributes:
        vocabularies: For each of STRINGS its values, sorted, without those that count as unknown.
        boundaries: For each of NUMBERS where a bucket ends and the next begins, ascending.
        ranges: For each of NUMBERS the smallest and the largest value.
        moments: For each of NUMBERS mean and variance, of the logarithm in the case of amounts.
    """

    vocabularies: Mapping[str, tuple[str, ...]]
    boundaries: Mapping[str, tuple[float, ...]]
    ranges: Mapping[str, tuple[float, float]]
    moments: Mapping[str, tuple[float, float]]

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many categories each field has, the unknown one included; as in `build`."""
        words = [len(self.vocabularies[name]) + 1 for name in STRINGS]
        return (*words, *(len(self.boundaries[name]) + 1 for name in NUMBERS))


def measure(people: People) -> Statistics:
    """Measures the training split.

    Args:
        people: The training split, without what is held back to validate with.

    Returns:
        Its statistics.
    """
    numbers = {name: people.fields[name] for name in NUMBERS}
    scaled = {name: _scale(name, column) for name, column in numbers.items()}
    return Statistics(
        vocabularies={name: _vocabulary(people.fields[name]) for name in STRINGS},
        boundaries={name: _boundaries(name, column) for name, column in numbers.items()},
        ranges={name: (float(c.min()), float(c.max())) for name, c in numbers.items()},
        # A field that is the same for all must not divide by zero.
        moments={name: (float(c.mean()), float(c.var()) or 1.0) for name, c in scaled.items()},
    )


def build(statistics: Statistics, *, cross_bins: int) -> keras.Model:
    """Makes the preprocessing, which has nothing to be trained.

    Args:
        statistics: Of the training split.
        cross_bins: How many numbers a crossing's pairs are hashed to.

    Returns:
        A model from the fields by name, float32 and string [n], to

        - "categories", int32 [n, 13]: which category of each of STRINGS, then each of NUMBERS. All
          fields share one numbering; a field's first number is its unknown category (for numbers,
          its lowest bucket).
        - "crosses", int32 [n, 13]: the hash of each of CROSSES, in one numbering as well.
        - "numbers", float32 [n, width]: how large each number is, in several ways.
    """
    inputs = {name: keras.Input([], dtype="float32", name=name) for name in NUMBERS}
    inputs |= {name: keras.Input([], dtype="string", name=name) for name in STRINGS}
    categories = {}
    for name in STRINGS:
        words = list(statistics.vocabularies[name])
        lookup = layers.StringLookup(vocabulary=words, name=f"{name}_lookup")
        categories[name] = ops.cast(lookup(inputs[name]), "int32")
    numbers = []
    for name in NUMBERS:
        # What lies beyond all that was seen counts as the most extreme that was.
        value = ops.clip(inputs[name], *statistics.ranges[name])
        boundaries = list(statistics.boundaries[name])
        buckets = layers.Discretization(bin_boundaries=boundaries, name=f"{name}_buckets")
        categories[name] = ops.cast(buckets(value), "int32")
        numbers.append(_normalized(name, value, statistics))
        if name not in _AMOUNTS:
            numbers.append(_piecewise(name, value, statistics))
    crosses = []
    for first, second in CROSSES:
        cross = layers.HashedCrossing(cross_bins, name=f"{first}_x_{second}")
        crosses.append(cross((categories[first], categories[second])))
    outputs = {
        "categories": _joined(list(categories.values()), statistics.sizes),
        "crosses": _joined(crosses, (cross_bins,) * len(CROSSES)),
        "numbers": ops.concatenate(numbers, axis=1),
    }
    return keras.Model(inputs, outputs, name="preprocessing")


def _vocabulary(column: np.ndarray) -> tuple[str, ...]:
    words, counts = np.unique(column.astype(str), return_counts=True)
    kept = zip(words.tolist(), counts.tolist(), strict=True)
    return tuple(word for word, count in kept if count >= _LEAST_PEOPLE and word != _UNKNOWN)


def _boundaries(name: str, column: np.ndarray) -> tuple[float, ...]:
    if name in _EXACT:
        values, counts = np.unique(column, return_counts=True)
        values = values[counts >= _LEAST_PEOPLE]
        found = (values[1:] + values[:-1]) / 2
    else:
        found = np.unique(np.quantile(column, np.linspace(0, 1, _QUANTILES + 1)[1:-1]))
    # Discretization needs one.
    return tuple(found.tolist()) or (float(column.max()),)


def _scale(name: str, column: np.ndarray) -> np.ndarray:
    return np.log1p(column) if name in _AMOUNTS else column


def _normalized(name: str, value: keras.KerasTensor, statistics: Statistics) -> keras.KerasTensor:
    mean, variance = statistics.moments[name]
    layer = layers.Normalization(axis=None, mean=mean, variance=variance, name=f"{name}_normalized")
    scaled = ops.log1p(value) if name in _AMOUNTS else value
    return ops.expand_dims(layer(scaled), 1)


def _piecewise(name: str, value: keras.KerasTensor, statistics: Statistics) -> keras.KerasTensor:
    """How far through each bucket the value is: 0 below it, 1 above it.

    From Gorishniy et al., "On Embeddings for Numerical Features in Tabular Deep Learning", 2022.
    """
    low, high = statistics.ranges[name]
    edges = np.unique(np.array([low, *statistics.boundaries[name], high], np.float32))
    if len(edges) == 1:
        edges = np.array([edges[0], edges[0] + 1], np.float32)
    share = (ops.expand_dims(value, 1) - edges[:-1]) / (edges[1:] - edges[:-1])
    return ops.clip(share, 0.0, 1.0)


def _joined(columns: list[keras.KerasTensor], sizes: tuple[int, ...]) -> keras.KerasTensor:
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int32)
    return ops.cast(ops.stack(columns, axis=1), "int32") + starts
