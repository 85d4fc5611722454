"""Showing how a run goes."""

import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    import tensorflow as tf

    from trilho.training.loop import Metrics

__all__ = ["ProgressReporter"]

_LINES = 10


class ProgressReporter:
    """Shows step, loss, accuracy and the time left: a bar on a terminal, lines elsewhere."""

    def __init__(self, console: Console | None = None) -> None:
        """Prepares to show.

        Args:
            console: Where to; standard error by default.
        """
        self._console = console or Console(stderr=True, highlight=False)
        self._progress = Progress(
            TextColumn("step"),
            MofNCompleteColumn(),
            BarColumn(),
            TextColumn("{task.fields[metrics]}"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._progress.add_task("", metrics="")
        self._steps = 0
        self._shown = 0
        self._started = 0.0

    def start(self, *, steps: int) -> None:
        """Shows an empty bar."""
        self._steps = steps
        self._started = time.monotonic()
        self._progress.reset(self._task, total=steps, metrics="")
        self._progress.start()

    def graph(self, graph: "tf.Graph") -> None:
        """Does nothing."""

    def train(self, step: int, metrics: "Metrics") -> None:
        """Moves the bar, or prints a line if a tenth of the run went by."""
        text = f"loss {metrics.loss:.4f}  accuracy {metrics.accuracy:.4f}"
        self._progress.update(self._task, completed=step, metrics=text)
        if self._console.is_terminal:
            return
        tenth = step * _LINES // self._steps
        if tenth > self._shown:
            self._shown = tenth
            elapsed = time.monotonic() - self._started
            left = elapsed / step * (self._steps - step)
            width = len(str(self._steps))
            self._print(f"step {step:{width}}/{self._steps}  {text}  {left:.0f} s left")

    def validation(self, step: int, metrics: "Metrics") -> None:
        """Prints the last step's figures; those before are TensorBoard's."""
        if step == self._steps:
            self._print(f"validation  loss {metrics.loss:.4f}  accuracy {metrics.accuracy:.4f}")

    def stop(self) -> None:
        """Leaves the bar as it is."""
        self._progress.stop()

    def _print(self, line: str) -> None:
        self._console.print(line, soft_wrap=True, markup=False)
