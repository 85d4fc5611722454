"""What a server tells of what it does: metrics, access log, logged requests."""

import json
import re
import signal
import time
from pathlib import Path
from typing import Any

import grpc
import pytest
import requests
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from e2e.client import (
    AVAILABLE,
    Client,
    error_of,
    image_request,
    predict_request,
    scores,
)
from e2e.mnist_service import CONTRACT_FLAG, classify
from e2e.models import Export
from e2e.publishing import publish, publish_warmed
from e2e.server_process import ServerProcess, run_to_end
from e2e.waiting import PATIENCE_SECONDS, wait_for

CALLS = 7
# How long a call keeps its thread.
SPIN_SECONDS = 2.0


def scrape(server: ServerProcess, path: str = "/metrics") -> dict[str, float]:
    """The metrics, by name with labels."""
    url = f"http://127.0.0.1:{server.http_port()}{path}"
    answer = requests.get(url, timeout=PATIENCE_SECONDS)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    samples = {}
    for line in answer.text.splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            samples[name] = float(value)
    return samples


def test_metrics_count_under_tf_servings_names_and_our_own(mnist: Export, base: Path) -> None:
    publish(mnist, base, 1)
    with (
        ServerProcess(
            "--model_name=mnist", f"--model_base_path={base}", "--rest_api_port=-1"
        ) as server,
        Client(server.port) as client,
    ):
        for _ in range(CALLS):
            client.predict(image_request())
        error_of(lambda: client.predict(image_request(model="unknown")))
        url = f"http://127.0.0.1:{server.http_port()}/v1/models/mnist:predict"
        row = {"instances": [[0.5] * 784]}
        assert requests.post(url, json=row, timeout=PATIENCE_SECONDS).ok
        samples = scrape(server)

    counts = ":tensorflow:serving:request_count"
    # Over gRPC and over REST.
    assert samples[f'{counts}{{model_name="mnist",status="OK"}}'] == CALLS + 1
    assert samples[f'{counts}{{model_name="unknown",status="NOT_FOUND"}}'] == 1
    latency = ":tensorflow:serving:request_latency_count"
    assert samples[f'{latency}{{model_name="mnist",API="Predict",entrypoint="GRPC"}}'] == CALLS
    assert samples[f'{latency}{{model_name="mnist",API="predict",entrypoint="REST"}}'] == 1
    ours = {
        name: value
        for name, value in samples.items()
        if name.startswith("trilho_requests_total{") and 'version="1"' in name
    }
    assert sum(ours.values()) == CALLS + 1
    assert all('signature="serving_default"' in name for name in ours)
    state = [name for name in samples if name.startswith("trilho_model_version_state{")]
    assert any('model="mnist"' in n and 'version="1"' in n and "AVAILABLE" in n for n in state)
    assert samples["process_resident_memory_bytes"] > 1e6


def test_each_inference_is_a_line_of_the_access_log(
    mnist: Export, base: Path, tmp_path: Path
) -> None:
    publish(mnist, base, 1)
    log = tmp_path / "access.log"
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    with (
        ServerProcess(
            *["--model_name=mnist", f"--model_base_path={base}"],
            *[f"--access_log={log}", "--rest_api_port=-1"],
        ) as server,
        Client(server.port) as client,
    ):
        client.prediction.Predict(
            image_request(images=3),
            timeout=PATIENCE_SECONDS,
            metadata=[("traceparent", f"00-{trace}-00f067aa0ba902b7-01")],
        )
        error_of(lambda: client.predict(image_request(model="unknown")))
        url = f"http://127.0.0.1:{server.http_port()}/v1/models/unknown:predict"
        requests.post(url, json={"instances": [1]}, timeout=PATIENCE_SECONDS)
    first, second, third = (json.loads(line) for line in log.read_text("utf-8").splitlines())
    for line in first, second, third:
        assert re.fullmatch(r"127\.0\.0\.1:\d+", line["peer"])
    assert first["peer"] == second["peer"] != third["peer"]
    assert third["protocol"] == "rest"
    assert first["model"] == "mnist"
    assert first["version"] == 1
    assert first["code"] == "OK"
    assert first["examples"] == 3
    assert first["trace_id"] == trace
    assert first["duration_us"] >= first["run_us"] > 0
    assert second["code"] == "NOT_FOUND"
    assert "unknown" in second["message"]


def spin_for_a_while(server: ServerProcess, client: Client) -> Any:
    """Begins a call that keeps a thread for a second or more, and returns when it computes."""
    before = server.cpu_seconds()
    client.predict(predict_request("spin", steps=200))
    spent = max(server.cpu_seconds() - before, 0.01)
    request = predict_request("spin", steps=int(200 * SPIN_SECONDS / spent))
    call = client.prediction.Predict.future(request, timeout=PATIENCE_SECONDS)
    wait_for("it to compute", lambda: server.cpu_seconds() > before + spent + 0.1)
    return call


