"""The training loop."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import keras
import tensorflow as tf

from trilho.training.checkpoints import Checkpoints, Position
from trilho.training.cluster import Agreement
from trilho.training.divergence import DivergedError, are_finite, is_finite, learning_rate
from trilho.training.job import LOSS, Figure

__all__ = ["Figures", "Loop", "Plan", "Reporter"]

# A tensor, or tuples, lists and dicts of them.
Nest: TypeAlias = Any
# "loss" first, then the metrics in their order.
Figures = Mapping[str, float]

# Reports a run are this many, however long it is.
_REPORTS = 100


class Reporter(Protocol):
    """Is told how a run goes, in the order of these methods."""

    def start(self, *, steps: int, first: int, name: str) -> None:
        """Begins a run of `steps` steps, of which `first` are done; `name` is the plan's."""

    def graph(self, graph: tf.Graph) -> None:
        """Shows the graph of a training step, once it has been traced."""

    def train(self, step: int, figures: Figures) -> None:
        """Gives the means of the training batches since the last call, after `step` steps."""

    def validation(self, step: int, figures: Figures) -> None:
        """Gives what the validation split says after `step` steps."""

    def weights(self, step: int, model: keras.Model) -> None:
        """Shows the weights whenever the validation split was looked at."""

    def early(self, step: int, *, best: int) -> None:
        """Tells that no step comes after `step`, as `best` was followed by nothing better."""

    def stop(self) -> None:
        """Ends the run, also if it failed."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How long a run goes on.

    Attributes:
        steps: How many batches to train with at most.
        validations: How many times, evenly spread, to look at the validation split; the last time
            is at the end.
        patience: Validations without a better result until it ends; 0 for never.
        best_weights: Whether the weights are in the end those of the best validation; they always
            are with patience, and else those of the last step.
        watch: By which figure of the validation split results are compared.
        stop_on_nan: Whether it ends at the first loss that is not finite, of a training batch or
            of the validation split, and at weights that are not.
        name: What is trained, for those who see several runs follow each other; "" for one alone.
    """

    steps: int
    validations: int = 10
    patience: int = 0
    best_weights: bool = False
    watch: Figure = LOSS
    stop_on_nan: bool = True
    name: str = ""

    @property
    def keeps_best(self) -> bool:
        """Whether the weights of the best validation are wanted in the end."""
        return self.best_weights or self.patience > 0


