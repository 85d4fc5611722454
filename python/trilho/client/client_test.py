import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent import futures
from typing import Any

import grpc
import numpy as np
import pytest

from trilho.client import (
    CallError,
    CancelledError,
    DeadlineExceededError,
    InvalidArgumentError,
    ModelState,
    NotFoundError,
    PredictResult,
    TensorSpec,
    TrilhoClient,
    UnavailableError,
    serving,
    tensors,
)
from trilho.client.serving import Message
from trilho.errors import TrilhoError
from trilho.mnist_pb2 import ClassifyRequest, ClassifyResponse
from trilho.mnist_pb2_grpc import (
    MnistServiceServicer,
    MnistServiceStub,
    add_MnistServiceServicer_to_server,
)


class _Server:
    """A gRPC server whose answers the tests choose; remembers what it was asked."""

    def __init__(self, *, has_health: bool = False) -> None:
        self.requests: list[Any] = []
        # One a call until they are used up.
        self.failures: list[grpc.StatusCode] = []
        # Waited for before an answer is given.
        self.hold: threading.Event | None = None
        self.held = threading.Event()
        self.remaining: list[float] = []
        self.cancelled = threading.Event()
        self._server = grpc.server(futures.ThreadPoolExecutor(4))
        methods: dict[str, Any] = {
            "Predict": (self._predict, serving.PredictRequest),
            "GetModelMetadata": (self._metadata, serving.GetModelMetadataRequest),
        }
        self._add("tensorflow.serving.PredictionService", methods)
        methods = {"GetModelStatus": (self._status, serving.GetModelStatusRequest)}
        self._add("tensorflow.serving.ModelService", methods)
        add_MnistServiceServicer_to_server(_Digits(self), self._server)  # type: ignore[no-untyped-call]
        self._add_stream()
        self.health: _Health | None = None
        if has_health:
            self.health = _Health()
            self._server.add_generic_rpc_handlers([self.health.handler()])
        self.port = self._server.add_insecure_port("localhost:0")
        self.target = f"localhost:{self.port}"
        self._server.start()

    def stop(self) -> None:
        if self.hold:
            self.hold.set()
        if self.health:
            self.health.end()
        self._server.stop(0).wait()

    def _add(self, service: str, methods: dict[str, Any]) -> None:
        handlers: Any = {
            name: grpc.unary_unary_rpc_method_handler(
                handle,
                request_deserializer=request.FromString,
                response_serializer=lambda answer: answer.SerializeToString(),
            )
            for name, (handle, request) in methods.items()
        }
        handler = grpc.method_handlers_generic_handler(service, handlers)
        self._server.add_generic_rpc_handlers([handler])

    def _add_stream(self) -> None:
        def count(_: object, context: grpc.ServicerContext) -> Iterator[bytes]:
            yield b"1"
            context.abort(grpc.StatusCode.NOT_FOUND, "no 2")

        handlers: Any = {"Stream": grpc.unary_stream_rpc_method_handler(count)}
        handler = grpc.method_handlers_generic_handler("test.Counter", handlers)
        self._server.add_generic_rpc_handlers([handler])

    def before(self, request: Message, context: grpc.ServicerContext) -> None:
        self.requests.append(request)
        self.remaining.append(context.time_remaining())
        if self.failures:
            context.abort(self.failures.pop(0), "as the test wants")
        if self.hold:
            context.add_callback(self.cancelled.set)
            self.held.set()
            self.hold.wait(30)

    def _predict(self, request: Message, context: grpc.ServicerContext) -> Message:
        self.before(request, context)
        answer = serving.PredictResponse()
        answer.model_spec.name = request.model_spec.name
        answer.model_spec.version.value = 7
        answer.model_spec.signature_name = request.model_spec.signature_name
        doubled = 2 * tensors.from_proto(request.inputs["x"])
        answer.outputs["y"].CopyFrom(tensors.to_proto(doubled))
        return answer

    def _status(self, request: Message, context: grpc.ServicerContext) -> Message:
        self.before(request, context)
        answer = serving.GetModelStatusResponse()
        answer.model_version_status.add(version=1, state=30)
        bad = answer.model_version_status.add(version=2, state=50)
        bad.status.error_code = grpc.StatusCode.DATA_LOSS.value[0]
        bad.status.error_message = "bad checksum"
        answer.model_version_status.add(version=3, state=77)
        return answer

    def _metadata(self, request: Message, context: grpc.ServicerContext) -> Message:
        self.before(request, context)
        found = serving.SignatureDefMap()
        signature = found.signature_def["serving_default"]
        signature.method_name = "tensorflow/serving/predict"
        signature.inputs["x"].dtype = 1
        signature.inputs["x"].tensor_shape.dim.add(size=-1)
        signature.inputs["x"].tensor_shape.dim.add(size=784)
        signature.outputs["y"].dtype = 3
        signature.outputs["y"].tensor_shape.unknown_rank = True
        assert found.signature_def["__saved_model_init_op"] is not None
        answer = serving.GetModelMetadataResponse()
        answer.model_spec.name = "m"
        answer.model_spec.version.value = 7
        answer.metadata["signature_def"].Pack(found)
        return answer


