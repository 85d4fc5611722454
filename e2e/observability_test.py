"""What a server tells of what it does: metrics, access log, logged requests."""

import json
import re
from pathlib import Path

import pytest
import requests

from e2e.client import AVAILABLE, Client, error_of, image_request
from e2e.models import Export
from e2e.publishing import publish
from e2e.server_process import ServerProcess, run_to_end
from e2e.waiting import PATIENCE_SECONDS

CALLS = 7


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
            "--model_name=mnist", f"--model_base_path={base}", f"--access_log={log}"
        ) as server,
        Client(server.port) as client,
    ):
        client.prediction.Predict(
            image_request(images=3),
            timeout=PATIENCE_SECONDS,
            metadata=[("traceparent", f"00-{trace}-00f067aa0ba902b7-01")],
        )
        error_of(lambda: client.predict(image_request(model="unknown")))
    first, second = (json.loads(line) for line in log.read_text("utf-8").splitlines())
    assert first["model"] == "mnist"
    assert first["version"] == 1
    assert first["code"] == "OK"
    assert first["examples"] == 3
    assert first["trace_id"] == trace
    assert first["duration_us"] >= first["run_us"] > 0
    assert second["code"] == "NOT_FOUND"
    assert "unknown" in second["message"]


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

    aside = tmp_path / "aside"
    mnist.write(aside, 2)
    extra = aside / "assets.extra"
    extra.mkdir()
    logged.rename(extra / "tf_serving_warmup_requests")
    aside.rename(base / "2")
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
        aside = base / ".aside"
        mnist.write(aside, 2)
        (aside / "assets.extra").mkdir()
        (aside / "assets.extra" / "tf_serving_warmup_requests").write_bytes(b"no records here")
        aside.rename(base / "2")
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
