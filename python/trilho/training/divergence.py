"""The end of a run whose loss, or one of whose weights, is no finite number any more."""

import math
from pathlib import Path

import keras
import numpy as np

from trilho.training.leftovers import TrainError

__all__ = ["DivergedError", "are_finite", "is_finite", "learning_rate"]

_LESS = 10


class DivergedError(TrainError):
    """A run has diverged: nothing that it learns from here on is any good."""

    def __init__(
        self,
        what: str,
        *,
        step: int,
        steps: int,
        learning_rate: float,
        checkpoint: Path | None,
        name: str = "",
    ) -> None:
        """Says what happened, and what to try.

        Args:
            what: What is not finite, with its value, e.g. "the loss is nan".
            step: After which step.
            steps: Of how many.
            learning_rate: The one of that step.
            checkpoint: The last checkpoint of finite numbers; None if there is none.
            name: What was trained; "" for the only network of a run.
        """
        if checkpoint:
            kept = f"{checkpoint} has the last good checkpoint"
            anew, on = "--restart with ", "--resume "
        else:
            kept, anew, on = "there is no good checkpoint yet", "", ""
        super().__init__(
            f"{f'{name}: ' if name else ''}{what} after step {step} of {steps}, with a learning "
            f"rate of {learning_rate:g}; try {anew}a rate of {learning_rate / _LESS:g} or less, an "
            "optimizer that clips gradients, or data without extreme values; "
            f"{on}--set stop_on_nan=false trains on all the same; {kept}"
        )


def is_finite(value: float) -> bool:
    """Tells whether a loss, a tensor or a number, is neither NaN nor infinite."""
    return math.isfinite(float(value))


def are_finite(model: keras.Model, optimizer: keras.optimizers.Optimizer) -> bool:
    """Tells whether all of a run's state is finite, so that it may be kept to go on from.

    Args:
        model: Its weights are looked at.
        optimizer: What it remembers of the gradients is looked at, too.
    """
    return all(
        np.isfinite(keras.ops.convert_to_numpy(variable)).all()
        for variable in (*model.variables, *optimizer.variables)
        if keras.backend.is_float_dtype(variable.dtype)
    )


def learning_rate(optimizer: keras.optimizers.Optimizer) -> float:
    """Returns the learning rate of the last step; of a schedule the optimizer tells the next."""
    optimizer.iterations.assign_sub(1)
    rate = float(keras.ops.convert_to_numpy(optimizer.learning_rate))
    optimizer.iterations.assign_add(1)
    return rate
