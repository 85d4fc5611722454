"""Keeping the figures of a run, for its report: they survive an interruption."""

import json
from pathlib import Path
from typing import IO

import keras
import tensorflow as tf

from trilho.export.figures import as_json, of_json
from trilho.training.loop import Figures

__all__ = ["CURVES_NAME", "CurveReporter", "Point", "read"]

CURVES_NAME = "curves.jsonl"

# The split, "train" or "validation", the step, and the figures.
Point = tuple[str, int, dict[str, float]]


class CurveReporter:
    """Writes a line of JSON for each report."""

    def __init__(self, directory: Path) -> None:
        """Prepares to write.

        Args:
            directory: The stage's folder, made if missing; gets curves.jsonl.
        """
        self._path = directory / CURVES_NAME
        self._file: IO[str] | None = None

    def start(self, *, steps: int, first: int, name: str) -> None:  # noqa: ARG002 - the Reporter's
        """Keeps of an interrupted run what came before its checkpoint."""
        kept = [point for point in read(self._path.parent) if point[1] <= first]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("w", encoding="utf-8")
        for point in kept:
            self._write(*point)

    def graph(self, graph: tf.Graph) -> None:
        """Does nothing."""

    def train(self, step: int, figures: Figures) -> None:
        """Writes a point of the training curves."""
        self._write("train", step, dict(figures))

    def validation(self, step: int, figures: Figures) -> None:
        """Writes a point of the validation curves."""
        self._write("validation", step, dict(figures))

    def weights(self, step: int, model: keras.Model) -> None:
        """Does nothing."""

    def early(self, step: int, *, best: int) -> None:
        """Does nothing."""

    def stop(self) -> None:
        """Closes the file."""
        if self._file:
            self._file.close()

    def _write(self, split: str, step: int, figures: dict[str, float]) -> None:
        if self._file:
            self._file.write(json.dumps([split, step, as_json(figures)], allow_nan=False) + "\n")
            self._file.flush()


def read(directory: Path) -> list[Point]:
    """Reads a stage's curves.

    Args:
        directory: The stage's folder.

    Returns:
        What was written, with NaN for what is not finite; nothing if there is no file. The last
        line of a process that was killed may be half of one, and is left out.
    """
    path = directory / CURVES_NAME
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    points = [json.loads(line) for line in lines]
    return [(split, step, of_json(figures)) for split, step, figures in points]
