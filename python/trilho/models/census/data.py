"""Census as pipelines of batches."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import keras
import numpy as np
import tensorflow as tf

from trilho.data.cache import DataError
from trilho.data.census import STRINGS, Census, People
from trilho.training import batches

__all__ = ["Rows", "held_back", "tensors"]


@dataclass(frozen=True, kw_only=True)
class Rows:
    """People as the network takes them.

    Attributes:
        inputs: What the preprocessing returns, by name, [n, ...].
        labels: int64 [n], indices into CLASSES.
    """

    inputs: Mapping[str, np.ndarray]
    labels: np.ndarray

    @classmethod
    def of(cls, people: People, preprocessing: keras.Model) -> Self:
        """Preprocesses people, once and not in every epoch."""
        parts = list(batches.once(tensors(people), transform=preprocessing))
        inputs = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        return cls(inputs=inputs, labels=people.labels)

    @property
    def columns(self) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Inputs and labels, as `trilho.training.batches` takes them."""
        return dict(self.inputs), self.labels


def held_back(people: Census, *, validation_size: int, batch_size: int) -> tuple[People, People]:
    """Divides the training split.

    Args:
        people: The data set.
        validation_size: How many people to validate with: the last ones.
        batch_size: How many must be left at least.

    Returns:
        Whom to train with, and whom to validate with.

    Raises:
        DataError: Less than one batch would be left to train with.
    """
    size = len(people.train) - validation_size
    if size < batch_size:
        raise DataError(
            f"{len(people.train)} people are too few for {validation_size} to validate with "
            f"and a batch of {batch_size}"
        )
    return people.train.take(slice(size)), people.train.take(slice(size, None))


def tensors(people: People) -> dict[str, tf.Tensor]:
    """Returns the fields as the served model takes them, float32 and string [n]."""
    return {
        name: tf.constant(column.tolist(), tf.string) if name in STRINGS else tf.constant(column)
        for name, column in people.fields.items()
    }
