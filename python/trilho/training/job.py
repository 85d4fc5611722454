"""How a model is trained, measured and exported: what its folder tells the loop."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import keras
import numpy as np
import tensorflow as tf
from google.protobuf.descriptor import FileDescriptor

from trilho.contract.definitions import Contract
from trilho.export.figures import improves
from trilho.export.provenance import Splits
from trilho.export.signature import Signature

__all__ = ["LOSS", "Figure", "Job", "Models", "Predictions", "Shard", "Stage"]

Models = Mapping[str, keras.Model]


@dataclass(frozen=True, kw_only=True)
class Shard:
    """The part of the training data that one worker reads.

    Attributes:
        index: The worker's number, from 0.
        count: How many workers there are.
    """

    index: int = 0
    count: int = 1


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure by which models are told apart.

    Attributes:
        name: Its name.
        better: "higher" or "lower".
    """

    name: str
    better: Literal["higher", "lower"] = "higher"

    def improves(self, value: float, than: float) -> bool:
        """Tells whether `value` is better than another; see `export.figures.improves`."""
        return improves(value, than, lower=self.better == "lower")


# Of the validation split; each run has it.
LOSS = Figure(name="loss", better="lower")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The training of one network; most jobs have one.

    All batches are (features, labels) or (features, labels, weights): features is any nest, e.g. a
    dict of tensors [n, ...], labels are [n, ...], weights float32 [n].

    Attributes:
        name: Names its checkpoints and its part of the log, e.g. "mnist".
        train: Batches without end, shuffled anew in each epoch; the same ones in the same order
            whenever it is called with the same shard, as --resume skips those it has seen. Each of
            the batches has batch_size // shard.count examples, of the shard's part of the data.
            `batches.shuffled` makes such.
        validation: Each example once.
        test: Each example once; None if `Job.evaluate` does all.
        build: Makes the network, with weights from Keras' random seed, all variables built. It is
            called when the stages before have been trained; after training with several workers
            once more, for a network that is given the weights.
        optimizer: Makes the optimizer.
        loss: Makes the loss, a mean over the examples. What layers add (`add_loss`) comes on top.
        metrics: Makes metrics of labels and the network's output, by name; "loss" is there anyway.
        watch: What the best weights are chosen by, "loss" or one of the metrics: training stops
            when it has not become better for `patience` validations, and the best are restored.
        steps: Instead of the options' `steps`.
        batch_size: Instead of the options' `batch_size`.
    """

    name: str
    train: Callable[[Shard], tf.data.Dataset]
    validation: tf.data.Dataset
    build: Callable[[], keras.Model]
    optimizer: Callable[[], keras.optimizers.Optimizer]
    loss: Callable[[], keras.losses.Loss]
    metrics: Callable[[], Mapping[str, keras.metrics.Metric]]
    watch: Figure = LOSS
    test: tf.data.Dataset | None = None
    steps: int | None = None
    batch_size: int | None = None


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """What a model says of a split, for plots.

    Attributes:
        labels: int64 [n], the classes' indices; 0 or 1 if there are two.
        scores: float32 [n, classes], probabilities; or [n], the probability of class 1.
        classes: The classes' names.
    """

    labels: np.ndarray
    scores: np.ndarray
    classes: tuple[str, ...]


def _nothing(_: Models) -> Mapping[str, float]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Job:
    """All that is to be done for one version.

    Attributes:
        stages: Trained one after the other; those behind may use what the first ones learned.
        signatures: Makes the ways to call the version, with samples: real rows. The first few of
            them become the warm-up requests.
        headline: What models are compared by before one is published, e.g. "test_accuracy": one of
            the figures below.
        evaluate: Measures what no metric of batches can, or compares with other methods; the
            figures go to metrics.json and the manifest under their names, e.g. "test_hit_at_10".
            The stages' own are test_NAME and validation_NAME; STAGE_test_NAME and
            STAGE_validation_NAME if there are several stages.
        contract: What callers go by: the descriptor of a .proto, e.g. mnist_pb2.DESCRIPTOR, or what
            `contract.reading.read` has read of one; None for a model without.
        predictions: Gives what ROC, confusion matrix and calibration are drawn from; None for none.
        splits: The rows, each by `export.provenance.digest`: "train", "validation", "test". Figures
            are compared, and runs resumed, only with the same ones; nobody can tell of those that
            are left out.
    """

    stages: Sequence[Stage]
    signatures: Callable[[Models], Sequence[Signature]]
    headline: Figure
    evaluate: Callable[[Models], Mapping[str, float]] = _nothing
    contract: FileDescriptor | Sequence[Contract] | None = None
    predictions: Callable[[Models], Predictions] | None = None
    splits: Splits = field(default_factory=dict)
