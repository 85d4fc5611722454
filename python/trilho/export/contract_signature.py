"""Signatures as a contract says them."""

from collections.abc import Callable, Mapping

import keras
import numpy as np
import tensorflow as tf

from trilho.contract import signatures
from trilho.contract.check import check_signature, raise_mismatches
from trilho.contract.definitions import Contract, Field
from trilho.contract.problems import ContractError
from trilho.contract.signatures import TensorInfo
from trilho.export.signature import PREDICT, Signature

__all__ = ["contract_signature", "verify_model"]

# Where contract.proto spells a dtype otherwise.
_DTYPES = {"FLOAT": "float32", "DOUBLE": "float64"}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
_STRING = "STRING"


def contract_signature(
    contract: Contract,
    function: Callable[[Mapping[str, tf.Tensor]], Mapping[str, tf.Tensor]],
    *,
    samples: Mapping[str, np.ndarray],
    batched: bool = True,
) -> Signature:
    """Makes the signature that answers a method, so that what the contract says stands there only.

    Args:
        contract: The method; not one with an `example_input`.
        function: Takes the request's tensors by alias, [n, ...], and returns the response's.
        samples: Real rows for each, with which the export is tried.
        batched: Whether a row of all samples is a call, too; see `Signature`.

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
        batched=batched,
    )


def verify_model(contract: Contract, model: keras.Model) -> None:
    """Refuses a network that does not keep a contract, for use before it is trained.

    That takes no time, but sees only what Keras knows of it: `saved_model.export` compares what was
    written. A network that is no graph of `keras.Input`s, but a subclass with a call() of its own,
    tells neither inputs nor outputs, and is left to that.

    Args:
        contract: The method; not one with an `example_input`.
        model: Takes the request's tensors and returns a dict of the response's, by alias.

    Raises:
        ContractError: It does not keep the contract, with a line for each mismatch.
    """
    if not getattr(model, "inputs", None):
        return
    outputs = model.output
    if not isinstance(outputs, dict):
        expected = ", ".join(f'"{field.alias}"' for field in contract.outputs)
        raise ContractError(
            f"model {model.name}: its output has no name; expected a dict with {expected}"
        )
    inputs = model.input
    if not isinstance(inputs, dict):
        inputs = {tensor.name: tensor for tensor in model.inputs}
    fields = {field.alias: field for field in contract.inputs}
    signature = signatures.Signature(
        inputs={name: _fed(fields.get(name), _info(tensor)) for name, tensor in inputs.items()},
        outputs={name: _info(tensor) for name, tensor in outputs.items()},
        defaults=frozenset(),
        unsupported="",
    )
    raise_mismatches(f"model {model.name}", [check_signature(contract, signature)])


def _fed(field: Field | None, info: TensorInfo) -> TensorInfo:
    """What an input takes, as Keras casts numbers, and adds or drops a last dimension of one."""
    if field is None or info.shape is None:
        return info
    dtype, shape = info.dtype, info.shape
    if _STRING not in {dtype, field.dtype}:
        dtype = field.dtype
    rank = 1 + len(field.shape)
    if len(shape) == rank + 1 and shape[-1] == 1:
        shape = shape[:-1]
    elif len(shape) == rank - 1 and field.shape[-1] == 1:
        shape = (*shape, 1)
    return TensorInfo(dtype=dtype, shape=shape)


def _info(tensor: keras.KerasTensor) -> TensorInfo:
    return TensorInfo(
        dtype=_NAMES.get(tensor.dtype, tensor.dtype.upper()), shape=tuple(tensor.shape)
    )


def _dtype(name: str) -> tf.DType:
    return tf.as_dtype(_DTYPES.get(name, name.lower()))