class _Health:
    """grpc.health.v1's Watch, on the bytes of its messages."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._serving = True
        self._ended = False
        self.asked: list[bytes] = []

    def set(self, *, serving: bool) -> None:
        with self._changed:
            self._serving = serving
            self._changed.notify_all()

    def end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def handler(self) -> grpc.GenericRpcHandler:
        watch: Any = grpc.unary_stream_rpc_method_handler(self._watch)
        return grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Watch": watch})

    def _watch(self, request: bytes, _: object) -> Iterator[bytes]:
        self.asked.append(request)
        told: bool | None = None
        while True:
            with self._changed:
                while not self._ended and self._serving is told:
                    self._changed.wait()
                if self._ended:
                    return
                told = self._serving
            yield b"\x08\x01" if told else b"\x08\x02"


class _Digits(MnistServiceServicer):
    def __init__(self, server: _Server) -> None:
        self._server = server

    def Classify(self, request: Message, context: grpc.ServicerContext) -> Message:  # noqa: N802 - gRPC's name
        self._server.before(request, context)
        if len(request.image_data) != 784:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "image_data: expected 784 values")
        return ClassifyResponse(value=[0.1] * 10)


@pytest.fixture
def server() -> Iterator[_Server]:
    started = _Server()
    yield started
    started.stop()


@pytest.fixture
def client(server: _Server) -> Iterator[TrilhoClient]:
    with TrilhoClient(server.target) as made:
        yield made


def _target(*servers: _Server) -> str:
    return "ipv4:" + ",".join(f"127.0.0.1:{server.port}" for server in servers)


def _call_until(client: TrilhoClient, condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        client.predict("m", {"x": [1.0]})


def test_a_server_that_is_about_to_stop_is_avoided(server: _Server) -> None:
    leaving = _Server(has_health=True)
    assert leaving.health
    try:
        with TrilhoClient(_target(server, leaving)) as client:
            # The one without health counts as healthy.
            _call_until(client, lambda: bool(server.requests and leaving.requests))
            assert set(leaving.health.asked) == {b"\x0a\x11PredictionService"}
            leaving.health.set(serving=False)

            def is_passed_by() -> bool:
                before = len(leaving.requests)
                for _ in range(3):
                    client.predict("m", {"x": [1.0]})
                return len(leaving.requests) == before

            _call_until(client, is_passed_by)
            calls = len(leaving.requests)
            for _ in range(50):
                client.predict("m", {"x": [1.0]})
            assert len(leaving.requests) == calls
            leaving.health.set(serving=True)
            _call_until(client, lambda: len(leaving.requests) > calls)
    finally:
        leaving.stop()


def test_health_is_not_looked_at_if_so_told() -> None:
    leaving = _Server(has_health=True)
    assert leaving.health
    leaving.health.set(serving=False)
    try:
        with (
            TrilhoClient(leaving.target, attempts=1) as looks,
            pytest.raises(UnavailableError),
        ):
            looks.predict("m", {"x": [1.0]})
        with TrilhoClient(leaving.target, health_checks=False) as client:
            client.predict("m", {"x": [1.0]})
    finally:
        leaving.stop()


def test_predict_sends_what_it_is_told_and_returns_arrays(
    server: _Server, client: TrilhoClient
) -> None:
    result = client.predict(
        "m",
        {"x": np.array([[1, 2]], np.float32)},
        version=7,
        signature_name="other",
        output_filter=["y"],
    )
    assert result.outputs["y"].tolist() == [[2, 4]]
    assert (result.model, result.version, result.signature) == ("m", 7, "other")
    (request,) = server.requests
    assert request.model_spec.version.value == 7
    assert list(request.output_filter) == ["y"]


def test_a_version_that_is_not_chosen_is_not_sent(server: _Server, client: TrilhoClient) -> None:
    client.predict("m", {"x": [1.0]})
    client.predict("m", {"x": [1.0]}, version_label="stable")
    unchosen, labelled = (request.model_spec for request in server.requests)
    assert unchosen.WhichOneof("version_choice") is None
    assert labelled.version_label == "stable"
    assert unchosen.signature_name == "serving_default"
    with pytest.raises(ValueError, match="not both"):
        client.predict("m", {"x": [1.0]}, version=1, version_label="stable")


def test_an_array_without_a_type_is_refused_by_name(client: TrilhoClient) -> None:
    with pytest.raises(TypeError, match="x: TensorFlow has no type"):
        client.predict("m", {"x": np.array(["2026-01-01"], "datetime64[D]")})


def test_model_status_is_newest_first_with_reasons(client: TrilhoClient) -> None:
    third, second, first = client.model_status("m")
    assert (first.version, first.state, first.code) == (1, "AVAILABLE", grpc.StatusCode.OK)
    assert second.state is ModelState.END
    assert (second.code, second.message) == (grpc.StatusCode.DATA_LOSS, "bad checksum")
    assert third.state is ModelState.UNKNOWN


def test_model_metadata_tells_signatures(client: TrilhoClient) -> None:
    metadata = client.model_metadata("m")
    assert (metadata.model, metadata.version) == ("m", 7)
    assert list(metadata.signatures) == ["serving_default"]
    signature = metadata.signatures["serving_default"]
    assert signature.method_name == "tensorflow/serving/predict"
    assert signature.inputs == {"x": TensorSpec(dtype="float", shape=(None, 784))}
    assert signature.outputs == {"y": TensorSpec(dtype="int32", shape=None)}


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (grpc.StatusCode.NOT_FOUND, NotFoundError),
        (grpc.StatusCode.INVALID_ARGUMENT, InvalidArgumentError),
        (grpc.StatusCode.DATA_LOSS, CallError),
    ],
)
def test_errors_keep_code_and_details_and_are_not_retried(
    server: _Server, client: TrilhoClient, code: grpc.StatusCode, kind: type[CallError]
) -> None:
    server.failures = [code]
    with pytest.raises(TrilhoError) as caught:
        client.predict("m", {"x": [1.0]})
    assert type(caught.value) is kind
    assert caught.value.code is code
    assert caught.value.details == "as the test wants"
    assert code.name in str(caught.value)
    assert "PredictionService/Predict" in str(caught.value)
    assert isinstance(caught.value.__cause__, grpc.RpcError)
    assert len(server.requests) == 1


def test_unavailable_is_retried(server: _Server, client: TrilhoClient) -> None:
    server.failures = [grpc.StatusCode.UNAVAILABLE] * 2
    assert client.predict("m", {"x": [1.0]}).outputs["y"].tolist() == [2]
    assert len(server.requests) == 3


def test_retries_end(server: _Server, client: TrilhoClient) -> None:
    server.failures = [grpc.StatusCode.UNAVAILABLE] * 9
    with pytest.raises(UnavailableError):
        client.predict("m", {"x": [1.0]})
    assert len(server.requests) == 4


def test_retries_can_be_turned_off(server: _Server) -> None:
    server.failures = [grpc.StatusCode.UNAVAILABLE]
    with TrilhoClient(server.target, attempts=1) as client, pytest.raises(UnavailableError):
        client.predict("m", {"x": [1.0]})
    assert len(server.requests) == 1


def test_every_call_has_the_default_timeout_or_its_own(server: _Server) -> None:
    with TrilhoClient(server.target, timeout=50) as client:
        digits = client.stub(MnistServiceStub)
        image = ClassifyRequest(image_data=[0] * 784)
        client.predict("m", {"x": [1.0]})
        client.predict_async("m", {"x": [1.0]}).result()
        client.model_status("m")
        client.model_metadata("m")
        digits.Classify(image)
        digits.Classify.future(image).result()
        assert all(40 < left < 60 for left in server.remaining), server.remaining
        server.remaining.clear()
        client.predict("m", {"x": [1.0]}, timeout=20)
        digits.Classify(image, timeout=20)
        assert all(10 < left < 30 for left in server.remaining), server.remaining


def test_a_late_answer_is_a_deadline_exceeded_error(server: _Server) -> None:
    server.hold = threading.Event()
    with TrilhoClient(server.target, timeout=0.2) as client:
        with pytest.raises(DeadlineExceededError):
            client.predict("m", {"x": [1.0]})
        with pytest.raises(DeadlineExceededError):
            client.predict_async("m", {"x": [1.0]}).result()


def test_a_server_that_is_down_is_unavailable() -> None:
    with TrilhoClient("localhost:1") as client, pytest.raises(UnavailableError):
        client.model_status("m")


def test_stubs_of_typed_services_raise_typed_errors(client: TrilhoClient) -> None:
    digits = client.stub(MnistServiceStub)
    assert len(digits.Classify(ClassifyRequest(image_data=[0] * 784)).value) == 10
    bad = ClassifyRequest(image_data=[0])
    with pytest.raises(InvalidArgumentError, match="784"):
        digits.Classify(bad)
    with pytest.raises(InvalidArgumentError):
        digits.Classify.with_call(bad)
    call = digits.Classify.future(bad)
    with pytest.raises(InvalidArgumentError):
        call.result()
    assert isinstance(call.exception(), InvalidArgumentError)
    assert call.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_streams_raise_typed_errors(client: TrilhoClient) -> None:
    stream: Any = client.stub(lambda channel: channel.unary_stream("/test.Counter/Stream"))
    answers = stream(b"")
    assert next(answers) == b"1"
    with pytest.raises(NotFoundError, match="no 2"):
        next(answers)


def test_futures_run_at_the_same_time_and_can_be_cancelled(
    server: _Server, client: TrilhoClient
) -> None:
    server.hold = threading.Event()
    first = client.predict_async("m", {"x": [0.0]})
    # Only a call that reached the server can be seen to be cancelled there.
    assert server.held.wait(10)
    second = client.predict_async("m", {"x": [1.0]})
    assert first.cancel()
    assert first.cancelled()
    assert server.cancelled.wait(10)
    server.hold.set()
    assert second.result(10).outputs["y"].tolist() == [2]


def test_cancelled_stub_calls_are_cancelled_errors(server: _Server, client: TrilhoClient) -> None:
    server.hold = threading.Event()
    call = client.stub(MnistServiceStub).Classify.future(ClassifyRequest(image_data=[0] * 784))
    assert server.held.wait(10)
    call.cancel()
    with pytest.raises(CancelledError):
        call.result()


def test_futures_are_awaitable_in_asyncio(client: TrilhoClient) -> None:
    async def both() -> list[PredictResult]:
        calls = [client.predict_async("m", {"x": [float(n)]}) for n in range(2)]
        return await asyncio.gather(*map(asyncio.wrap_future, calls))

    assert [r.outputs["y"].tolist() for r in asyncio.run(both())] == [[0], [2]]


def test_futures_fail_with_typed_errors(server: _Server, client: TrilhoClient) -> None:
    server.failures = [grpc.StatusCode.NOT_FOUND]
    with pytest.raises(NotFoundError):
        client.predict_async("m", {"x": [1.0]}).result(10)


def test_only_who_made_the_channel_closes_it(server: _Server) -> None:
    with grpc.insecure_channel(server.target) as channel:
        with TrilhoClient(channel=channel) as client:
            client.model_status("m")
        with TrilhoClient(channel=channel) as client:
            assert client.model_status("m")
    client = TrilhoClient(server.target)
    client.close()
    client.close()
    with pytest.raises(ValueError, match="closed"):
        client.model_status("m")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"target": "a:1", "channel": grpc.insecure_channel("a:1")},
        {"target": "a:1", "timeout": 0},
        {"target": "a:1", "attempts": 0},
        {"target": "a:1", "attempts": 6},
        {"target": "a:1", "max_message_bytes": 0},
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"target|timeout|attempts|max_message_bytes"):
        TrilhoClient(**options)


def test_one_client_serves_many_threads(client: TrilhoClient) -> None:
    def run(number: int) -> object:
        return client.predict("m", {"x": [float(number)]}).outputs["y"].tolist()

    with futures.ThreadPoolExecutor(8) as pool:
        assert list(pool.map(run, range(40))) == [[2.0 * n] for n in range(40)]
