"""Showing how a run goes."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

__all__ = ["ProgressReporter"]

_LINES = 10


class ProgressReporter:
    """Shows step, figures and the time left: a bar on a terminal, lines elsewhere."""

    def __init__(self, console: Console | None = None) -> None:
        """Prepares to show.

        Args:
            console: Where to; standard error by default.
        """
        self._console = console or Console(stderr=True, highlight=False)
        self._progress = Progress(
            TextColumn("{task.fields[name]}step"),
            MofNCompleteColumn(),
            BarColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._progress.add_task("", figures="", name="")
        self._name = ""
        self._steps = 0
        self._first = 0
        self._shown = 0
        self._started = 0.0

    def start(self, *, steps: int, first: int, name: str = "") -> None:
        """Shows a bar with what is done already."""
        self._steps, self._first = steps, first
        self._name = f"{name}  " if name else ""
        self._shown = first * _LINES // steps
        self._started = time.monotonic()
        self._progress.reset(self._task, total=steps, completed=first, figures="", name=self._name)
        self._progress.start()
        if first:
            self._print(f"resumed after step {first}/{steps}")

    def graph(self, graph: "tf.Graph") -> None:
        """Does nothing."""

    def train(self, step: int, figures: Mapping[str, float]) -> None:
        """Moves the bar, or prints a line if a tenth of the run went by."""
        text = _text(figures)
        self._progress.update(self._task, completed=step, figures=text)
        if self._console.is_terminal:
            return
        tenth = step * _LINES // self._steps
        if tenth > self._shown:
            self._shown = tenth
            elapsed = time.monotonic() - self._started
            left = elapsed / (step - self._first) * (self._steps - step)
            self._print(f"{self._step(step)}  {text}  {left:.0f} s left")

    def validation(self, step: int, figures: Mapping[str, float]) -> None:
        """Prints a line."""
        self._print(f"{self._step(step)}  validation  {_text(figures)}")

    def weights(self, step: int, model: "keras.Model") -> None:
        """Does nothing."""

    def early(self, step: int, *, best: int) -> None:
        """Prints a line."""
        self._print(f"{self._step(step)}  stopped early, as step {best} was the best")

    def stop(self) -> None:
        """Leaves the bar as it is."""
        self._progress.stop()

    def _step(self, step: int) -> str:
        return f"step {step:{len(str(self._steps))}}/{self._steps}"

    def _print(self, line: str) -> None:
        self._console.print(f"{self._name}{line}", soft_wrap=True, markup=False)


def _text(figures: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {value:.4f}" for name, value in figures.items())
