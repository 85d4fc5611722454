"""How the census model is trained, measured and exported."""

from collections.abc import Mapping
from importlib import import_module

import keras
import numpy as np

from trilho import census_pb2
from trilho.data import census
from trilho.evaluation import figures
from trilho.models.census import data, model, preprocessing
from trilho.models.census.config import CensusConfig
from trilho.models.census.reading import digest_of, read
from trilho.models.census.signatures import signatures
from trilho.training import batches
from trilho.training.job import Figure, Job, Models, Predictions, Stage

__all__ = ["NAME", "prepare"]

NAME = "census"

_SAMPLES = 100
_WARMUP_SHARE = 20


def prepare(config: CensusConfig, source: str) -> Job:
    """Reads the data and tells how to train.

    Args:
        config: The options.
        source: The people; see `reading.read`.

    Returns:
        The job; its figures are test_accuracy, test_auc and test_loss, the same ones of the
        validation split, and, if the options say so, accuracy and AUC of what `compare` trains.

    Raises:
        TrilhoError: The data cannot be read, or leaves nothing to train with.
    """
    if config.compare:
        # Rather now than after the training: scikit-learn is needed for nothing else.
        import_module("sklearn")
    people = read(source, test_rows=config.test_rows, split_seed=config.split_seed)
    train, validation = data.held_back(
        people, validation_size=config.validation_size, batch_size=config.batch_size
    )
    statistics = preprocessing.measure(train)
    preprocess = preprocessing.build(statistics, cross_bins=config.cross_bins)
    rows, validation_rows, test = (
        data.Rows.of(part, preprocess) for part in (train, validation, people.test)
    )

    def evaluate(models: Models) -> Mapping[str, float]:
        measured = {
            "test_auc": _auc(models[NAME], test),
            "validation_auc": _auc(models[NAME], validation_rows),
        }
        if config.compare:
            from trilho.models.census.compare import compare  # noqa: PLC0415

            for other in compare(train, validation, people.test, seed=config.seed):
                measured[f"{other.name}_test_accuracy"] = other.accuracy
                measured[f"{other.name}_test_auc"] = other.auc
                measured[f"{other.name}_test_loss"] = other.loss
                measured[f"{other.name}_validation_auc"] = other.validation_auc
        return measured

    stage = Stage(
        name=NAME,
        train=lambda shard: batches.shuffled(
            rows.columns, shard, batch_size=config.batch_size, seed=config.seed
        ),
        validation=batches.once(validation_rows.columns),
        test=batches.once(test.columns),
        build=lambda: model.build(preprocess, statistics, config),
        optimizer=lambda: _optimizer(config),
        loss=keras.losses.SparseCategoricalCrossentropy,
        metrics=lambda: {"accuracy": keras.metrics.SparseCategoricalAccuracy()},
    )
    return Job(
        stages=[stage],
        signatures=lambda models: signatures(
            model.served(models[NAME]), people.test.take(slice(_SAMPLES))
        ),
        headline=Figure(name="test_auc"),
        evaluate=evaluate,
        contract=census_pb2.DESCRIPTOR,
        splits={
            "train": digest_of(train),
            "validation": digest_of(validation),
            "test": digest_of(people.test),
        },
        predictions=lambda models: Predictions(
            labels=test.labels,
            scores=_probabilities(models[NAME], test),
            classes=census.CLASSES,
        ),
    )


def _optimizer(config: CensusConfig) -> keras.optimizers.Optimizer:
    warmup = config.steps // _WARMUP_SHARE
    schedule = keras.optimizers.schedules.CosineDecay(
        config.learning_rate / 100,
        # Counted from the end of the warm-up.
        config.steps - warmup,
        alpha=0.01,
        warmup_target=config.learning_rate,
        warmup_steps=warmup,
    )
    return keras.optimizers.AdamW(schedule, weight_decay=config.weight_decay)


def _probabilities(network: keras.Model, rows: data.Rows) -> np.ndarray:
    parts = [network(inputs, training=False) for inputs, _ in batches.once(rows.columns)]
    return np.concatenate([part.numpy()[:, 1] for part in parts])


def _auc(network: keras.Model, rows: data.Rows) -> float:
    return round(figures.auc(rows.labels, _probabilities(network, rows)), 6)
