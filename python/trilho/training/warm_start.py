"""Beginning with the weights of a published version instead of random ones."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from trilho.export.publishing import version_folder
from trilho.training.leftovers import TrainError

__all__ = ["Weights"]

# Where Keras' ExportArchive keeps the variables of the networks that it tracks, in their order.
_KEY = "variables/{}/.ATTRIBUTES/VARIABLE_VALUE"
_VARIABLES = "variables/variables"

Array = np.ndarray[Any, np.dtype[Any]]


class Weights:
    """The weights of a version, which the networks of a run take one after the other."""

    def __init__(self, folder: Path | None) -> None:
        """Reads them.

        Args:
            folder: The version's folder, or the model's: then its newest version is taken. None
                for no weights: networks keep their own.

        Raises:
            ExportError: It is neither.
            TrainError: It has no weights that could be told apart, as one that was imported.
        """
        self._folder = None if folder is None else version_folder(folder)
        self._values = [] if self._folder is None else _read(self._folder)
        self._taken = 0

    def give(self, model: keras.Model, *, is_last: bool) -> None:
        """Assigns the next weights to a network; the states of random numbers stay its own.

        Args:
            model: Built; the networks come in the order in which they were exported.
            is_last: Whether no network comes behind it.

        Raises:
            TrainError: They are of another network.
        """
        if self._folder is None:
            return
        taken = self._next(model.variables)
        if is_last and (left := len(self._values) - self._taken):
            raise TrainError(f"{self._folder} has {left} variables more than the networks here")
        for variable, value in taken:
            if not _is_random_state(variable):
                variable.assign(value)

    def _next(self, variables: Sequence[keras.Variable]) -> Iterator[tuple[keras.Variable, Array]]:
        values = self._values[self._taken : self._taken + len(variables)]
        if len(values) < len(variables):
            raise TrainError(
                f"{self._folder} has {len(self._values)} variables, less than the networks here; "
                "the options that these depend on must be those of the version"
            )
        for variable, value in zip(variables, values, strict=True):
            if tuple(variable.shape) != value.shape:
                raise TrainError(
                    f"{variable.path} is {list(variable.shape)}, and {list(value.shape)} in "
                    f"{self._folder}; the options that it depends on must be those of the version"
                )
        self._taken += len(variables)
        return zip(variables, values, strict=True)


def _read(folder: Path) -> list[Array]:
    try:
        reader = tf.train.load_checkpoint(str(folder / _VARIABLES))
    except (tf.errors.OpError, ValueError) as error:
        raise TrainError(f"{folder} has no weights to begin with: {error}") from error
    values: list[Array] = []
    while reader.has_tensor(key := _KEY.format(len(values))):
        values.append(reader.get_tensor(key))
    if not values:
        raise TrainError(f"{folder} has no weights to begin with: it was not trained by trilho")
    return values


def _is_random_state(variable: keras.Variable) -> bool:
    return "seed_generator" in variable.path
