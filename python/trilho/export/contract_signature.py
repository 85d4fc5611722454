"""Signatures as a contract says them."""

from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from trilho.contract.definitions import Contract
from trilho.export.signature import PREDICT, Signature

__all__ = ["contract_signature"]


def contract_signature(
    contract: Contract,
    function: Callable[[Mapping[str, tf.Tensor]], Mapping[str, tf.Tensor]],
    *,
    samples: Mapping[str, np.ndarray],
) -> Signature:
    """Makes the signature that answers a method, so that what the contract says stands there only.

    Args:
        contract: The method; not one with an `example_input`.
        function: Takes the request's tensors by alias, [n, ...], and returns the response's.
        samples: Real rows for each, with which the export is tried.

    Returns:
        The signature of the contract's name, with the dtypes and shapes of its fields.
    """

    def run(**inputs: tf.Tensor) -> Mapping[str, tf.Tensor]:
        return function(inputs)

    return Signature(
        name=contract.signature,
        method_name=PREDICT,
        function=run,
        inputs={
            field.alias: tf.TensorSpec([None, *field.shape], _dtype(field.dtype), name=field.alias)
            for field in contract.inputs
        },
        samples=samples,
    )


def _dtype(name: str) -> tf.DType:
    spelled = {"FLOAT": "float32", "DOUBLE": "float64"}.get(name, name.lower())
    return tf.as_dtype(spelled)
