"""Keeping what was measured: TensorBoard's log and metrics.json."""

import json
from collections.abc import Mapping
from pathlib import Path

import keras
import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams

from trilho.training.loop import Figures

__all__ = ["METRICS_NAME", "TensorBoardReporter", "write_metrics"]

METRICS_NAME = "metrics.json"


class TensorBoardReporter:
    """Writes a run's figures, graph, weights and options to a folder that TensorBoard reads."""

    def __init__(
        self, directory: Path, options: Mapping[str, bool | float | str] | None = None
    ) -> None:
        """Prepares to write.

        Args:
            directory: The run's folder, made if missing; gets the folders train and validation.
            options: The run's hyperparameters, by name.
        """
        self._train = tf.summary.create_file_writer(str(directory / "train"))
        self._validation = tf.summary.create_file_writer(str(directory / "validation"))
        self._options = dict(options or {})

    def start(self, *, steps: int, first: int) -> None:  # noqa: ARG002 - the Reporter's
        """Writes the options, for both folders, as each is a run to TensorBoard."""
        for writer in (self._train, self._validation):
            with writer.as_default():
                hparams.hparams(self._options)

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

    def stop(self) -> None:
        """Writes what is still in memory."""
        self._train.close()
        self._validation.close()


def write_metrics(directory: Path, values: Mapping[str, float]) -> Path:
    """Writes metrics.json.

    Args:
        directory: The run's folder, made if missing.
        values: What was measured, by name.

    Returns:
        The file.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / METRICS_NAME
    text = json.dumps(dict(values), indent=2, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def _write_scalars(writer: tf.summary.SummaryWriter, step: int, figures: Figures) -> None:
    with writer.as_default(step=step):
        for name, value in figures.items():
            tf.summary.scalar(name, value)
