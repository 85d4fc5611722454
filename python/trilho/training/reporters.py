"""Telling several reporters at once."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf

    from trilho.training.loop import Metrics, Reporter

__all__ = ["Reporters"]


class Reporters:
    """Passes on what it is told, in the order of its reporters."""

    def __init__(self, *reporters: "Reporter") -> None:
        """Joins `reporters`."""
        self._reporters = reporters

    def start(self, *, steps: int) -> None:
        """Begins a run of `steps` steps."""
        for reporter in self._reporters:
            reporter.start(steps=steps)

    def graph(self, graph: "tf.Graph") -> None:
        """Shows the graph of a training step."""
        for reporter in self._reporters:
            reporter.graph(graph)

    def train(self, step: int, metrics: "Metrics") -> None:
        """Gives the means of the training batches since the last call."""
        for reporter in self._reporters:
            reporter.train(step, metrics)

    def validation(self, step: int, metrics: "Metrics") -> None:
        """Gives what the validation split says."""
        for reporter in self._reporters:
            reporter.validation(step, metrics)

    def stop(self) -> None:
        """Ends the run."""
        for reporter in self._reporters:
            reporter.stop()