class Loop:
    """Trains a model with an optimizer, a step per batch.

    It runs under the strategy in whose scope it, the model, the optimizer and the metrics are made:
    with several workers each calls the same methods with the same arguments, but for its own shard
    of the training data.
    """

    def __init__(
        self,
        model: keras.Model,
        *,
        optimizer: keras.optimizers.Optimizer,
        loss: keras.losses.Loss,
        metrics: Mapping[str, keras.metrics.Metric] | None = None,
    ) -> None:
        """Prepares to train.

        Args:
            model: Takes the features and returns what `loss` and `metrics` compare with the labels;
                built.
            optimizer: Not yet used for another model.
            loss: The mean over a batch; the model's own `losses` are added.
            metrics: By name; not "loss", which is there anyway.
        """
        self._model = model
        self._optimizer = optimizer
        self._loss = loss
        self._strategy = tf.distribute.get_strategy()
        self._mean_loss = keras.metrics.Mean()
        self._metrics = dict(metrics or {})
        optimizer.build(model.trainable_variables)
        self._train_step = tf.function(self._train_together)
        self._evaluation_step = tf.function(self._evaluate_together)

    def fit(
        self,
        batches: tf.data.Dataset,
        *,
        plan: Plan,
        validation: tf.data.Dataset,
        reporter: Reporter,
        checkpoints: Checkpoints | None = None,
        interrupted: Callable[[], bool] = lambda: False,
    ) -> int:
        """Trains the model.

        Args:
            batches: (features, labels) or (features, labels, weights); at least `plan.steps` of
                them, all of one shape, and the same ones whenever it is read.
            plan: How long.
            validation: Batches like these, finitely many.
            reporter: Is told how it goes.
            checkpoints: Where the run's state is kept: it begins with what is there, and leaves one
                at each validation.
            interrupted: Asked after a step; if it says yes, a checkpoint is left. Of several
                workers it is enough that one is told so: all stop after the same step.

        Returns:
            The step whose weights the model has: the last, or the best.

        Raises:
            DivergedError: A loss, or a weight, is not finite, and `plan.stop_on_nan` is set. The
                checkpoints are from before.
            ValueError: `batches` ended early, or `plan.watch` names no figure.
            KeyboardInterrupt: `interrupted` said yes.
        """
        position = checkpoints.restore(self._model, self._optimizer) if checkpoints else Position()
        reporter.start(steps=plan.steps, first=position.step, name=plan.name)
        try:
            run = _Run(self, plan, validation, reporter, checkpoints, position)
            run.go(batches, Agreement(self._strategy, interrupted))
        finally:
            reporter.stop()
        return run.finish()

    def evaluate(self, batches: tf.data.Dataset) -> dict[str, float]:
        """Measures the model.

        Args:
            batches: Like those of `fit`, finitely many.

        Returns:
            The figures over all examples.
        """
        self.take_figures()
        for batch in batches:
            self._evaluation_step(batch)
        return self.take_figures()

    def take_figures(self) -> dict[str, float]:
        """Returns the figures of the batches since the last call.

        With a loss that is not finite no other figure means anything, and all are NaN: of outputs
        that are NaN Keras makes figures that look good, as the greatest of them is class 0.
        """
        metrics = {"loss": self._mean_loss, **self._metrics}
        figures = {name: _as_float(metric.result()) for name, metric in metrics.items()}
        for metric in metrics.values():
            metric.reset_state()
        if not math.isfinite(figures["loss"]):
            figures |= dict.fromkeys(self._metrics, math.nan)
        return figures

    @property
    def model(self) -> keras.Model:
        """What is trained."""
        return self._model

    @property
    def optimizer(self) -> keras.optimizers.Optimizer:
        """What it is trained with."""
        return self._optimizer

    def train_step(self, batch: Nest) -> tf.Tensor:
        """Trains with one batch, and returns its loss before that: the mean over all workers."""
        return self._train_step(batch)

    def graph(self, batch: Nest) -> tf.Graph:
        """Returns the graph of a training step."""
        return self._train_step.get_concrete_function(batch).graph

    def _train_together(self, batch: Nest) -> tf.Tensor:
        loss = self._strategy.run(self._train_batch, args=(batch,))
        if self._strategy.num_replicas_in_sync > 1:
            self._share_statistics()
            # Each has its share of the mean. All must know it, as all stop if it is not finite.
            loss = self._strategy.reduce(tf.distribute.ReduceOp.SUM, loss, axis=None)
        return loss

    def _evaluate_together(self, batch: Nest) -> None:
        self._strategy.run(self._evaluate_batch, args=(batch,))

    def _share_statistics(self) -> None:
        """Gives all workers the mean of what layers count themselves, as normalizations do.

        TensorFlow would leave each worker its own, of which only the first one's are published.
        """
        counted = [
            variable.value
            for variable in self._model.non_trainable_variables
            if keras.backend.is_float_dtype(variable.dtype)
        ]
        if not counted:
            return

        def flat() -> tf.Tensor:
            return tf.concat([tf.reshape(tf.cast(one, tf.float32), [-1]) for one in counted], 0)

        own = self._strategy.run(flat)
        mean = self._strategy.reduce(tf.distribute.ReduceOp.MEAN, own, axis=None)
        parts = tf.split(mean, [one.shape.num_elements() for one in counted])
        for one, part in zip(counted, parts, strict=True):
            one.assign(tf.cast(tf.reshape(part, one.shape), one.dtype))

    def _train_batch(self, batch: Nest) -> tf.Tensor:
        features, labels, weights = keras.utils.unpack_x_y_sample_weight(batch)
        with tf.GradientTape() as tape:
            outputs = self._model(features, training=True)
            loss = self._batch_loss(labels, outputs, weights)
        # Keras' optimizers add up what the workers found.
        gradients = tape.gradient(loss, self._model.trainable_variables)
        self._optimizer.apply(gradients, self._model.trainable_variables)
        self._update_metrics(loss, labels, outputs, weights)
        return loss

    def _evaluate_batch(self, batch: Nest) -> None:
        features, labels, weights = keras.utils.unpack_x_y_sample_weight(batch)
        outputs = self._model(features, training=False)
        loss = self._batch_loss(labels, outputs, weights)
        self._update_metrics(loss, labels, outputs, weights)

    def _batch_loss(self, labels: Nest, outputs: Nest, weights: tf.Tensor | None) -> tf.Tensor:
        # Keras' losses are divided by the number of workers, which see batches of one size.
        workers = self._strategy.num_replicas_in_sync
        own = [loss / workers for loss in self._model.losses]
        return tf.add_n([self._loss(labels, outputs, weights), *own])

    def _update_metrics(
        self, loss: tf.Tensor, labels: Nest, outputs: Nest, weights: tf.Tensor | None
    ) -> None:
        # Weighted, as the last batch of a split may be smaller than the others.
        size = tf.shape(tf.nest.flatten(labels)[0])[0]
        whole = loss * self._strategy.num_replicas_in_sync
        self._mean_loss.update_state(whole, sample_weight=size)
        for metric in self._metrics.values():
            metric.update_state(labels, outputs, sample_weight=weights)


