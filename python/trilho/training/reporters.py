"""Telling several reporters at once."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from trilho.training.loop import Figures, Reporter

__all__ = ["Reporters"]


class Reporters:
    """Passes on what it is told, in the order of its reporters."""

    def __init__(self, *reporters: "Reporter") -> None:
        """Joins `reporters`."""
        self._reporters = reporters

    def start(self, *, steps: int, first: int, name: str) -> None:
        """Begins a run."""
        for reporter in self._reporters:
            reporter.start(steps=steps, first=first, name=name)

    def graph(self, graph: "tf.Graph") -> None:
        """Shows the graph of a training step."""
        for reporter in self._reporters:
            reporter.graph(graph)

    def train(self, step: int, figures: "Figures") -> None:
        """Gives the means of the training batches since the last call."""
        for reporter in self._reporters:
            reporter.train(step, figures)

    def validation(self, step: int, figures: "Figures") -> None:
        """Gives what the validation split says."""
        for reporter in self._reporters:
            reporter.validation(step, figures)

    def weights(self, step: int, model: "keras.Model") -> None:
        """Shows the weights."""
        for reporter in self._reporters:
            reporter.weights(step, model)

    def early(self, step: int, *, best: int) -> None:
        """Tells that the run ends before its last step."""
        for reporter in self._reporters:
            reporter.early(step, best=best)

    def stop(self) -> None:
        """Ends the run."""
        for reporter in self._reporters:
            reporter.stop()
