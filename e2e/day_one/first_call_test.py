"""Who waits for the port, as TF Serving lets him, and calls the moment it is there is answered."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import grpc
import pytest
from tensorflow_serving.apis import (
    predict_pb2,
    prediction_log_pb2,
    prediction_service_pb2_grpc,
)

from e2e.day_one.calls import curl, predict_request
from e2e.day_one.documented_models import VERSION, export_half_plus, write_warmup
from e2e.server_process import ServerProcess
from e2e.waiting import PATIENCE_SECONDS, wait_for

# Records and their repetitions: a load that takes long beside the opening of a port.
RECORDS, REPETITIONS = 500, 20


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose warm-up takes a while."""
    made = tmp_path_factory.mktemp("models") / "half_plus_two"
    export_half_plus(made / str(VERSION), 2.0)
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.CopyFrom(predict_request("half_plus_two", [2.0], [1]))
    write_warmup(made / str(VERSION), [log.SerializeToString()] * RECORDS)
    return made


@pytest.fixture
def ports() -> tuple[int, int]:
    """Two that nobody listens on."""
    with closing(socket.socket()) as first, closing(socket.socket()) as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return int(first.getsockname()[1]), int(second.getsockname()[1])


@pytest.fixture
def starting(base: Path, ports: tuple[int, int]) -> Iterator[ServerProcess]:
    """A server of which nothing has been waited for."""
    flags = [f"--port={ports[0]}", f"--rest_api_port={ports[1]}", "--model_name=half_plus_two"]
    warmup = f"--num_request_iterations_for_warmup={REPETITIONS}"
    with ServerProcess(*flags, f"--model_base_path={base}", warmup, wait=False) as server:
        yield server


def accepts(port: int) -> bool:
    """Whether a TCP connection can be made, which is what probes and compose files look at."""
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.usefixtures("starting")
def test_the_first_call_by_grpc_waits_for_the_first_load(ports: tuple[int, int]) -> None:
    wait_for("the port of gRPC", lambda: accepts(ports[0]))
    with grpc.insecure_channel(f"localhost:{ports[0]}") as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        request = predict_request("half_plus_two", [1.0, 2.0, 5.0], [3])
        answer = stub.Predict(request, timeout=PATIENCE_SECONDS)
    assert list(answer.outputs["y"].float_val) == [2.5, 3.0, 4.5]


@pytest.mark.usefixtures("starting")
def test_the_first_call_by_rest_waits_for_the_first_load(ports: tuple[int, int]) -> None:
    wait_for("the port of REST", lambda: accepts(ports[1]))
    url = f"http://localhost:{ports[1]}/v1/models/half_plus_two:predict"
    status, body = curl(url, "-d", '{"instances": [1.0, 2.0, 5.0]}')
    assert (status, json.loads(body)) == (200, {"predictions": [2.5, 3.0, 4.5]})


@pytest.mark.usefixtures("starting")
def test_the_loop_of_tf_servings_own_tests_ends_at_a_server_that_answers(
    ports: tuple[int, int],
) -> None:
    missing = predict_pb2.PredictRequest()
    missing.model_spec.name = "intentionally_missing_model"

    def ready() -> bool:
        with grpc.insecure_channel(f"localhost:{ports[0]}") as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            try:
                stub.Predict(missing, timeout=5.0)
            except grpc.RpcError as error:
                return "Servable" in (error.details() or "")
        raise AssertionError("a model that is not there has answered")

    wait_for("the server to know that a model is missing", ready)
    with grpc.insecure_channel(f"localhost:{ports[0]}") as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        request = predict_request("half_plus_two", [2.0], [1])
        answer = stub.Predict(request, timeout=PATIENCE_SECONDS)
    assert list(answer.outputs["y"].float_val) == [3.0]
    assert answer.model_spec.version.value == VERSION