class _Run:
    """One call of `Loop.fit`."""

    def __init__(
        self,
        loop: Loop,
        plan: Plan,
        validation: tf.data.Dataset,
        reporter: Reporter,
        checkpoints: Checkpoints | None,
        position: Position,
    ) -> None:
        self._loop = loop
        self._plan = plan
        self._validation = validation
        self._reporter = reporter
        self._checkpoints = checkpoints
        self._position = position

    def go(self, batches: tf.data.Dataset, agreement: Agreement) -> None:
        plan, position = self._plan, self._position
        first = position.step
        report_every = max(1, plan.steps // _REPORTS)
        validate_every = max(1, plan.steps // plan.validations)
        self._loop.take_figures()
        remaining = iter(batches.skip(first))
        for step in range(first + 1, plan.steps + 1):
            if self._exhausted():
                self._reporter.early(position.step, best=position.best_step)
                break
            batch = next(remaining, None)
            if batch is None:
                raise ValueError(
                    f"The training data ended after {step - 1} of {plan.steps} batches"
                )
            loss = self._loop.train_step(batch)
            position.step = step
            if step == first + 1:
                self._reporter.graph(self._loop.graph(batch))
            validates = step == plan.steps or step % validate_every == 0
            bad = plan.stop_on_nan and not is_finite(loss)
            # Validation uses the same accumulators, so what they hold is reported before.
            if validates or bad or step % report_every == 0:
                self._reporter.train(step, self._loop.take_figures())
            if bad:
                raise self._diverged(f"the loss is {float(loss):g}")
            if validates:
                self._validate(step)
            stops = agreement.stops(step, surely=validates)
            if validates or stops:
                self._save()
            if stops:
                agreement.leave()
                raise KeyboardInterrupt

    def finish(self) -> int:
        """Restores the best weights, and returns their step."""
        position = self._position
        if not self._plan.keeps_best or position.best is None:
            return position.step
        for variable, value in zip(self._loop.model.weights, position.best, strict=True):
            variable.assign(value)
        return position.best_step

    def _exhausted(self) -> bool:
        return 0 < self._plan.patience <= self._position.waited

    def _save(self) -> None:
        model, optimizer = self._loop.model, self._loop.optimizer
        # A loss is of the weights before its step, and not of all of them.
        if self._plan.stop_on_nan and not are_finite(model, optimizer):
            raise self._diverged("a weight is not finite")
        if self._checkpoints:
            self._checkpoints.save(model, optimizer, self._position)

    def _diverged(self, what: str) -> DivergedError:
        return DivergedError(
            what,
            step=self._position.step,
            steps=self._plan.steps,
            learning_rate=learning_rate(self._loop.optimizer),
            checkpoint=self._checkpoints.latest() if self._checkpoints else None,
            name=self._plan.name,
        )

    def _validate(self, step: int) -> None:
        figures = self._loop.evaluate(self._validation)
        self._reporter.validation(step, figures)
        if self._plan.stop_on_nan and not is_finite(figures["loss"]):
            raise self._diverged(f"the loss of the validation split is {figures['loss']:g}")
        self._reporter.weights(step, self._loop.model)
        if not self._plan.keeps_best:
            return
        watch, position = self._plan.watch, self._position
        if watch.name not in figures:
            raise ValueError(f'watch is "{watch.name}"; it can be {", ".join(figures)}')
        value = figures[watch.name]
        if watch.improves(value, math.nan if position.best is None else position.best_value):
            position.best = [keras.ops.convert_to_numpy(one) for one in self._loop.model.weights]
            position.best_value, position.best_step, position.waited = value, step, 0
        else:
            position.waited += 1


def _as_float(value: tf.Tensor) -> float:
    # A float32 has no more digits than these; in a float64 its 0.8833 would be 0.8833000063896179.
    return round(float(value), 6)
