"""Training the MNIST model."""

from pathlib import Path
from typing import cast

import keras

from trilho import mnist_pb2
from trilho.data import mnist
from trilho.export import saved_model
from trilho.export.provenance import digest
from trilho.models.mnist import data
from trilho.models.mnist.config import MnistConfig
from trilho.models.mnist.model import CLASSES, build
from trilho.training.job import Figure, Job, Models, Predictions, Stage

__all__ = ["prepare"]

_NAME = "mnist"
_SAMPLES = 100


def prepare(config: MnistConfig, source: str) -> Job:
    """Tells how to train.

    Args:
        config: The options.
        source: Where the four IDX files are.

    Returns:
        The job, of one stage.

    Raises:
        DataError: The files cannot be read, or the options leave nothing to train with.
    """
    images = mnist.load(Path(source))
    data.check(images, batch_size=config.batch_size, validation_size=config.validation_size)
    size = len(images.train_images) - config.validation_size

    def signatures(models: Models) -> list[saved_model.Signature]:
        samples = data.pixels(images.test_images[:_SAMPLES])
        return [
            saved_model.predict_signature(
                models[_NAME], input_name="image_data", output_name="value", sample_inputs=samples
            ),
            saved_model.classify_signature(
                models[_NAME], feature="image_data", classes=CLASSES, sample_inputs=samples
            ),
        ]

    def predictions(models: Models) -> Predictions:
        rows = data.pixels(images.test_images)
        return Predictions(
            labels=images.test_labels.astype("int64"),
            scores=models[_NAME].predict(rows, batch_size=1000, verbose=0),
            classes=CLASSES,
        )

    stage = Stage(
        name=_NAME,
        train=lambda shard: data.train(
            images,
            batch_size=config.batch_size,
            seed=config.seed,
            validation_size=config.validation_size,
            shard=shard,
        ),
        validation=data.validation(images, validation_size=config.validation_size),
        test=data.test(images),
        build=lambda: build(
            network=config.network,
            hidden=config.hidden,
            # None has become the network's own.
            dropout=cast("float", config.dropout),
        ),
        optimizer=lambda: keras.optimizers.Adam(_learning_rate(config)),
        loss=keras.losses.SparseCategoricalCrossentropy,
        metrics=lambda: {"accuracy": keras.metrics.SparseCategoricalAccuracy()},
        watch=Figure(name="accuracy"),
    )
    return Job(
        stages=[stage],
        signatures=signatures,
        headline=Figure(name="test_accuracy"),
        contract=mnist_pb2.DESCRIPTOR,
        splits={
            "train": digest((images.train_images[:size], images.train_labels[:size])),
            "validation": digest((images.train_images[size:], images.train_labels[size:])),
            "test": digest((images.test_images, images.test_labels)),
        },
        predictions=predictions,
    )


def _learning_rate(config: MnistConfig) -> float | keras.optimizers.schedules.LearningRateSchedule:
    if config.network == "dense":
        return config.learning_rate
    return keras.optimizers.schedules.CosineDecay(config.learning_rate, config.steps, alpha=0.01)
