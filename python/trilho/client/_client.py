"""The client."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self, TypeVar

import grpc

from trilho.client import serving, tensors
from trilho.client._channel import DEFAULT_TIMEOUT, ClientChannel, open_channel
from trilho.client._errors import CallError
from trilho.client._results import (
    ModelMetadata,
    ModelVersion,
    PredictResult,
    model_version,
    signatures,
    spec_version,
)
from trilho.client.serving import Message

__all__ = ["TrilhoClient"]

_T = TypeVar("_T")
_Stub = TypeVar("_Stub")

_MAX_MESSAGE_BYTES = 64 << 20
_SIGNATURE = "serving_default"


class TrilhoClient:
    """Calls the models of a server, Trilho's or TensorFlow Serving's.

    Make one for a process and share it: it is thread-safe, connects at the first call and balances
    over all addresses of its target. No call waits for ever: each has a timeout, retries included.

        with TrilhoClient("localhost:8500") as client:
            result = client.predict("mnist", {"image_data": images})
            result.outputs["value"]

    Calls raise a CallError that keeps gRPC's status code and details; those of stubs do so, too.
    """

    def __init__(
        self,
        target: str = "",
        *,
        timeout: float = DEFAULT_TIMEOUT,
        channel: grpc.Channel | None = None,
        credentials: grpc.ChannelCredentials | None = None,
        attempts: int = 4,
        max_message_bytes: int = _MAX_MESSAGE_BYTES,
        health_checks: bool = True,
    ) -> None:
        """Makes a client; a server that is down is no error yet.

        Args:
            target: HOST:PORT, or any target that gRPC resolves, e.g. "dns:///models:8500".
            timeout: Seconds that a call may take if it says nothing else.
            channel: Used in place of a new one, for settings of your own. It stays yours to close,
                and `target`, `credentials` and what follows below are its business.
            credentials: How to secure the connection, e.g. grpc.ssl_channel_credentials(); by
                default it is not.
            attempts: How often a call is tried in all while the server is UNAVAILABLE, 1 to 5;
                between two attempts go about 0.1, 0.2, 0.4 and 0.8 seconds. No other error is
                tried again.
            max_message_bytes: The largest response that is accepted.
            health_checks: Whether calls avoid a server whose health (grpc.health.v1, of
                PredictionService) says that it does not serve, as one says that is about to stop
                or still loads its first models. A server without grpc.health.v1 counts as healthy.
                To be turned off where something in between answers such questions wrongly.

        Raises:
            ValueError: An option is out of range, or neither or both of `target` and `channel` are
                given.
        """
        if bool(target) == (channel is not None):
            raise ValueError("Give a target or a channel")
        self._owns_channel = channel is None
        opened = channel or open_channel(
            target,
            credentials=credentials,
            attempts=attempts,
            max_message_bytes=max_message_bytes,
            health_checks=health_checks,
        )
        self._channel = ClientChannel(opened, timeout=timeout)
        self._prediction = serving.PredictionServiceStub(self._channel)
        self._models = serving.ModelServiceStub(self._channel)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the channel and cancels its calls, if the client made it; may be repeated."""
        if self._owns_channel:
            self._channel.close()

    def stub(self, stub_class: Callable[[grpc.Channel], _Stub]) -> _Stub:
        """Makes a stub for a typed service; its calls have the client's timeout, retries, errors.

            digits = client.stub(MnistServiceStub)
            digits.Classify(ClassifyRequest(image_data=pixels)).value

        Args:
            stub_class: The class that protoc's gRPC plugin generated.

        Returns:
            A stub. Its methods take `timeout` in seconds, and have `future` beside the call.
        """
        return stub_class(self._channel)

    def predict(
        self,
        model: str,
        inputs: Mapping[str, Any],
        *,
        version: int | None = None,
        version_label: str | None = None,
        signature_name: str = _SIGNATURE,
        output_filter: Iterable[str] = (),
        timeout: float | None = None,
    ) -> PredictResult:
        """Runs a model.

        Args:
            model: Its name.
            inputs: Arrays by the signature's names of its inputs, the batch first.
            version: Which version; without it and a label, the newest that is ready.
            version_label: Which version, by a label that the server's configuration gives it.
            signature_name: Which of the model's signatures.
            output_filter: Names of the outputs to return; all if there are none.
            timeout: Seconds that the call may take; the client's by default.

        Returns:
            The outputs, and who answered.

        Raises:
            CallError: The call failed; InvalidArgumentError if a name, dtype or shape is wrong,
                NotFoundError if there is no such model, version or signature.
            TypeError: TensorFlow has no type for an array.
            ValueError: Both `version` and `version_label` are given.
        """
        request = _predict_request(inputs, signature_name, output_filter)
        _specify(request.model_spec, model, version, version_label)
        return _predict_result(self._prediction.Predict(request, timeout=timeout))

    def predict_async(
        self,
        model: str,
        inputs: Mapping[str, Any],
        *,
        version: int | None = None,
        version_label: str | None = None,
        signature_name: str = _SIGNATURE,
        output_filter: Iterable[str] = (),
        timeout: float | None = None,
    ) -> Future[PredictResult]:
        """Starts to run a model; as `predict`, but does not wait.

        In asyncio: `await asyncio.wrap_future(client.predict_async(...))`.

        Returns:
            What `predict` would return or raise, later. Cancelling it cancels the call.
        """
        request = _predict_request(inputs, signature_name, output_filter)
        _specify(request.model_spec, model, version, version_label)
        return _CallFuture.of(
            self._prediction.Predict.future(request, timeout=timeout), _predict_result
        )

    def model_status(
        self, model: str, *, version: int | None = None, timeout: float | None = None
    ) -> list[ModelVersion]:
        """Asks which versions of a model the server knows.

        Args:
            model: Its name.
            version: Only this one.
            timeout: Seconds that the call may take; the client's by default.

        Returns:
            The versions with their states, newest first.

        Raises:
            CallError: The call failed; NotFoundError if there is no such model or version.
        """
        request = serving.GetModelStatusRequest()
        _specify(request.model_spec, model, version, None)
        answer = self._models.GetModelStatus(request, timeout=timeout)
        found = [model_version(status) for status in answer.model_version_status]
        return sorted(found, key=lambda one: one.version, reverse=True)

    def model_metadata(
        self,
        model: str,
        *,
        version: int | None = None,
        version_label: str | None = None,
        timeout: float | None = None,
    ) -> ModelMetadata:
        """Asks how a model can be called.

        Args:
            model: Its name.
            version: Which version; without it and a label, the newest that is ready.
            version_label: Which version, by a label that the server's configuration gives it.
            timeout: Seconds that the call may take; the client's by default.

        Returns:
            Its signatures, with the dtypes and shapes of their inputs and outputs.

        Raises:
            CallError: The call failed; NotFoundError if there is no such model or version.
            ValueError: Both `version` and `version_label` are given.
        """
        request = serving.GetModelMetadataRequest(metadata_field=["signature_def"])
        _specify(request.model_spec, model, version, version_label)
        answer = self._prediction.GetModelMetadata(request, timeout=timeout)
        return ModelMetadata(
            model=answer.model_spec.name,
            version=spec_version(answer.model_spec),
            signatures=signatures(answer.metadata["signature_def"]),
        )


