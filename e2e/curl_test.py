"""Every route of the HTTP port, asked by curl."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.models import Export
from e2e.publishing import publish
from e2e.server_process import ServerProcess
from e2e.testing_models import copy_testing_models
from e2e.waiting import PATIENCE_SECONDS

MONITORING_PATH = "/monitoring/prometheus/metrics"
JSON = "application/json"
HTML = "text/html; charset=utf-8"
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Serves version 1 and 2 of half_plus_two and census_like."""
    folder = tmp_path_factory.mktemp("models")
    models = copy_testing_models(folder, "half_plus_two", "census_like")
    monitoring = folder / "monitoring.config"
    monitoring.write_text(f'prometheus_config {{ enable: true path: "{MONITORING_PATH}" }}')
    with ServerProcess(
        f"--model_config_file={models}",
        f"--monitoring_config_file={monitoring}",
        "--rest_api_port=-1",
    ) as running:
        yield running


def curl(port: int, path: str, *options: str) -> tuple[int, str, str]:
    """Asks with curl; the status, the content type and the body."""
    done = subprocess.run(
        [
            *["curl", "--silent", "--show-error", "--path-as-is"],
            *["--write-out", "\n%{http_code} %{content_type}", *options],
            f"http://127.0.0.1:{port}{path}",
        ],
        capture_output=True,
        check=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    body, _, found = done.stdout.rpartition("\n")
    status, _, content_type = found.partition(" ")
    return int(status), content_type, body


def ask(server: ServerProcess, path: str, *options: str) -> tuple[int, str]:
    """Asks for JSON; the status and the body."""
    status, content_type, body = curl(server.http_port(), path, *options)
    assert content_type == JSON
    return status, body


CHOICES = [("", "2"), ("/versions/1", "1"), ("/labels/stable", "1")]


@pytest.mark.parametrize(("choice", "version"), CHOICES)
def test_status_and_metadata(server: ServerProcess, choice: str, version: str) -> None:
    status, body = ask(server, f"/v1/models/half_plus_two{choice}")
    assert status == 200
    versions = [one["version"] for one in json.loads(body)["model_version_status"]]
    # A label chooses none, as in TF Serving.
    assert versions == ([version] if choice.startswith("/versions") else ["2", "1"])
    status, body = ask(server, f"/v1/models/half_plus_two{choice}/metadata")
    assert status == 200
    assert json.loads(body)["model_spec"]["version"] == version


@pytest.mark.parametrize(("choice", "version"), CHOICES)
@pytest.mark.parametrize("verb", ["predict", "classify", "regress"])
def test_every_verb(server: ServerProcess, choice: str, version: str, verb: str) -> None:
    asked: dict[str, tuple[str, dict[str, Any], str]] = {
        "predict": ("half_plus_two", {"instances": [1]}, "predictions"),
        "classify": ("census_like", {"examples": [{"x": 0.5}]}, "results"),
        "regress": ("census_like", {"examples": [{"x": 0.5}]}, "results"),
    }
    model, body, key = asked[verb]
    if verb != "predict":
        body["signature_name"] = verb
    path = f"/v1/models/{model}{choice}:{verb}"
    status, answer = ask(server, path, "--data", json.dumps(body))
    assert status == 200, answer
    assert len(json.loads(answer)[key]) == 1
    # The answer is that of the version.
    path = f"/v1/models/{model}/versions/{version}:{verb}"
    assert ask(server, path, "--data", json.dumps(body)) == (200, answer)


def test_options_without_an_origin(server: ServerProcess) -> None:
    path = "/v1/models/half_plus_two:predict"
    status, body = ask(server, path, "--request", "OPTIONS")
    assert (status, json.loads(body)) == (400, {"error": "OPTIONS needs the header Origin"})


@pytest.mark.parametrize(
    ("path", "content_type", "piece"),
    [
        ("/", HTML, "<title>Trilho</title>"),
        ("/healthz", "text/plain", "ok\n"),
        ("/metrics", PROMETHEUS, "\ntrilho_requests_in_flight 0\n"),
        (MONITORING_PATH, PROMETHEUS, "\ntrilho_requests_in_flight 0\n"),
        ("/readyz", JSON, '"name":"census_like"'),
        ("/readyz/half_plus_two", JSON, '"name":"half_plus_two"'),
        ("/openapi.json", JSON, '"/v1/models/half_plus_two:predict":{"post":'),
        ("/v1/contracts", JSON, '{"contracts":[]}'),
        ("/v1/models", JSON, '"name":"census_like"'),
    ],
)
def test_what_is_told_of_the_server(
    server: ServerProcess, path: str, content_type: str, piece: str
) -> None:
    status, found, body = curl(server.http_port(), path)
    assert (status, found) == (200, content_type)
    # However the JSON is spaced.
    assert piece in (body.replace('": ', '":') if content_type == JSON else body)


KSERVE_CHOICES = [("", "2"), ("/versions/1", "1"), ("/versions/stable", "1")]


@pytest.mark.parametrize(
    ("path", "answer"), [("/live", {"live": True}), ("/ready", {"ready": True})]
)
def test_kserves_health(server: ServerProcess, path: str, answer: dict[str, bool]) -> None:
    status, body = ask(server, f"/v2/health{path}")
    assert (status, json.loads(body)) == (200, answer)


@pytest.mark.parametrize(("choice", "version"), KSERVE_CHOICES)
def test_kserves_protocol(server: ServerProcess, choice: str, version: str) -> None:
    status, body = ask(server, "/v2")
    assert (status, json.loads(body)["name"]) == (200, "trilho")
    model = f"/v2/models/half_plus_two{choice}"
    status, body = ask(server, model)
    assert (status, json.loads(body)["name"]) == (200, "half_plus_two")
    status, body = ask(server, f"{model}/ready")
    assert (status, json.loads(body)) == (200, {"ready": True})
    x = {"name": "x", "datatype": "FP32", "shape": [1], "data": [1]}
    status, body = ask(server, f"{model}/infer", "--data", json.dumps({"inputs": [x]}))
    assert status == 200, body
    answer = json.loads(body)
    assert answer["model_version"] == version
    # x / 2 + 1 + version
    assert answer["outputs"][0]["data"] == [1.5 + int(version)]


@pytest.mark.parametrize("options", [[], ["--data", "{}"]], ids=["GET", "POST"])
def test_where_there_is_nothing(server: ServerProcess, options: list[str]) -> None:
    status, body = ask(server, "/nowhere", *options)
    error = json.loads(body)["error"]
    if options:
        assert (status, error) == (405, "405: use GET for /nowhere")
    else:
        assert status == 404
        assert error == (
            "there is nothing at /nowhere; there are /, /v1/models, /v1/contracts, /v2, /healthz, "
            "/readyz, /readyz/MODEL, /metrics and /openapi.json"
        )


def test_management(half_plus_two: Export, tmp_path: Path) -> None:
    for model in ["m", "n"]:
        publish(half_plus_two, tmp_path / model, 1)
    with ServerProcess(
        "--model_name=m", f"--model_base_path={tmp_path}/m", "--management_port=-1"
    ) as server:

        def manage(method: str, **fields: str) -> Any:
            status, content_type, body = curl(
                server.management_port(),
                f"/v1/management/{method}",
                *["--header", f"Content-Type: {JSON}", "--data", json.dumps(fields)],
            )
            assert (status, content_type) == (200, JSON), body
            return json.loads(body)

        config = f'name: "n" base_path: "{tmp_path}/n" model_platform: "tensorflow"'
        assert manage("AddModel", model_config=config)["generation"] == "2"
        listed = manage("ListModels")["models"]
        assert [model["name"] for model in listed] == ["m", "n"]
        assert manage("RemoveModel", name="m")["generation"] == "3"
        kept = manage("GetConfiguration")
        assert 'name: "n"' in kept["model_server_config"]
        assert 'name: "m"' not in kept["model_server_config"]
        assert manage("SetConfiguration", **kept)["generation"] == "4"
