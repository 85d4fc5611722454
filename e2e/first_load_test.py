"""Whoever waits for the port finds a server that answers, as with TF Serving."""

import signal
import socket
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest
import requests
from tensorflow_serving.apis import get_model_metadata_pb2

from e2e.client import Client, error_of, predict_request
from e2e.models import Export, export_slow_load
from e2e.publishing import publish
from e2e.server_process import ServerProcess, free_port
from e2e.waiting import PATIENCE_SECONDS, wait_for

# A few seconds of one thread.
MANY_STEPS = 8000
# Hours of one.
ENDLESS_STEPS = 2**30

AVAILABLE = "version 1: AVAILABLE"


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Export:
    """A model whose load takes seconds."""
    return export_slow_load(tmp_path_factory.mktemp("export") / "slow", steps=MANY_STEPS)


class Loading:
    """A server whose model is still loading when its ports accept.

    Attributes:
        port: gRPC's.
        http_port: HTTP's.
        server: The process.
    """

    def __init__(self, export: Export, folder: Path, *flags: str) -> None:
        publish(export, folder / "slow", 1)
        self.port, self.http_port = free_port(), free_port()
        self.server = ServerProcess(
            "--model_name=slow",
            f"--model_base_path={folder / 'slow'}",
            f"--port={self.port}",
            f"--rest_api_port={self.http_port}",
            "--shutdown_grace_seconds=0.2",
            *flags,
            wait=False,
        )

    def wait_for_ports(self) -> None:
        """Returns as soon as both accept a connection, as a TCP probe would."""
        for port in (self.port, self.http_port):
            wait_for(f"port {port}", partial(_accepts, port))


def _accepts(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS):
            return True
    except ConnectionRefusedError:
        return False


@pytest.fixture
def loading(slow: Export, tmp_path: Path) -> Iterator[Loading]:
    """A server whose model takes a few seconds."""
    started = Loading(slow, tmp_path)
    with started.server:
        started.wait_for_ports()
        yield started


def test_a_call_as_soon_as_the_port_accepts_is_answered(loading: Loading) -> None:
    with Client(loading.port) as client:
        assert AVAILABLE not in loading.server.log()
        assert list(client.predict(predict_request("slow", x=[4.0])).outputs["y"].float_val) == [4]
    assert AVAILABLE in loading.server.log()


def test_so_is_a_call_for_metadata(loading: Loading) -> None:
    with Client(loading.port) as client:
        assert AVAILABLE not in loading.server.log()
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        request.model_spec.name = "slow"
        assert client.metadata(request).model_spec.version.value == 1


def test_so_is_a_call_over_http(loading: Loading) -> None:
    assert AVAILABLE not in loading.server.log()
    answer = requests.post(
        f"http://127.0.0.1:{loading.http_port}/v1/models/slow:predict",
        json={"inputs": [4.0]},
        timeout=PATIENCE_SECONDS,
    )
    assert answer.json()["outputs"]["y"] == [4.0]
    assert AVAILABLE in loading.server.log()


def test_a_call_that_waits_is_told_that_the_server_stops(tmp_path: Path) -> None:
    endless = export_slow_load(tmp_path / "export", steps=ENDLESS_STEPS)
    loading = Loading(endless, tmp_path)
    with loading.server:
        loading.wait_for_ports()
        with Client(loading.port) as client:
            call: Any = client.prediction.Predict.future(
                predict_request("slow", x=[4.0]), timeout=PATIENCE_SECONDS
            )
            wait_for("the call to wait", lambda: _queued(loading.http_port) == 1)
            loading.server.signal(signal.SIGTERM)
            code, details = error_of(call.result)
            assert code == grpc.StatusCode.UNAVAILABLE
            assert details == (
                'the server is shutting down while the model "slow" was still loading'
            )
        assert loading.server.wait() == 0


def test_with_no_wait_a_call_fails_at_once(tmp_path: Path) -> None:
    endless = export_slow_load(tmp_path / "export", steps=ENDLESS_STEPS)
    loading = Loading(endless, tmp_path, "--max_first_load_wait_seconds=0")
    with loading.server:
        loading.wait_for_ports()
        with Client(loading.port) as client:
            code, details = error_of(lambda: client.predict(predict_request("slow", x=[4.0])))
            assert code == grpc.StatusCode.UNAVAILABLE
            assert details == 'the server is still loading the model "slow"'


def _queued(http_port: int) -> float:
    page = requests.get(f"http://127.0.0.1:{http_port}/metrics", timeout=PATIENCE_SECONDS).text
    series = 'trilho_queued_requests{protocol="grpc"}'
    (line,) = [line for line in page.splitlines() if line.startswith(series)]
    return float(line.split()[-1])
