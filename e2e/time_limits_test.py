"""What takes too long is ended, says so, and leaves its thread to the next call."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from e2e.client import Client, error_of, predict_request
from e2e.models import Export
from e2e.publishing import publish
from e2e.server_process import ServerProcess
from e2e.waiting import PATIENCE_SECONDS

# Hours of one thread.
ENDLESS_STEPS = 2**30


@pytest.fixture
def base(spin: Export, tmp_path: Path) -> Path:
    publish(spin, tmp_path / "spin", 1)
    return tmp_path / "spin"


@pytest.fixture
def server(base: Path) -> Iterator[ServerProcess]:
    """Has one thread each for gRPC and for REST."""
    with ServerProcess(
        "--model_name=spin",
        f"--model_base_path={base}",
        "--rest_api_port=-1",
        "--grpc_max_threads=1",
        "--rest_api_num_threads=1",
        "--max_run_seconds=0.5",
        "--rest_api_timeout_in_ms=200",
    ) as running:
        yield running


def steps_made(client: Client, steps: int, timeout: float = PATIENCE_SECONDS) -> int:
    answer = client.prediction.Predict(predict_request("spin", steps=steps), timeout=timeout)
    (made,) = answer.outputs["steps"].int_val
    return int(made)


def test_a_run_is_ended_by_max_run_seconds(server: ServerProcess) -> None:
    with Client(server.port) as client:
        code, text = error_of(lambda: steps_made(client, ENDLESS_STEPS))
        assert code.name == "DEADLINE_EXCEEDED"
        assert text == "the run took longer than --max_run_seconds=0.5 and was ended"
        # There is no other thread that could.
        assert steps_made(client, 3) == 3


def test_a_run_is_ended_when_nobody_waits_for_it_any_more(server: ServerProcess) -> None:
    with Client(server.port) as client:
        code, _ = error_of(lambda: steps_made(client, ENDLESS_STEPS, timeout=0.2))
        assert code.name == "DEADLINE_EXCEEDED"
        assert steps_made(client, 3) == 3


def test_a_rest_call_is_answered_within_its_time(server: ServerProcess) -> None:
    def post(steps: int) -> requests.Response:
        return requests.post(
            f"http://127.0.0.1:{server.http_port()}/v1/models/spin:predict",
            json={"inputs": steps},
            timeout=PATIENCE_SECONDS,
        )

    late = post(ENDLESS_STEPS)
    assert late.status_code == 504
    # Whichever looks at its clock first: the connection or the run.
    assert late.json()["error"] in (
        "the request was not answered within 200 ms",
        "the deadline passed while the model was run",
    )
    assert post(3).json()["outputs"]["steps"] == 3
