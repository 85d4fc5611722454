"""Calls models over gRPC, without TensorFlow."""

from trilho.client._channel import DEFAULT_TIMEOUT
from trilho.client._client import TrilhoClient
from trilho.client._errors import (
    CallError,
    CancelledError,
    DeadlineExceededError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    ResourceExhaustedError,
    UnauthenticatedError,
    UnavailableError,
    UnimplementedError,
)
from trilho.client._results import (
    ModelMetadata,
    ModelState,
    ModelVersion,
    PredictResult,
    Signature,
    TensorSpec,
)

__all__ = [
    "DEFAULT_TIMEOUT",
    "CallError",
    "CancelledError",
    "DeadlineExceededError",
    "FailedPreconditionError",
    "InvalidArgumentError",
    "ModelMetadata",
    "ModelState",
    "ModelVersion",
    "NotFoundError",
    "PermissionDeniedError",
    "PredictResult",
    "ResourceExhaustedError",
    "Signature",
    "TensorSpec",
    "TrilhoClient",
    "UnauthenticatedError",
    "UnavailableError",
    "UnimplementedError",
]
