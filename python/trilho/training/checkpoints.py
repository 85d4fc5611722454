"""A run's state on the disk, from which it goes on as if nothing had happened."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

__all__ = ["Checkpoints", "Position"]


@dataclass(kw_only=True)
class Position:
    """How far a run has come.

    Attributes:
        step: Steps done.
        waited: Validations since the best one.
        best: The weights of the best validation; None before the first or if nobody asks for them.
        best_step: The step of it.
        best_value: What it said.
    """

    step: int = 0
    waited: int = 0
    best: Sequence[np.ndarray] | None = None
    best_step: int = 0
    best_value: float = 0.0


class Checkpoints:
    """The last states of a run: weights, seeds, the optimizer's, and the position in the data.

    Each is written by tf.train.CheckpointManager, which renames it into place, so a process that is
    killed leaves the one before. The state of `keras.random.SeedGenerator`s is part of the model;
    that of TensorFlow's own random operations (`tf.random.uniform`) cannot be kept, so a model that
    uses them does not go on in the same way.
    """

    def __init__(self, directory: Path, *, reads: bool = True, writes: bool = True) -> None:
        """Prepares to keep states.

        Args:
            directory: The stage's folder, made if missing.
            reads: Whether to begin with what is there.
            writes: Whether to keep states; of several workers one does.
        """
        self._directory = directory
        self._reads = reads
        self._writes = writes

    def clear(self) -> None:
        """Removes what an earlier run left."""
        shutil.rmtree(self._directory, ignore_errors=True)

    def latest(self) -> Path | None:
        """Returns where the last state is, without the ending of its files; None without one."""
        found = tf.train.latest_checkpoint(str(self._directory))
        return None if found is None else Path(found)

    def save(
        self,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        position: Position,
    ) -> None:
        """Keeps a state; all but the last two are removed.

        Args:
            model: Built.
            optimizer: Built.
            position: How far they are.
        """
        if self._writes:
            self._manager(model, optimizer, position).save(checkpoint_number=position.step)

    def restore(self, model: keras.Model, optimizer: keras.optimizers.Optimizer) -> Position:
        """Brings back the last state, if there is one.

        Args:
            model: Built; gets the state's variables.
            optimizer: Built; gets the state's variables.

        Returns:
            How far they are now; at the start if no state was kept.

        Raises:
            tf.errors.OpError: It cannot be read.
            AssertionError: It is the state of another model.
        """
        latest = tf.train.latest_checkpoint(str(self._directory)) if self._reads else None
        if latest is None:
            return Position()
        has_best = any(name.startswith("best/") for name, _ in tf.train.list_variables(latest))
        empty = [np.zeros(one.shape, one.dtype) for one in model.weights] if has_best else None
        numbers, best, checkpoint = _checkpoint(model, optimizer, Position(best=empty))
        checkpoint.restore(latest).assert_consumed()
        step, waited, best_step, best_value = (one.numpy().item() for one in numbers)
        return Position(
            step=int(step),
            waited=int(waited),
            best=[one.numpy() for one in best] if has_best else None,
            best_step=int(best_step),
            best_value=best_value,
        )

    def _manager(
        self, model: keras.Model, optimizer: keras.optimizers.Optimizer, position: Position
    ) -> tf.train.CheckpointManager:
        _, _, checkpoint = _checkpoint(model, optimizer, position)
        return tf.train.CheckpointManager(checkpoint, str(self._directory), max_to_keep=2)


def _checkpoint(
    model: keras.Model, optimizer: keras.optimizers.Optimizer, position: Position
) -> tuple[list[tf.Variable], list[tf.Variable], tf.train.Checkpoint]:
    values = (position.step, position.waited, position.best_step, position.best_value)
    numbers = [tf.Variable(value, dtype=tf.float64) for value in values]
    best = [tf.Variable(value) for value in position.best or ()]
    # Lists of TensorFlow's variables, as Keras changes how it tracks its own.
    checkpoint = tf.train.Checkpoint(
        position=numbers,
        best=best,
        model=[variable.value for variable in model.variables],
        optimizer=[variable.value for variable in optimizer.variables],
    )
    return numbers, best, checkpoint
