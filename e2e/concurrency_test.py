"""Many clients and many calls at once: each gets its own answer, and none is turned away."""

import http.client
import json
import resource
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier
from typing import Any

import pytest
import requests
import tensorflow as tf

from e2e.client import AVAILABLE, SERVING, Client, image_request, predict_request, scores
from e2e.models import PIXELS, Export
from e2e.publishing import publish
from e2e.server_process import ServerProcess
from e2e.waiting import PATIENCE_SECONDS, wait_for

CLIENTS = 100
CALLS_PER_CLIENT = 30
CALLS_AT_ONCE = 1000
CONTROL_CALLS = 50

DATA_THREADS = 2
# What all data threads together compute before a test believes that they are at it.
BUSY_SECONDS = 0.2
# How long a call keeps a data thread; calls of the control plane take milliseconds.
SPIN_SECONDS = 2.0


@pytest.fixture(scope="module")
def server(
    mnist: Export, spin: Export, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    # A connection for each of the calls over REST, on both sides.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * CALLS_AT_ONCE), hard))
    folder = tmp_path_factory.mktemp("models")
    publish(mnist, folder / "mnist", 1)
    publish(spin, folder / "spin", 1)
    (folder / "config").write_text(
        "model_config_list {"
        + "".join(
            f'config {{ name: "{name}" base_path: "{folder}/{name}" model_platform: "tensorflow" }}'
            for name in ("mnist", "spin")
        )
        + "}",
        encoding="utf-8",
    )
    with ServerProcess(
        f"--model_config_file={folder}/config",
        f"--grpc_max_threads={DATA_THREADS}",
        "--rest_api_port=-1",
        f"--rest_api_num_threads={DATA_THREADS}",
        f"--rest_api_timeout_in_ms={int(1000 * PATIENCE_SECONDS)}",
    ) as server:
        yield server


@pytest.fixture(scope="module")
def steps(server: ServerProcess) -> int:
    """As many steps as take a thread of the server SPIN_SECONDS."""
    sample = 200
    with Client(server.port) as client:
        before = server.cpu_seconds()
        client.predict(predict_request("spin", steps=sample))
        spent = max(server.cpu_seconds() - before, 0.01)
    return int(sample * SPIN_SECONDS / spent)


def grey_of(number: int) -> float:
    """Another grey for each number, exact as a float."""
    return (number % 1024) / 1024


def assert_scores(answer: Any, grey: float) -> None:
    values = tf.make_ndarray(answer.outputs["value"])
    assert values == pytest.approx(scores(1, grey))


def keep_all_threads_busy(server: ServerProcess, client: Client, steps: int) -> list[Any]:
    """Begins a long call per data thread and returns when they compute."""
    before = server.cpu_seconds()
    request = predict_request("spin", steps=steps)
    calls = [
        client.prediction.Predict.future(request, timeout=PATIENCE_SECONDS)
        for _ in range(DATA_THREADS)
    ]
    wait_for("the threads to be busy", lambda: server.cpu_seconds() > before + BUSY_SECONDS)
    return calls


def assert_spun(calls: list[Any], steps: int) -> None:
    for call in calls:
        assert list(call.result().outputs["steps"].int_val) == [steps]


def test_every_one_of_many_clients_gets_the_answers_to_its_own_questions(
    server: ServerProcess,
) -> None:
    connected = Barrier(CLIENTS)

    def run(number: int) -> int:
        with Client(server.port) as client:
            connected.wait(PATIENCE_SECONDS)
            for call in range(CALLS_PER_CLIENT):
                grey = grey_of(number * CALLS_PER_CLIENT + call)
                assert_scores(client.predict(image_request(grey)), grey)
        return CALLS_PER_CLIENT

    with ThreadPoolExecutor(CLIENTS) as pool:
        assert sum(pool.map(run, range(CLIENTS))) == CLIENTS * CALLS_PER_CLIENT


def test_calls_beyond_the_threads_wait_for_their_turn_and_are_answered(
    server: ServerProcess, steps: int
) -> None:
    with Client(server.port) as client:
        spinning = keep_all_threads_busy(server, client, steps)
        waiting = [
            client.prediction.Predict.future(
                image_request(grey_of(number)), timeout=PATIENCE_SECONDS
            )
            for number in range(CALLS_AT_ONCE)
        ]
        for number, call in enumerate(waiting):
            assert_scores(call.result(), grey_of(number))
        assert_spun(spinning, steps)


def post_json(connection: http.client.HTTPConnection, model: str, inputs: Any) -> None:
    """Sends a request, whose answer is read later."""
    connection.request("POST", f"/v1/models/{model}:predict", json.dumps({"inputs": inputs}))


def outputs_of(connection: http.client.HTTPConnection) -> Any:
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, body
    return json.loads(body)["outputs"]


def test_calls_beyond_the_threads_wait_over_rest_too(server: ServerProcess, steps: int) -> None:
    queued = 'trilho_queued_requests{protocol="rest"} '

    def depth() -> int:
        page = requests.get(
            f"http://127.0.0.1:{server.http_port()}/metrics", timeout=PATIENCE_SECONDS
        ).text
        return int(page.partition(queued)[2].partition("\n")[0])

    with ExitStack() as stack:

        def connect() -> http.client.HTTPConnection:
            connection = http.client.HTTPConnection(
                "127.0.0.1", server.http_port(), timeout=PATIENCE_SECONDS
            )
            connection.connect()
            stack.callback(connection.close)
            return connection

        waiting = [connect() for _ in range(CALLS_AT_ONCE)]
        spinning = [connect() for _ in range(DATA_THREADS)]
        before = server.cpu_seconds()
        for connection in spinning:
            post_json(connection, "spin", 3 * steps)
        wait_for("the threads to be busy", lambda: server.cpu_seconds() > before + BUSY_SECONDS)
        for number, connection in enumerate(waiting):
            post_json(connection, "mnist", [[grey_of(number)] * PIXELS])
        wait_for("all to wait, and to be counted", lambda: depth() == CALLS_AT_ONCE)
        for connection in spinning:
            assert outputs_of(connection)["steps"] == 3 * steps
        for number, connection in enumerate(waiting):
            assert outputs_of(connection) == [
                pytest.approx(row) for row in scores(1, grey_of(number)).tolist()
            ]
        assert depth() == 0


def test_status_and_health_answer_while_every_thread_runs_a_model(
    server: ServerProcess, steps: int
) -> None:
    with Client(server.port) as client:
        spinning = keep_all_threads_busy(server, client, steps)
        waiting = client.prediction.Predict.future(image_request(), timeout=PATIENCE_SECONDS)
        for _ in range(CONTROL_CALLS):
            assert client.status("mnist")[1].state == AVAILABLE
            assert client.health() == SERVING
        # Else the answers above would show nothing.
        assert not any(call.done() for call in [*spinning, waiting])
        assert_spun(spinning, steps)
        assert_scores(waiting.result(), 0.5)


def test_a_large_batch_is_answered_row_by_row(server: ServerProcess) -> None:
    rows = 2000
    with Client(server.port) as client:
        answer = client.predict(image_request(0.25, images=rows))
        assert tf.make_ndarray(answer.outputs["value"]) == pytest.approx(
            scores(1, 0.25, images=rows)
        )
