"""Keeping what was measured: TensorBoard's log and metrics.json."""

import json
from collections.abc import Mapping
from pathlib import Path

import keras
import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams

from trilho.export.figures import as_json
from trilho.training.leftovers import METRICS_NAME
from trilho.training.loop import Figures

__all__ = [
    "TensorBoardReporter",
    "clear_events",
    "write_hyperparameters",
    "write_metrics",
]

_SPLITS = ("train", "validation")


class TensorBoardReporter:
    """Writes a stage's figures, graph and weights to a folder that TensorBoard reads."""

    def __init__(self, directory: Path) -> None:
        """Prepares to write.

        Args:
            directory: The stage's folder, made if missing; gets the folders train and validation.
        """
        self._train, self._validation = (
            tf.summary.create_file_writer(str(directory / split)) for split in _SPLITS
        )

    def start(self, *, steps: int, first: int, name: str) -> None:
        """Does nothing."""

    def graph(self, graph: tf.Graph) -> None:
        """Writes the graph of a training step."""
        with self._train.as_default():
            tf.summary.graph(graph)

    def train(self, step: int, figures: Figures) -> None:
        """Writes a point of the training curves."""
        _write_scalars(self._train, step, figures)

    def validation(self, step: int, figures: Figures) -> None:
        """Writes a point of the validation curves."""
        _write_scalars(self._validation, step, figures)

    def weights(self, step: int, model: keras.Model) -> None:
        """Writes a histogram of each weight."""
        with self._train.as_default(step=step):
            for variable in model.weights:
                tf.summary.histogram(variable.path, keras.ops.convert_to_tensor(variable))

    def early(self, step: int, *, best: int) -> None:
        """Does nothing."""

    def stop(self) -> None:
        """Writes what is still in memory."""
        self._train.close()
        self._validation.close()


def clear_events(directory: Path) -> None:
    """Removes what an earlier run left in TensorBoard's log, which would be drawn as well.

    Args:
        directory: The run's folder, with folders of the stages if there are several.
    """
    for folder in (".", *_SPLITS, *(f"*/{split}" for split in _SPLITS)):
        for path in directory.glob(f"{folder}/events.out.tfevents.*"):
            path.unlink()


def write_hyperparameters(directory: Path, options: Mapping[str, object]) -> None:
    """Writes what a run is trained with: it makes the run a row of TensorBoard's tab HParams.

    The columns, with their types and ranges over all runs, and the figures that go with a row are
    found by TensorBoard itself.

    Args:
        directory: The run's folder, in which those of its stages are.
        options: By name; numbers, truth values and strings stay what they are, others become
            strings.
    """
    with tf.summary.create_file_writer(str(directory)).as_default():
        hparams.hparams({name: _as_hyperparameter(value) for name, value in options.items()})


def write_metrics(directory: Path, values: Mapping[str, float]) -> Path:
    """Writes what a run came to: metrics.json, and scalars that the tab HParams shows.

    Args:
        directory: The run's folder, made if missing.
        values: What was measured, by name.

    Returns:
        metrics.json; it has null for NaN and the infinities.
    """
    with tf.summary.create_file_writer(str(directory)).as_default():
        for name, value in values.items():
            tf.summary.scalar(name, value, step=0)
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / METRICS_NAME
    text = json.dumps(as_json(values), indent=2, sort_keys=True, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def _write_scalars(writer: tf.summary.SummaryWriter, step: int, figures: Figures) -> None:
    with writer.as_default(step=step):
        for name, value in figures.items():
            tf.summary.scalar(name, value)


def _as_hyperparameter(value: object) -> bool | float | str:
    if isinstance(value, tuple | list):
        return ",".join(str(one) for one in value)
    return value if isinstance(value, bool | int | float | str) else str(value)