def spin_and_mnist(folder: Path, mnist: Export, spin: Export, *, logging: str = "") -> str:
    """Publishes both models and returns the flag that serves them; `logging` is of mnist."""
    publish(mnist, folder / "mnist", 1)
    publish(spin, folder / "spin", 1)
    (folder / "config").write_text(
        f"""model_config_list {{
          config {{
            name: "mnist" base_path: "{folder}/mnist" model_platform: "tensorflow" {logging}
          }}
          config {{ name: "spin" base_path: "{folder}/spin" model_platform: "tensorflow" }}
        }}""",
        encoding="utf-8",
    )
    return f"--model_config_file={folder}/config"


def lines_of(log: Path) -> list[Any]:
    """The lines of an access log."""
    return [json.loads(line) for line in log.read_text("utf-8").splitlines()]


def test_waiting_for_a_thread_is_told_and_refusals_are_counted(
    mnist: Export, spin: Export, tmp_path: Path
) -> None:
    log = tmp_path / "access.log"
    with (
        ServerProcess(
            spin_and_mnist(tmp_path, mnist, spin),
            "--grpc_max_threads=1",
            "--max_queued_requests=1",
            "--rest_api_port=-1",
            f"--access_log={log}",
        ) as server,
        Client(server.port) as client,
    ):
        spinning = spin_for_a_while(server, client)
        begun = time.monotonic()
        waiting = client.prediction.Predict.future(image_request(), timeout=PATIENCE_SECONDS)
        queued = 'trilho_queued_requests{protocol="grpc"}'
        wait_for("the call to wait", lambda: scrape(server)[queued] == 1)
        assert scrape(server)["trilho_requests_in_flight"] == 2
        code, _ = error_of(lambda: client.predict(image_request()))
        assert code == grpc.StatusCode.RESOURCE_EXHAUSTED
        waiting.result()
        waited = time.monotonic() - begun
        spinning.result()
        samples = scrape(server)
        wait_for("the lines", lambda: len(log.read_text("utf-8").splitlines()) == 4)

    ours = 'model="mnist",version="1",signature="serving_default"'
    told = samples[f"trilho_queue_wait_seconds_sum{{{ours}}}"]
    # All of it but what the way there and the run took.
    assert waited / 2 < told <= waited
    durations = f'trilho_request_duration_seconds_sum{{{ours},method="Predict",protocol="grpc"}}'
    assert samples[durations] >= told
    assert samples["trilho_requests_in_flight"] == 0
    refused = 'trilho_requests_total{model="",version="",signature="",method="Predict",'
    assert samples[refused + 'protocol="grpc",code="RESOURCE_EXHAUSTED"}'] == 1
    (line,) = (line for line in lines_of(log) if line["code"] == "RESOURCE_EXHAUSTED")
    assert (line["method"], line["version"]) == ("Predict", None)
    (line,) = (line for line in lines_of(log) if line["model"] == "mnist")
    assert line["queued_us"] == pytest.approx(told * 1e6, rel=0.01)


def test_those_who_may_not_call_are_in_the_log_and_those_who_may_as_sampled(
    mnist: Export, base: Path, tmp_path: Path
) -> None:
    publish(mnist, base, 1)
    log = tmp_path / "access.log"
    tokens = tmp_path / "tokens"
    tokens.write_text("secret\n", encoding="utf-8")
    with (
        ServerProcess(
            "--model_name=mnist",
            f"--model_base_path={base}",
            "--rest_api_port=-1",
            f"--auth_token_file={tokens}",
            f"--access_log={log}",
            "--access_log_sampling=0",
        ) as server,
        Client(server.port) as client,
    ):
        assert error_of(lambda: client.predict(image_request()))[0].name == "UNAUTHENTICATED"
        url = f"http://127.0.0.1:{server.http_port()}"
        token = {"Authorization": "Bearer secret"}
        paths = ["/v1/models/mnist:predict", "/v2/models/mnist/infer"]
        for path in paths:
            assert requests.post(url + path, json={}, timeout=PATIENCE_SECONDS).status_code == 401
        row = {"instances": [[0.5] * 784]}
        answer = requests.post(url + paths[0], json=row, headers=token, timeout=PATIENCE_SECONDS)
        assert answer.ok
        page = requests.get(url + "/metrics", headers=token, timeout=PATIENCE_SECONDS).text
    lines = lines_of(log)
    assert [(line["protocol"], line["method"]) for line in lines] == [
        ("grpc", "Predict"),
        ("rest", "predict"),
        ("rest", "infer"),
    ]
    assert {line["code"] for line in lines} == {"UNAUTHENTICATED"}
    for protocol, method in [("grpc", "Predict"), ("rest", "predict"), ("rest", "infer")]:
        labels = f'method="{method}",protocol="{protocol}",code="UNAUTHENTICATED"'
        assert f'trilho_requests_total{{model="",version="",signature="",{labels}}} 1\n' in page


