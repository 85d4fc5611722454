"""TF Serving's counter, whose signatures change it: calls do, and nothing else."""

from collections.abc import Iterator

import pytest
from tensorflow_serving.apis import predict_pb2

from e2e.client import Client
from e2e.day_one.calls import post, predict_request
from e2e.day_one.documented_models import VERSION, export_counter
from e2e.server_process import ServerProcess


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    base = tmp_path_factory.mktemp("models") / "counter"
    export_counter(base / str(VERSION))
    flags = ["--model_name=counter", f"--model_base_path={base}", "--rest_api_port=-1"]
    with ServerProcess(*flags) as running:
        yield running


def test_it_counts_calls_from_nothing(server: ServerProcess) -> None:
    def ask(signature: str) -> float:
        request = predict_pb2.PredictRequest()
        if signature == "incr_counter_by":
            request = predict_request("counter", [10.0], [], alias="delta")
        request.model_spec.name = "counter"
        request.model_spec.signature_name = signature
        return float(client.predict(request).outputs["output"].float_val[0])

    with Client(server.port) as client:
        assert ask("get_counter") == 0.0
        assert ask("incr_counter") == 1.0
        assert ask("incr_counter") == 2.0
        assert ask("incr_counter_by") == 12.0
        assert ask("get_counter") == 12.0
    body = {"signature_name": "get_counter", "inputs": {}}
    assert post(server, "counter:predict", body) == {"outputs": 12.0}
    with Client(server.port) as client:
        assert ask("reset_counter") == 0.0
        assert ask("get_counter") == 0.0
