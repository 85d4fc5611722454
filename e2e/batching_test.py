"""Batching on the server: calls that come at the same time share a run, and none harms another."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import requests
import tensorflow as tf

from e2e.client import AVAILABLE, END, Client, error_of, image_request, predict_request, scores
from e2e.mnist_service import CONTRACT_FLAG, classify
from e2e.models import PIXELS, Export
from e2e.publishing import publish
from e2e.server_process import ServerProcess, run_to_end
from e2e.waiting import PATIENCE_SECONDS

CLIENTS = 8
CALLS = 400
# Calls wait so long for each other where only a full batch is to be run: longer than any test.
FOR_EVER = 3_600_000_000
CALLS_AT_ONCE = 1000


@contextmanager
def batching(base: Path, parameters: str, *flags: str) -> Iterator[ServerProcess]:
    """A server of the model at `base` that batches by `parameters`."""
    file = base.parent / "batching.pbtxt"
    file.write_text(parameters, encoding="utf-8")
    with ServerProcess(
        "--model_name=mnist",
        f"--model_base_path={base}",
        "--rest_api_port=-1",
        "--enable_batching",
        f"--batching_parameters_file={file}",
        *flags,
    ) as server:
        yield server


def metric(server: ServerProcess, name: str) -> float:
    """The sum of all series of that name."""
    url = f"http://127.0.0.1:{server.http_port()}/metrics"
    text = requests.get(url, timeout=PATIENCE_SECONDS).text
    lines = [line for line in text.splitlines() if line.startswith((name + "{", name + " "))]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def answer_all(server: ServerProcess, requests_: list[Any]) -> list[Any]:
    """Sends them from several connections at once; what each got, an answer or an error."""
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(server.port)) for _ in range(CLIENTS)]
        futures = [
            clients[i % CLIENTS].prediction.Predict.future(request, timeout=PATIENCE_SECONDS)
            for i, request in enumerate(requests_)
        ]
        return [future.exception() or future.result() for future in futures]


def test_calls_share_runs_and_each_gets_its_own_answer(mnist: Export, base: Path) -> None:
    publish(mnist, base, 1)
    parameters = """
        max_batch_size { value: 32 }
        batch_timeout_micros { value: 2000000 }
        num_batch_threads { value: 1 }
        allowed_batch_sizes: [8, 32]
    """
    begin = time.monotonic()
    with batching(base, parameters) as server:
        greys = [(i % 64) / 64 for i in range(CALLS)]
        images = [1 + i % 3 for i in range(CALLS)]
        answers = answer_all(
            server, [image_request(g, images=n) for g, n in zip(greys, images, strict=True)]
        )
        runs = metric(server, ":tensorflow:serving:batching_session:wrapped_run_count")
        tasks = metric(server, "trilho_batch_tasks_sum")
        rows = metric(server, "trilho_batch_size_sum")
        padded = metric(server, ":tensorflow:serving:batching_session:processed_batch_size_sum")

    for grey, count, answer in zip(greys, images, answers, strict=True):
        values = tf.make_ndarray(answer.outputs["value"])
        np.testing.assert_allclose(values, scores(1, grey, images=count), rtol=1e-6)
    print(f"{CALLS} calls in {runs:.0f} runs, {padded / rows:.2f} rows run for each one asked")
    assert tasks == CALLS
    assert rows == sum(images)
    # A batch is run when the next call, of 3 images at most, does not fit, or when its 2 s are up,
    # as they may be again and again on a slow machine.
    assert runs <= rows / (32 - 2) + (time.monotonic() - begin) / 2
    assert padded >= rows
    assert padded % 8 == 0


def test_typed_calls_share_runs_with_each_other_and_with_predict(mnist: Export, base: Path) -> None:
    publish(mnist, base, 1)
    # A batch is run only when it is full, which the callers, four times as many, see to. The
    # calls of neither kind alone would fill their last one.
    batch = 8
    assert CALLS % batch == 0
    assert CALLS // 4 % batch
    parameters = f"""
        max_batch_size {{ value: {batch} }}
        batch_timeout_micros {{ value: {FOR_EVER} }}
        num_batch_threads {{ value: 1 }}
    """
    greys = [(i % 64) / 64 for i in range(CALLS)]
    with batching(base, parameters, CONTRACT_FLAG) as server, ExitStack() as stack:
        clients = [stack.enter_context(Client(server.port)) for _ in range(CLIENTS)]

        def ask(i: int) -> list[float]:
            client = clients[i % CLIENTS]
            if i % 4 == 0:
                answer = client.predict(image_request(greys[i])).outputs["value"]
                return list(answer.float_val)
            return classify(client.channel, [greys[i]] * PIXELS)

        with ThreadPoolExecutor(CLIENTS * 4) as pool:
            answers = list(pool.map(ask, range(CALLS)))
        runs = metric(server, ":tensorflow:serving:batching_session:wrapped_run_count")
        tasks = metric(server, "trilho_batch_tasks_sum")

    for grey, answer in zip(greys, answers, strict=True):
        np.testing.assert_allclose(answer, scores(1, grey)[0], rtol=1e-6)
    assert tasks == CALLS
    assert runs == CALLS / batch


def test_one_bad_call_harms_only_itself(mnist: Export, base: Path) -> None:
    publish(mnist, base, 1)
    bad = [
        predict_request("mnist", image_data=np.zeros([PIXELS], np.float32)),
        predict_request("mnist", image_data=np.zeros([1, PIXELS], np.float64)),
    ]
    empty = predict_request("mnist", image_data=np.zeros([0, PIXELS], np.float32))
    # The graph takes it.
    odd = predict_request("mnist", image_data=np.zeros([1, PIXELS + 1], np.float32))
    with batching(base, "batch_timeout_micros { value: 5000 }") as server:
        kinds = [*bad, empty, odd, image_request(), image_request()]
        answers = answer_all(server, [kinds[i % len(kinds)] for i in range(CALLS)])
    for i, answer in enumerate(answers):
        kind = i % len(kinds)
        if kind < len(bad):
            assert isinstance(answer, grpc.RpcError)
            assert answer.code() == grpc.StatusCode.INVALID_ARGUMENT
        elif kind == len(bad):
            assert tf.make_ndarray(answer.outputs["value"]).shape == (0, 10)
        elif kind == len(bad) + 1:
            assert tf.make_ndarray(answer.outputs["value"]) == pytest.approx(scores(1, 0.0))
        else:
            assert tf.make_ndarray(answer.outputs["value"]) == pytest.approx(scores(1))


def test_a_thousand_calls_at_once_are_all_answered(mnist: Export, base: Path) -> None:
    publish(mnist, base, 1)
    with batching(base, "") as server:
        answers = answer_all(server, [image_request()] * CALLS_AT_ONCE)
    failed = [answer for answer in answers if isinstance(answer, grpc.RpcError)]
    assert not failed


def test_beyond_its_bound_a_queue_refuses_at_once(spin: Export, tmp_path: Path) -> None:
    base = tmp_path / "spin"
    publish(spin, base, 1)
    parameters = """
        max_batch_size { value: 1 }
        max_enqueued_batches { value: 2 }
        num_batch_threads { value: 1 }
    """
    # A scalar input: every request runs alone, one at a time here.
    with batching(base, parameters) as server, Client(server.port) as client:
        request = predict_request("mnist", steps=2000)
        with ThreadPoolExecutor(8) as pool:
            calls = [pool.submit(client.predict, request) for _ in range(8)]
            wait(calls)
        refused = [call.exception() for call in calls if call.exception()]
        # Two wait, and one runs if it was taken before the last one came; the others were told.
        assert 1 <= len(refused) <= 6
        for error in refused:
            assert isinstance(error, grpc.RpcError)
            assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
            assert "max_enqueued_batches is 2" in (error.details() or "")


def test_parameters_of_one_model(mnist: Export, tmp_path: Path) -> None:
    for name in ("batched", "alone", "wrong"):
        publish(mnist, tmp_path / name, 1)
    file = "batching_params.pbtxt"
    (tmp_path / "batched" / "1" / file).write_text("max_batch_size { value: 4 }")
    (tmp_path / "wrong" / "1" / file).write_text("max_batch_size { value: 0 }")
    config = tmp_path / "models.config"
    config.write_text(
        "model_config_list {"
        + "".join(
            f'config {{ name: "{n}" base_path: "{tmp_path}/{n}" model_platform: "tensorflow" }}'
            for n in ("batched", "alone", "wrong")
        )
        + "}",
        encoding="utf-8",
    )
    with (
        ServerProcess(
            f"--model_config_file={config}",
            "--enable_batching",
            "--enable_per_model_batching_parameters",
            "--explain_batching",
            "--max_num_load_retries=0",
        ) as server,
        Client(server.port) as client,
    ):
        code, text = error_of(lambda: client.predict(image_request(images=5, model="batched")))
        assert code == grpc.StatusCode.INVALID_ARGUMENT
        assert text == "Task size 5 is larger than maximum input batch size 4"
        client.predict(image_request(images=5, model="alone"))
        status = client.wait_until("wrong", 1, END).status
        assert "max_batch_size must be between 1 and" in status.error_message
        assert client.status("batched")[1].state == AVAILABLE
        log = server.log()
    assert "model batched version 1: a batch has up to 4 rows" in log
    assert 'model batched version 1: signature "serving_default": batched' in log
    assert "model alone version 1: requests run alone, since there is no" in log


def test_parameters_that_cannot_be_end_the_start(base: Path) -> None:
    base.mkdir()
    file = base / "batching"
    file.write_text("max_batch_size { value: 8 } allowed_batch_sizes: 4")
    ended = run_to_end(
        f"--model_base_path={base}", "--enable_batching", f"--batching_parameters_file={file}"
    )
    assert ended.code == 2
    assert (
        "Last entry in allowed_batch_sizes must match max_batch_size; last entry was 4; expected 8"
        in ended.err
    )