def test_the_access_log_goes_on_in_a_new_file_after_a_hangup(
    mnist: Export, base: Path, tmp_path: Path
) -> None:
    publish(mnist, base, 1)
    log, rotated = tmp_path / "access.log", tmp_path / "access.log.1"
    with (
        ServerProcess(
            "--model_name=mnist", f"--model_base_path={base}", f"--access_log={log}"
        ) as server,
        Client(server.port) as client,
    ):
        client.predict(image_request())
        wait_for("the line", lambda: len(lines_of(log)) == 1)
        log.rename(rotated)
        server.signal(signal.SIGHUP)
        wait_for("a new file", log.exists)
        client.predict(image_request(images=2))
    assert [line["examples"] for line in lines_of(rotated)] == [1]
    assert [line["examples"] for line in lines_of(log)] == [2]


def logging_to(prefix: Path) -> str:
    """The logging_config of a model whose every request is logged."""
    return (
        f'logging_config {{ log_collector_config {{ filename_prefix: "{prefix}" }} '
        "sampling_config { sampling_rate: 1 } }"
    )


def test_what_was_logged_is_in_its_file_when_a_stop_gives_runs_up(
    mnist: Export, spin: Export, tmp_path: Path
) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    with (
        ServerProcess(
            spin_and_mnist(tmp_path, mnist, spin, logging=logging_to(logs / "mnist")),
            "--grpc_max_threads=2",
            "--shutdown_grace_seconds=0.1",
        ) as server,
        Client(server.port) as client,
    ):
        spinning = spin_for_a_while(server, client)
        client.predict(image_request())
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
        assert "runs that outlast the grace period were given up" in server.log()
        assert not spinning.done() or spinning.exception() is not None
    # Nobody had the time to close it; the next server does.
    (left,) = logs.glob("mnist-*.tfrecord.part")
    (record,) = tf.data.TFRecordDataset(str(left)).as_numpy_iterator()
    logged = prediction_log_pb2.PredictionLog.FromString(record)
    assert logged.predict_log.request == image_request()


def test_files_of_logged_requests_are_bounded_by_size_by_age_and_together(
    mnist: Export, base: Path, tmp_path: Path
) -> None:
    publish(mnist, base, 1)
    logs = tmp_path / "logs"
    logs.mkdir()
    file = tmp_path / "models.config"
    file.write_text(
        f'model_config_list {{ config {{ name: "mnist" base_path: "{base}" '
        f'model_platform: "tensorflow" {logging_to(logs / "mnist")} }} }}',
        encoding="utf-8",
    )
    # A request and its answer are 3 kB and a bit.
    most_in_file, most = 8000, 20000
    with (
        ServerProcess(
            f"--model_config_file={file}",
            f"--request_log_max_file_bytes={most_in_file}",
            f"--request_log_max_total_bytes={most}",
            "--request_log_max_file_seconds=0.5",
        ) as server,
        Client(server.port) as client,
    ):
        client.predict(image_request())
        # It is whole while the server runs, though not full.
        wait_for("it to be closed", lambda: list(logs.glob("*.tfrecord")) or None)
        assert not list(logs.glob("*.part"))
        for _ in range(20):
            client.predict(image_request())
    sizes = [path.stat().st_size for path in logs.glob("*.tfrecord")]
    assert len(sizes) > 1
    assert max(sizes) <= most_in_file
    assert sum(sizes) <= most