class _CallFuture(Future[_T]):
    """The answer of a call under way, converted."""

    _call: Any

    @classmethod
    def of(cls, call: Message, convert: Callable[[Any], _T]) -> "_CallFuture[_T]":
        future = cls()
        future._call = call
        call.add_done_callback(lambda done: future._finish(done, convert))
        return future

    def cancel(self) -> bool:
        """Cancels the call, unless it has been answered."""
        if not super().cancel():
            return False
        self._call.cancel()
        return True

    def _finish(self, call: Message, convert: Callable[[Any], _T]) -> None:
        if not self.set_running_or_notify_cancel():
            return
        try:
            self.set_result(convert(call.result()))
        except (CallError, ValueError) as error:
            self.set_exception(error)


def _predict_request(
    inputs: Mapping[str, Any], signature_name: str, output_filter: Iterable[str]
) -> Message:
    request = serving.PredictRequest(output_filter=output_filter)
    request.model_spec.signature_name = signature_name
    for name, values in inputs.items():
        try:
            request.inputs[name].CopyFrom(tensors.to_proto(values))
        except TypeError as error:
            raise TypeError(f"{name}: {error}") from error
    return request


def _specify(
    spec: Message,
    model: str,
    version: int | None,
    version_label: str | None,
) -> None:
    if version is not None and version_label is not None:
        raise ValueError("Give a version or a version_label, not both")
    spec.name = model
    if version is not None:
        spec.version.value = version
    if version_label is not None:
        spec.version_label = version_label


def _predict_result(response: Message) -> PredictResult:
    spec = response.model_spec
    return PredictResult(
        outputs={
            name: tensors.from_proto(response.outputs[name]) for name in sorted(response.outputs)
        },
        model=spec.name,
        version=spec_version(spec),
        signature=spec.signature_name,
    )
