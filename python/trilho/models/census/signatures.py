"""How the census model is called: with tensors, and with serialized tf.Examples."""

from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf

from trilho.data.census import CLASSES, FIELDS, NUMBERS, People
from trilho.export.signature import (
    PREDICT,
    Signature,
    classify_examples,
    regress_examples,
)
from trilho.models.census.data import tensors

__all__ = ["signatures"]


def signatures(model: keras.Model, samples: People) -> list[Signature]:
    """Makes the three signatures.

    Args:
        model: From the fields by name to the probabilities of CLASSES, float32 [n, 2].
        samples: Real people, with which the export is tried.

    Returns:
        serving_default: each of FIELDS, float32 or string [n], to `probability`, float32 [n], that
            the second class is right, and `class`, string [n], the likelier one.
        classify: `inputs`, serialized tf.Examples [n], to `classes`, string [n, 2], and `scores`,
            float32 [n, 2].
        regress: `inputs` as well, to `outputs`, float32 [n], the probability again.

        A tf.Example needs a float for each of NUMBERS; a string it lacks is unknown.
    """
    classes = tf.constant(CLASSES)
    features = {
        name: tf.io.FixedLenFeature([], tf.float32)
        if name in NUMBERS
        else tf.io.FixedLenFeature([], tf.string, default_value="")
        for name in FIELDS
    }

    def predict(**fields: tf.Tensor) -> Mapping[str, tf.Tensor]:
        scores = model(fields, training=False)
        return {
            "probability": scores[:, 1],
            "class": tf.gather(classes, tf.argmax(scores, axis=1)),
        }

    def score(examples: tf.Tensor) -> tf.Tensor:
        return model(tf.io.parse_example(examples, features), training=False)

    rows = {name: tensor.numpy() for name, tensor in tensors(samples).items()}
    examples = [_example(rows, row) for row in range(len(samples))]
    return [
        Signature(
            name="serving_default",
            method_name=PREDICT,
            function=predict,
            inputs={
                name: tf.TensorSpec([None], features[name].dtype, name=name) for name in FIELDS
            },
            samples=rows,
        ),
        classify_examples(score, classes=CLASSES, examples=examples),
        regress_examples(lambda examples: score(examples)[:, 1], examples=examples),
    ]


def _example(rows: Mapping[str, np.ndarray], row: int) -> bytes:
    features = {
        name: tf.train.Feature(float_list=tf.train.FloatList(value=[column[row]]))
        if name in NUMBERS
        else tf.train.Feature(bytes_list=tf.train.BytesList(value=[column[row]]))
        for name, column in rows.items()
    }
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return bytes(example.SerializeToString())