def test_requests_of_every_front_are_logged_and_warm_the_next_version_up(
    mnist: Export, base: Path, tmp_path: Path
) -> None:
    publish(mnist, base, 1)
    logs = tmp_path / "logs"
    logs.mkdir()
    file = tmp_path / "models.config"
    file.write_text(
        f'model_config_list {{ config {{ name: "mnist" base_path: "{base}" '
        f'model_platform: "tensorflow" {logging_to(logs / "mnist")} }} }}',
        encoding="utf-8",
    )
    image = [0.5] * 784
    with ServerProcess(
        f"--model_config_file={file}", "--rest_api_port=-1", CONTRACT_FLAG
    ) as server:
        bodies: list[tuple[str, Any]] = [
            ("/v1/models/mnist:predict", {"instances": [image]}),
            (
                "/v2/models/mnist/infer",
                {
                    "inputs": [
                        {"name": "image_data", "shape": [1, 784], "datatype": "FP32", "data": image}
                    ]
                },
            ),
        ]
        for path, body in bodies:
            url = f"http://127.0.0.1:{server.http_port()}{path}"
            answer = requests.post(url, json=body, timeout=PATIENCE_SECONDS)
            assert answer.ok, answer.text
            # What fails is no request to warm up with.
            assert not requests.post(url, json={}, timeout=PATIENCE_SECONDS).ok
        with Client(server.port) as client:
            classify(client.channel, image)
        samples: dict[str, float] = wait_for(
            "the records",
            lambda: (
                now if (now := scrape(server))["trilho_request_log_records_total"] == 3 else None
            ),
        )
        count = ':tensorflow:serving:request_log_count{model_name="mnist",status_code="OK"}'
        assert samples[count] == 3
        assert samples["trilho_request_log_dropped_total"] == 0
    (logged,) = logs.glob("mnist-*.tfrecord")
    for record in tf.data.TFRecordDataset(str(logged)).as_numpy_iterator():
        log = prediction_log_pb2.PredictionLog.FromString(record)
        asked = log.predict_log.request
        assert (asked.model_spec.name, asked.model_spec.signature_name) == (
            "mnist",
            "serving_default",
        )
        assert tf.make_ndarray(asked.inputs["image_data"]).tolist() == [image]
        answered = log.predict_log.response
        assert answered.model_spec.version.value == 1
        assert tf.make_ndarray(answered.outputs["value"]) == pytest.approx(scores(1))
        assert log.log_metadata.model_spec == answered.model_spec

    publish_warmed(mnist, base, 2, logged.read_bytes())
    with (
        ServerProcess(
            "--model_name=mnist", f"--model_base_path={base}", "--rest_api_port=-1"
        ) as server,
        Client(server.port) as client,
    ):
        client.wait_until("mnist", 2, AVAILABLE)
        read = ":tensorflow:serving:model_warmup_records_read"
        samples = scrape(server)
        assert sum(value for name, value in samples.items() if name.startswith(read)) == 3


def test_logged_requests_warm_the_next_version_up(
    mnist: Export, base: Path, tmp_path: Path
) -> None:
    publish(mnist, base, 1)
    logs = tmp_path / "logs"
    logs.mkdir()
    file = tmp_path / "models.config"
    file.write_text(
        f"""
        model_config_list {{ config {{
          name: "mnist" base_path: "{base}" model_platform: "tensorflow"
          logging_config {{
            log_collector_config {{ filename_prefix: "{logs}/mnist" }}
            sampling_config {{ sampling_rate: 1 }}
          }}
        }} }}""",
        encoding="utf-8",
    )
    with ServerProcess(f"--model_config_file={file}") as server, Client(server.port) as client:
        for _ in range(CALLS):
            client.predict(image_request())
        # What fails is no request to warm up with.
        error_of(lambda: client.predict(image_request(model="unknown")))
    (logged,) = logs.glob("mnist-*.tfrecord")

    publish_warmed(mnist, base, 2, logged.read_bytes())
    with (
        ServerProcess(
            "--model_name=mnist", f"--model_base_path={base}", "--rest_api_port=-1"
        ) as server,
        Client(server.port) as client,
    ):
        client.wait_until("mnist", 2, AVAILABLE)
        warm_ups = {
            name: value
            for name, value in scrape(server).items()
            if re.match(r":tensorflow:serving:model_warmup_latency_count\{.*OK", name)
        }
        assert sum(warm_ups.values()) == 1


def test_a_bad_warm_up_file_fails_its_version_only(mnist: Export, base: Path) -> None:
    publish(mnist, base, 1)
    with (
        ServerProcess(
            "--model_name=mnist",
            f"--model_base_path={base}",
            "--max_num_load_retries=0",
        ) as server,
        Client(server.port) as client,
    ):
        publish_warmed(mnist, base, 2, b"no records here")
        client.wait_for_status("mnist", 2, lambda status: "TFRecord" in status.status.error_message)
        assert client.predict(image_request()).model_spec.version.value == 1


@pytest.mark.parametrize(
    ("logging", "text"),
    [
        ("sampling_config { sampling_rate: 2 }", "sampling_rate"),
        ('log_collector_config { type: "kafka" }', "type"),
    ],
)
def test_logging_that_cannot_be_is_a_mistake_of_the_configuration(
    base: Path, tmp_path: Path, logging: str, text: str
) -> None:
    file = tmp_path / "models.config"
    file.write_text(
        f'model_config_list {{ config {{ name: "m" base_path: "{base}" '
        f'model_platform: "tensorflow" logging_config {{ {logging} }} }} }}',
        encoding="utf-8",
    )
    ended = run_to_end(f"--model_config_file={file}", "--port=0")
    assert ended.code == 2
    assert text in ended.err
