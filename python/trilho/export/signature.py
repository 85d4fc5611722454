"""A way to call an exported model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

__all__ = ["CLASSIFY", "PREDICT", "REGRESS", "Signature"]

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
        inputs: Dtype and shape of each input, the batch first and None.
        samples: Real rows for each input, with which the export is tried.
    """

    name: str
    method_name: str
    function: Callable[..., Mapping[str, tf.Tensor]]
    inputs: Mapping[str, tf.TensorSpec]
    samples: Mapping[str, np.ndarray]
