"""Keeping what was measured: TensorBoard's log and metrics.json."""

import json
from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf

from trilho.training.loop import Metrics

__all__ = ["METRICS_NAME", "TensorBoardReporter", "write_metrics"]

METRICS_NAME = "metrics.json"


class TensorBoardReporter:
    """Writes a run's loss, accuracy and graph to a folder that TensorBoard reads."""

    def __init__(self, directory: Path) -> None:
        """Prepares to write.

        Args:
            directory: The run's folder, made if missing; gets the folders train and validation.
        """
        self._train = tf.summary.create_file_writer(str(directory / "train"))
        self._validation = tf.summary.create_file_writer(str(directory / "validation"))

    def start(self, *, steps: int) -> None:
        """Does nothing: TensorBoard has no use for the number of steps."""

    def graph(self, graph: tf.Graph) -> None:
        """Writes the graph of a training step."""
        with self._train.as_default():
            tf.summary.graph(graph)

    def train(self, step: int, metrics: Metrics) -> None:
        """Writes a point of the training curves."""
        _write_scalars(self._train, step, metrics)

    def validation(self, step: int, metrics: Metrics) -> None:
        """Writes a point of the validation curves."""
        _write_scalars(self._validation, step, metrics)

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


def _write_scalars(writer: tf.summary.SummaryWriter, step: int, metrics: Metrics) -> None:
    with writer.as_default(step=step):
        tf.summary.scalar("loss", metrics.loss)
        tf.summary.scalar("accuracy", metrics.accuracy)
