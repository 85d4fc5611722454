"""Training the MNIST model, from the files to a published version."""

import time
from dataclasses import dataclass
from pathlib import Path

import keras
import tensorflow as tf

from trilho.data import mnist
from trilho.export import saved_model
from trilho.export.versions import check_version
from trilho.models.mnist import data
from trilho.models.mnist.config import MnistConfig
from trilho.models.mnist.model import CLASSES, build
from trilho.training.loop import Loop, Metrics, Reporter
from trilho.training.metrics import TensorBoardReporter, write_metrics
from trilho.training.reporters import Reporters

__all__ = ["NAME", "TrainResult", "train"]

NAME = "mnist"

_SAMPLES = 100


@dataclass(frozen=True, kw_only=True)
class TrainResult:
    """What a run came to.

    Attributes:
        folder: The published version.
        version: Its number.
        logs: The run's TensorBoard log and metrics.json.
        test: Measured on the 10000 test images.
        validation: Measured on the validation split.
        steps: How many batches the model was trained with.
        seconds: Wall time of training and export, without loading TensorFlow.
    """

    folder: Path
    version: int
    logs: Path
    test: Metrics
    validation: Metrics
    steps: int
    seconds: float


def train(
    config: MnistConfig,
    *,
    data_dir: Path,
    export_dir: Path,
    logs_dir: Path,
    version: int | None = None,
    reporter: Reporter,
) -> TrainResult:
    """Trains the model, measures it and publishes it.

    Seeds Python's, NumPy's and TensorFlow's random numbers and makes TensorFlow's operations
    deterministic, for the whole process.

    Args:
        config: The options.
        data_dir: Where the four IDX files are.
        export_dir: Gets mnist/VERSION.
        logs_dir: The run's folder, made if missing: TensorBoard's log and metrics.json.
        version: VERSION; by default the next free number.
        reporter: Is told how it goes.

    Returns:
        The run's figures and where everything is.

    Raises:
        TrilhoError: The data cannot be read, the options leave nothing to train with, or the
            version exists already.
    """
    started = time.monotonic()
    # Rather now than after the training.
    check_version(export_dir / NAME, version)
    keras.utils.set_random_seed(config.seed)
    tf.config.experimental.enable_op_determinism()
    images = mnist.load(data_dir)
    splits = data.splits(
        images,
        batch_size=config.batch_size,
        seed=config.seed,
        validation_size=config.validation_size,
    )
    model = build(hidden=config.hidden, dropout=config.dropout)
    loop = Loop(
        model,
        optimizer=keras.optimizers.Adam(config.learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(),
    )
    reporters = Reporters(reporter, TensorBoardReporter(logs_dir))
    loop.fit(splits.train, steps=config.steps, validation=splits.validation, reporter=reporters)
    validation, test = loop.evaluate(splits.validation), loop.evaluate(splits.test)
    metrics = {
        "test_accuracy": test.accuracy,
        "test_loss": test.loss,
        "validation_accuracy": validation.accuracy,
        "validation_loss": validation.loss,
    }
    write_metrics(logs_dir, metrics)
    samples = data.pixels(images.test_images[:_SAMPLES])
    export = saved_model.export(
        model,
        name=NAME,
        directory=export_dir,
        signatures=[
            saved_model.predict_signature(
                model, input_name="image_data", output_name="value", sample_inputs=samples
            ),
            saved_model.classify_signature(
                model, feature="image_data", classes=CLASSES, sample_inputs=samples
            ),
        ],
        metrics=metrics,
        training=config.as_strings(),
        version=version,
    )
    return TrainResult(
        folder=export.folder,
        version=export.version,
        logs=logs_dir,
        test=test,
        validation=validation,
        steps=config.steps,
        seconds=time.monotonic() - started,
    )
