"""Calls to a server, by tensorflow-serving-api as it comes from its package."""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import grpc
import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from e2e.models import PIXELS
from e2e.waiting import PATIENCE_SECONDS, wait_for

__all__ = [
    "AVAILABLE",
    "END",
    "NOT_SERVING",
    "SERVING",
    "Client",
    "error_of",
    "image_request",
    "predict_request",
    "scores",
]

AVAILABLE = get_model_status_pb2.ModelVersionStatus.AVAILABLE
END = get_model_status_pb2.ModelVersionStatus.END

# grpc.health.v1.HealthCheckResponse: field 1, SERVING.
SERVING = b"\x08\x01"
NOT_SERVING = b"\x08\x02"

# It answers when the new models are available, and large ones take long.
RELOAD_TIMEOUT_SECONDS = 300

_OPTIONS = [
    # Else all channels of a process share one connection.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_receive_message_length", -1),
]


class Client:
    """A connection of its own to a server on this machine."""

    def __init__(self, port: int) -> None:
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=_OPTIONS)
        self.prediction = prediction_service_pb2_grpc.PredictionServiceStub(self.channel)
        self.model = model_service_pb2_grpc.ModelServiceStub(self.channel)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.channel.close()

    def predict(self, request: Any) -> Any:
        """PredictionService.Predict."""
        return self.prediction.Predict(request, timeout=PATIENCE_SECONDS)

    def metadata(self, request: Any) -> Any:
        """PredictionService.GetModelMetadata."""
        return self.prediction.GetModelMetadata(request, timeout=PATIENCE_SECONDS)

    def signatures(self, model: str) -> Any:
        """The signatures of a model, by name."""
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        request.model_spec.name = model
        packed = self.metadata(request).metadata["signature_def"]
        signatures = get_model_metadata_pb2.SignatureDefMap()
        assert packed.Unpack(signatures)
        return signatures.signature_def

    def status(self, model: str, version: int | None = None) -> dict[int, Any]:
        """What ModelService.GetModelStatus tells of a model's versions, by version."""
        request = get_model_status_pb2.GetModelStatusRequest()
        request.model_spec.name = model
        if version is not None:
            request.model_spec.version.value = version
        answer = self.model.GetModelStatus(request, timeout=PATIENCE_SECONDS)
        return {status.version: status for status in answer.model_version_status}

    def wait_for_status(self, model: str, version: int, fits: Callable[[Any], bool]) -> Any:
        """Waits until the status of a version fits.

        Args:
            model: The model's name.
            version: The version.
            fits: Whether a status is the one waited for.

        Returns:
            The status.
        """

        def probe() -> Any:
            try:
                status = self.status(model).get(version)
            except grpc.RpcError as error:
                # No version has been seen yet.
                if error.code() != grpc.StatusCode.NOT_FOUND:
                    raise
                return None
            return status if status is not None and fits(status) else None

        return wait_for(f"status of version {version} of {model}", probe)

    def wait_until(self, model: str, version: int, state: int) -> Any:
        """Waits until a version is in a state, and returns its status."""
        return self.wait_for_status(model, version, lambda status: status.state == state)

    def serve_only(self, **models: Path) -> None:
        """Has the server serve these models, each given by its folder, and no others.

        Returns when those that are new were seen; an older one may still be there.
        """
        request = model_management_pb2.ReloadConfigRequest()
        for name, base in models.items():
            request.config.model_config_list.config.add(
                name=name, base_path=str(base), model_platform="tensorflow"
            )
        answer = self.model.HandleReloadConfigRequest(request, timeout=RELOAD_TIMEOUT_SECONDS)
        assert answer.status.error_code == 0, answer

    def health(self, service: str = "") -> bytes:
        """The answer of grpc.health.v1, as it is on the wire."""
        name = service.encode()
        request = b"\x0a" + bytes([len(name)]) + name if name else b""
        return self.call_bytes("/grpc.health.v1.Health/Check", request)

    def call_bytes(self, method: str, request: bytes) -> bytes:
        """Calls a method by its full name, with any bytes as request."""
        call: Any = self.channel.unary_unary(method)
        return bytes(call(request, timeout=PATIENCE_SECONDS))

    def reflected_services(self) -> bytes:
        """What server reflection answers to "list services", as it is on the wire."""
        # ServerReflectionRequest: field 7, list_services, "".
        return self._reflect(b"\x3a\x00")

    def reflected_file(self, symbol: str) -> bytes:
        """What it answers to "the file that has this symbol"."""
        # Field 4, file_containing_symbol.
        return self._reflect(b"\x22" + bytes([len(symbol)]) + symbol.encode())

    def _reflect(self, request: bytes) -> bytes:
        reflection: Any = self.channel.stream_stream(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
        )
        (answer,) = reflection(iter([request]), timeout=PATIENCE_SECONDS)
        return bytes(answer)


def error_of(call: Callable[[], Any]) -> tuple[grpc.StatusCode, str]:
    """Makes a call that should fail.

    Args:
        call: Makes it.

    Returns:
        Its code and its text.
    """
    try:
        answer = call()
    except grpc.RpcError as error:
        return error.code(), error.details() or ""
    raise AssertionError(f"no error but {answer}")


def predict_request(model: str, **inputs: Any) -> Any:
    """A PredictRequest for a model.

    Args:
        model: The model's name.
        **inputs: What `tf.make_tensor_proto` takes, by alias.

    Returns:
        The request.
    """
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    for alias, value in inputs.items():
        request.inputs[alias].CopyFrom(tf.make_tensor_proto(value))
    return request


def image_request(grey: float = 0.5, *, images: int = 1, model: str = "mnist") -> Any:
    """A PredictRequest with images of one grey, which is also their mean."""
    return predict_request(model, image_data=np.full([images, PIXELS], grey, np.float32))


def scores(version: int, grey: float = 0.5, *, images: int = 1) -> npt.NDArray[np.float32]:
    """What version `version` of `models.export_mnist` answers to `image_request`."""
    row = np.arange(10, dtype=np.float32) + np.float32(grey + 10 * version)
    return np.tile(row, (images, 1))
