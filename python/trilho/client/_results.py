"""What calls return."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import grpc
import numpy as np

from trilho.client import serving
from trilho.client.serving import Message

__all__ = [
    "ModelMetadata",
    "ModelState",
    "ModelVersion",
    "PredictResult",
    "Signature",
    "TensorSpec",
]

_CODES = {code.value[0]: code for code in grpc.StatusCode}


@dataclass(frozen=True, kw_only=True)
class PredictResult:
    """What a model answered.

    Attributes:
        outputs: Its outputs by name; the first dimension is the batch. See `tensors.from_proto`.
        model: The model's name.
        version: The version that answered, also where the call chose none; None if the server did
            not say.
        signature: The signature that answered.
    """

    outputs: dict[str, np.ndarray[Any, np.dtype[Any]]]
    model: str
    version: int | None
    signature: str


class ModelState(StrEnum):
    """Where a version is between being found and being gone."""

    UNKNOWN = "UNKNOWN"
    START = "START"
    LOADING = "LOADING"
    AVAILABLE = "AVAILABLE"
    UNLOADING = "UNLOADING"
    END = "END"


@dataclass(frozen=True, kw_only=True)
class ModelVersion:
    """A version of a model as its server sees it.

    Attributes:
        version: Its number.
        state: AVAILABLE if it answers calls.
        code: What went wrong with it; OK if nothing did.
        message: The same in the server's words; "" if nothing did.
    """

    version: int
    state: ModelState
    code: grpc.StatusCode
    message: str


@dataclass(frozen=True, kw_only=True)
class TensorSpec:
    """An input or output of a signature.

    Attributes:
        dtype: TensorFlow's name of the type in lower case, e.g. "float", "int64" or "string".
        shape: Its size in each dimension, None where any size will do; None for any shape.
    """

    dtype: str
    shape: tuple[int | None, ...] | None


@dataclass(frozen=True, kw_only=True)
class Signature:
    """A way to call a model.

    Attributes:
        method_name: What kind of call it is made for, e.g. "tensorflow/serving/predict".
        inputs: Its inputs by name.
        outputs: Its outputs by name.
    """

    method_name: str
    inputs: dict[str, TensorSpec]
    outputs: dict[str, TensorSpec]


@dataclass(frozen=True, kw_only=True)
class ModelMetadata:
    """What a server tells about a version of a model.

    Attributes:
        model: The model's name.
        version: The version; None if the server did not say.
        signatures: The ways to call it, by name.
    """

    model: str
    version: int | None
    signatures: dict[str, Signature]


def spec_version(spec: Message) -> int | None:
    """Returns the version that a ModelSpec names."""
    return int(spec.version.value) if spec.HasField("version") else None


def model_version(status: Message) -> ModelVersion:
    """Reads a ModelVersionStatus."""
    try:
        state = ModelState(serving.ModelVersionStatus.State.Name(status.state))
    except ValueError:
        state = ModelState.UNKNOWN
    return ModelVersion(
        version=status.version,
        state=state,
        code=_CODES.get(status.status.error_code, grpc.StatusCode.UNKNOWN),
        message=status.status.error_message,
    )


def signatures(packed: Message) -> dict[str, Signature]:
    """Reads the SignatureDefMap in GetModelMetadata's answer."""
    found = serving.SignatureDefMap.FromString(packed.value).signature_def
    return {
        name: Signature(
            method_name=found[name].method_name,
            inputs=_specs(found[name].inputs),
            outputs=_specs(found[name].outputs),
        )
        # The graph's own entry for its initialisation is no way to call it.
        for name in sorted(found)
        if not name.startswith("__")
    }


def _specs(infos: Message) -> dict[str, TensorSpec]:
    return {
        name: TensorSpec(
            dtype=serving.DataType.Name(infos[name].dtype).removeprefix("DT_").lower(),
            shape=_shape(infos[name].tensor_shape),
        )
        for name in sorted(infos)
    }


def _shape(shape: Message) -> tuple[int | None, ...] | None:
    if shape.unknown_rank:
        return None
    return tuple(dim.size if dim.size >= 0 else None for dim in shape.dim)
