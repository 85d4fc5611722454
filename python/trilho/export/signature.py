"""A way to call an exported model."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

__all__ = ["CLASSIFY", "PREDICT", "REGRESS", "Signature", "classify_examples", "regress_examples"]

# What TF Serving's API calls the kinds of signatures: tensorflow/core/.../signature_constants.py.
CLASSIFY = "tensorflow/serving/classify"
PREDICT = "tensorflow/serving/predict"
REGRESS = "tensorflow/serving/regress"


@dataclass(frozen=True, kw_only=True)
class Signature:
    """A way to call an exported model.

    Attributes:
        name: What callers ask for, e.g. "serving_default".
        method_name: What TF Serving's API calls this kind of signature.
        function: Takes the inputs by name, returns the outputs by name.
        inputs: Dtype and shape of each input: the batch first and None, or a scalar, [].
        samples: Real rows for each input, with which the export is tried; a scalar's as an array
            of no dimensions.
        batched: Whether a row of all samples is a call, too. It is not where one has the values of
            several rows, and another these rows' lengths.
    """

    name: str
    method_name: str
    function: Callable[..., Mapping[str, tf.Tensor]]
    inputs: Mapping[str, tf.TensorSpec]
    samples: Mapping[str, np.ndarray]
    batched: bool = True


def classify_examples(
    score: Callable[[tf.Tensor], tf.Tensor],
    *,
    classes: Iterable[str],
    examples: Sequence[bytes],
    name: str = "classify",
) -> Signature:
    """Makes a signature of TF Serving's Classify API.

    Args:
        score: Takes serialized tf.Examples, string [n], and returns the classes' probabilities,
            float32 [n, number of classes].
        classes: The classes' labels, in the order of the scores.
        examples: Of real rows.
        name: The signature's name.

    Returns:
        The signature: `inputs`, string [None], to `classes`, string [None, number of classes], and
        `scores`, float32 of the same shape.
    """
    labels = tf.constant([list(classes)])

    def classify(inputs: tf.Tensor) -> Mapping[str, tf.Tensor]:
        scores = score(inputs)
        return {"classes": tf.tile(labels, [tf.shape(scores)[0], 1]), "scores": scores}

    return _of_examples(name, CLASSIFY, classify, examples)


def regress_examples(
    value: Callable[[tf.Tensor], tf.Tensor],
    *,
    examples: Sequence[bytes],
    name: str = "regress",
) -> Signature:
    """Makes a signature of TF Serving's Regress API.

    Args:
        value: Takes serialized tf.Examples, string [n], and returns float32 [n].
        examples: Of real rows.
        name: The signature's name.

    Returns:
        The signature: `inputs`, string [None], to `outputs`, float32 [None].
    """
    return _of_examples(name, REGRESS, lambda inputs: {"outputs": value(inputs)}, examples)


def _of_examples(
    name: str,
    method_name: str,
    function: Callable[..., Mapping[str, tf.Tensor]],
    examples: Sequence[bytes],
) -> Signature:
    return Signature(
        name=name,
        method_name=method_name,
        function=function,
        inputs={"inputs": tf.TensorSpec([None], tf.string, name="inputs")},
        # As objects: NumPy's own strings lose the zero bytes at their end.
        samples={"inputs": np.array(examples, dtype=object)},
    )
