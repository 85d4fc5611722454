"""The training loop."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import keras
import tensorflow as tf

__all__ = ["Loop", "Metrics", "Reporter"]

# Reports a run are this many, however long it is.
_REPORTS = 100
_VALIDATIONS = 10


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """How well a model does.

    Attributes:
        loss: The mean loss of an example.
        accuracy: The share of the examples that are classified right, 0 to 1.
    """

    loss: float
    accuracy: float


class Reporter(Protocol):
    """Is told how a run goes, in the order of these methods."""

    def start(self, *, steps: int) -> None:
        """Begins a run of `steps` steps."""

    def graph(self, graph: tf.Graph) -> None:
        """Shows the graph of a training step, once it has been traced."""

    def train(self, step: int, metrics: Metrics) -> None:
        """Gives the means of the training batches since the last call, after `step` steps."""

    def validation(self, step: int, metrics: Metrics) -> None:
        """Gives what the validation split says after `step` steps."""

    def stop(self) -> None:
        """Ends the run, also if it failed."""


class Loop:
    """Trains a classifier with an optimizer, a step per batch.

    A tf.distribute strategy would run `_replica_step` on each replica: it is the only place that
    touches the model's variables, and all variables are made by the constructor.
    """

    def __init__(
        self,
        model: keras.Model,
        *,
        optimizer: keras.optimizers.Optimizer,
        loss: keras.losses.Loss,
    ) -> None:
        """Prepares to train.

        Args:
            model: Takes inputs [n, ...] and returns scores [n, classes]; built.
            optimizer: Not yet used for another model.
            loss: Compares labels [n] with scores [n, classes]; a scalar, the mean.
        """
        self._model = model
        self._optimizer = optimizer
        self._loss = loss
        self._mean_loss = keras.metrics.Mean()
        self._accuracy = keras.metrics.SparseCategoricalAccuracy()
        optimizer.build(model.trainable_variables)
        self._train_step = tf.function(self._replica_step)
        self._evaluation_step = tf.function(self._evaluate_batch)

    def fit(
        self,
        batches: tf.data.Dataset,
        *,
        steps: int,
        validation: tf.data.Dataset,
        reporter: Reporter,
    ) -> None:
        """Trains the model.

        Args:
            batches: Pairs of inputs [n, ...] and labels [n]; at least `steps` of them, all of one
                shape.
            steps: How many batches to train with.
            validation: Pairs like these, finitely many.
            reporter: Is told how it goes.

        Raises:
            ValueError: `batches` ended early.
        """
        reporter.start(steps=steps)
        try:
            self._run(iter(batches), steps=steps, validation=validation, reporter=reporter)
        finally:
            reporter.stop()

    def evaluate(self, batches: tf.data.Dataset) -> Metrics:
        """Measures the model.

        Args:
            batches: Pairs of inputs [n, ...] and labels [n], finitely many.

        Returns:
            The means over all examples.
        """
        self._take_metrics()
        for inputs, labels in batches:
            self._evaluation_step(inputs, labels)
        return self._take_metrics()

    def _run(
        self,
        batches: Iterator[tuple[tf.Tensor, tf.Tensor]],
        *,
        steps: int,
        validation: tf.data.Dataset,
        reporter: Reporter,
    ) -> None:
        report_every = max(1, steps // _REPORTS)
        validate_every = max(1, steps // _VALIDATIONS)
        self._take_metrics()
        for step in range(1, steps + 1):
            batch = next(batches, None)
            if batch is None:
                raise ValueError(f"The training data ended after {step - 1} of {steps} batches")
            self._train_step(*batch)
            if step == 1:
                reporter.graph(self._train_step.get_concrete_function(*batch).graph)
            last = step == steps
            validates = last or step % validate_every == 0
            # Validation uses the same accumulators, so what they hold is reported before.
            if validates or step % report_every == 0:
                reporter.train(step, self._take_metrics())
            if validates:
                reporter.validation(step, self.evaluate(validation))

    def _replica_step(self, inputs: tf.Tensor, labels: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            scores = self._model(inputs, training=True)
            loss = self._loss(labels, scores)
        gradients = tape.gradient(loss, self._model.trainable_variables)
        self._optimizer.apply(gradients, self._model.trainable_variables)
        self._update_metrics(loss, labels, scores)

    def _evaluate_batch(self, inputs: tf.Tensor, labels: tf.Tensor) -> None:
        scores = self._model(inputs, training=False)
        self._update_metrics(self._loss(labels, scores), labels, scores)

    def _update_metrics(self, loss: tf.Tensor, labels: tf.Tensor, scores: tf.Tensor) -> None:
        # Weighted, as the last batch of a split may be smaller than the others.
        self._mean_loss.update_state(loss, sample_weight=tf.shape(labels)[0])
        self._accuracy.update_state(labels, scores)

    def _take_metrics(self) -> Metrics:
        metrics = Metrics(
            loss=_as_float(self._mean_loss.result()), accuracy=_as_float(self._accuracy.result())
        )
        self._mean_loss.reset_state()
        self._accuracy.reset_state()
        return metrics


def _as_float(value: tf.Tensor) -> float:
    # A float32 has no more digits than these; in a float64 its 0.8833 would be 0.8833000063896179.
    return round(float(value), 6)
