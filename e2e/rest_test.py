"""TF Serving's REST API and what else the HTTP port answers, asked by requests."""

import base64
import gzip
import json
import math
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from e2e.models import Export
from e2e.programs import runfile
from e2e.publishing import publish
from e2e.server_process import ServerProcess
from e2e.testing_models import copy_testing_models
from e2e.waiting import PATIENCE_SECONDS, wait_for

_NAMES = ["half_plus_two", "mnist_like", "census_like", "odd", "pieces"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Serves version 1 and 2 of each model."""
    file = copy_testing_models(tmp_path_factory.mktemp("models"), *_NAMES)
    with ServerProcess(
        f"--model_config_file={file}", "--rest_api_port=-1", "--rest_api_enable_cors_support"
    ) as running:
        yield running


def url(server: ServerProcess, path: str) -> str:
    """Where a path is."""
    return f"http://127.0.0.1:{server.http_port()}{path}"


def post(server: ServerProcess, path: str, body: Any) -> requests.Response:
    """Posts a body as JSON."""
    return requests.post(url(server, path), json=body, timeout=PATIENCE_SECONDS)


def get(server: ServerProcess, path: str) -> requests.Response:
    """Gets a path."""
    return requests.get(url(server, path), timeout=PATIENCE_SECONDS)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [("", [3.5, 4.0]), ("/versions/1", [2.5, 3.0]), ("/labels/stable", [2.5, 3.0])],
)
def test_predict_by_rows_and_by_columns(
    server: ServerProcess, choice: str, expected: list[float]
) -> None:
    path = f"/v1/models/half_plus_two{choice}:predict"
    for body, key in [({"instances": [1, 2]}, "predictions"), ({"inputs": [1, 2]}, "outputs")]:
        answer = post(server, path, body)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.json() == {key: expected}


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        # TF Serving's documented call: x is declared as [-1,1].
        ({"instances": [1.0, 2.0, 5.0]}, {"predictions": [2.5, 3.0, 4.5]}),
        ({"instances": [{"x": 1.0}, {"x": 2}]}, {"predictions": [2.5, 3.0]}),
        ({"instances": [[[1], [2]]]}, {"predictions": [[[2.5], [3.0]]]}),
        ({"inputs": 2.0}, {"outputs": 3.0}),
        ({"inputs": {"x": [1, 2]}}, {"outputs": [2.5, 3.0]}),
    ],
)
def test_predict_takes_every_shape_that_the_graph_takes(
    server: ServerProcess, body: Any, answer: Any
) -> None:
    predicted = post(server, "/v1/models/odd/versions/1:predict", body)
    assert predicted.json() == answer
    assert predicted.status_code == 200


def test_rows_need_outputs_with_a_row_each(server: ServerProcess) -> None:
    body = {"signature_name": "squeezed", "instances": [1.0]}
    refused = post(server, "/v1/models/odd/versions/1:predict", body)
    assert refused.status_code == 400
    assert refused.json() == {"error": "Tensor name: y has no shape information "}
    body = {"signature_name": "squeezed", "inputs": [1.0]}
    answer = post(server, "/v1/models/odd/versions/1:predict", body)
    assert answer.json() == {"outputs": 2.0}


def test_a_shape_that_the_graph_does_not_take_is_explained(server: ServerProcess) -> None:
    body = {"signature_name": "product", "instances": [[1, 2, 3, 4]]}
    refused = post(server, "/v1/models/odd/versions/1:predict", body)
    assert refused.status_code == 400
    error = refused.json()["error"]
    assert error.startswith("Matrix size-incompatible: In[0]: [1,4], In[1]: [3,2]")
    assert error.endswith(
        '; input "x" has shape [1,4], signature "product" expects [-1,3] (-1: any size)'
    )


def test_predict_with_several_inputs_and_outputs(server: ServerProcess) -> None:
    path = "/v1/models/mnist_like:predict"
    rows = [{"a": 1, "b": 2}, {"a": 3, "b": 5}]
    answer = post(server, path, {"signature_name": "add", "instances": rows})
    assert answer.json() == {
        "predictions": [{"sum": 3.0, "difference": -1.0}, {"sum": 8.0, "difference": -2.0}]
    }
    answer = post(server, path, {"signature_name": "add", "inputs": {"a": [1, 3], "b": [2, 5]}})
    assert answer.json() == {"outputs": {"sum": [3.0, 8.0], "difference": [-1.0, -2.0]}}


def test_strings_may_be_base64(server: ServerProcess) -> None:
    encoded = base64.b64encode(b"um").decode()
    body = {"signature_name": "upper", "instances": ["dois", {"b64": encoded}]}
    assert post(server, "/v1/models/mnist_like:predict", body).json() == {
        "predictions": ["DOIS", "UM"]
    }


def test_numbers_that_json_does_not_have(server: ServerProcess) -> None:
    answer = requests.post(
        url(server, "/v1/models/half_plus_two:predict"),
        data=b'{"instances": [NaN, Infinity, -Infinity, 1e40]}',
        timeout=PATIENCE_SECONDS,
    )
    nan, *infinite = json.loads(answer.text)["predictions"]
    assert math.isnan(nan)
    assert infinite == [float("inf"), float("-inf"), float("inf")]


def test_a_body_may_be_compressed(server: ServerProcess) -> None:
    body = gzip.compress(json.dumps({"instances": [1.0] * 10000}).encode())
    answer = requests.post(
        url(server, "/v1/models/half_plus_two:predict"),
        data=body,
        headers={"Content-Encoding": "gzip"},
        timeout=PATIENCE_SECONDS,
    )
    assert len(answer.json()["predictions"]) == 10000


def test_classify_and_regress(server: ServerProcess) -> None:
    body = {"signature_name": "classify", "context": {"x": 0.25}, "examples": [{"x": 0.5}, {}]}
    # Of version 2.
    assert post(server, "/v1/models/census_like:classify", body).json() == {
        "results": [
            [["nobody no", 0.5], ["nobody yes", 3.5]],
            [["nobody no", 0.25], ["nobody yes", 3.25]],
        ]
    }
    body["signature_name"] = "regress"
    regressed = post(server, "/v1/models/census_like:regress", body).json()
    assert regressed == {"results": [3.25, 3.125]}


def test_status_and_metadata(server: ServerProcess) -> None:
    status = get(server, "/v1/models/half_plus_two").json()["model_version_status"]
    ok = {"error_code": "OK", "error_message": ""}
    assert status == [
        {"version": version, "state": "AVAILABLE", "status": ok} for version in ["2", "1"]
    ]
    (one,) = get(server, "/v1/models/half_plus_two/versions/1").json()["model_version_status"]
    assert one["version"] == "1"
    metadata = get(server, "/v1/models/half_plus_two/versions/1/metadata").json()
    assert metadata["model_spec"] == {
        "name": "half_plus_two",
        "signature_name": "",
        "version": "1",
    }
    signature = metadata["metadata"]["signature_def"]["signature_def"]["serving_default"]
    assert signature["inputs"]["x"]["dtype"] == "DT_FLOAT"


def test_outputs_that_cannot_be_sent_are_in_the_metadata_and_named(server: ServerProcess) -> None:
    metadata = get(server, "/v1/models/pieces/metadata").json()["metadata"]["signature_def"]
    outputs = metadata["signature_def"]["serving_default"]["outputs"]
    assert sorted(outputs) == ["dense", "more", "ragged", "sparse"]
    assert outputs["ragged"]["composite_tensor"]
    # There is no choice of outputs over REST.
    refused = post(server, "/v1/models/pieces:predict", {"instances": [1.0, 2.0]})
    assert refused.status_code == 501
    assert refused.json()["error"].startswith(
        'output "ragged" of signature "serving_default" cannot be sent: '
        "it is a sparse or composite tensor; "
    )


def test_all_models_are_listed(server: ServerProcess) -> None:
    models = get(server, "/v1/models").json()["models"]
    assert [model["name"] for model in models] == _NAMES
    assert {version["state"] for model in models for version in model["versions"]} == {"AVAILABLE"}
    assert models[0]["labels"] == {"stable": "1"}


def test_readiness_of_a_model_that_is_not_there(server: ServerProcess) -> None:
    answer = get(server, "/readyz/nothing")
    assert answer.status_code == 404
    assert answer.json() == {"error": 'there is no model "nothing"'}


def test_classify_and_regress_are_logged_as_what_they_are(tmp_path: Path) -> None:
    shutil.copytree(runfile("cpp_server/testing/models/census_like/1"), tmp_path / "census" / "1")
    logs = tmp_path / "logs"
    logs.mkdir()
    file = tmp_path / "models.config"
    file.write_text(
        f"""
        model_config_list {{ config {{
          name: "census" base_path: "{tmp_path / "census"}" model_platform: "tensorflow"
          logging_config {{
            log_collector_config {{ filename_prefix: "{logs}/census" }}
            sampling_config {{ sampling_rate: 1 }}
          }}
        }} }}""",
        encoding="utf-8",
    )
    with ServerProcess(f"--model_config_file={file}", "--rest_api_port=-1") as server:
        for verb in ["classify", "regress"]:
            body = {"signature_name": verb, "context": {"x": 0.25}, "examples": [{"x": 0.5}, {}]}
            assert post(server, f"/v1/models/census:{verb}", body).ok
    (logged,) = logs.glob("census-*.tfrecord")
    first, second = (
        prediction_log_pb2.PredictionLog.FromString(record)
        for record in tf.data.TFRecordDataset(str(logged)).as_numpy_iterator()
    )
    asked = first.classify_log.request
    assert asked.model_spec.name == "census"
    assert asked.model_spec.signature_name == "classify"
    assert len(asked.input.example_list.examples) == 2
    assert len(first.classify_log.response.result.classifications) == 2
    assert second.regress_log.request.input == asked.input
    assert len(second.regress_log.response.result.regressions) == 2


def test_pages_of_other_sites_may_ask(server: ServerProcess) -> None:
    preflight = requests.options(
        url(server, "/v1/models/half_plus_two:predict"),
        headers={"Origin": "https://shop.example"},
        timeout=PATIENCE_SECONDS,
    )
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        (":predict", "", 400, "JSON Parse error: The document is empty"),
        (":predict", "{", 400, "JSON Parse error: Missing a name for object member. at offset: 1"),
        (":predict", "[]", 400, "JSON Value: [] Is not object"),
        (":predict", "{}", 400, "Missing 'inputs' or 'instances' key"),
        (
            ":predict",
            '{"instances": ["a"]}',
            400,
            "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: "
            'JSON Value: "a" Type: String is not of expected type: float',
        ),
        (
            ":predict",
            '{"instances": [1], "signature_name": "q"}',
            400,
            'Serving signature name: "q" not found in signature def (signatures: serving_default)',
        ),
        (
            "/versions/9:predict",
            '{"instances": [1]}',
            404,
            "Servable not found for request: Specific(half_plus_two, 9)",
        ),
        (
            "/versions/99999999999999999999:predict",
            "{}",
            400,
            "Failed to convert version: 99999999999999999999 to numeric.",
        ),
        (":explain", "{}", 400, "Malformed request: POST /v1/models/half_plus_two:explain"),
    ],
)
def test_what_is_wrong_is_named(
    server: ServerProcess, path: str, body: str, status: int, message: str
) -> None:
    answer = requests.post(
        url(server, f"/v1/models/half_plus_two{path}"), data=body, timeout=PATIENCE_SECONDS
    )
    assert answer.status_code == status
    assert answer.json() == {"error": message}
    # It was only that request.
    assert post(server, "/v1/models/half_plus_two:predict", {"instances": [1]}).ok


def test_a_lame_duck_says_so_and_goes_on_answering(half_plus_two: Export, tmp_path: Path) -> None:
    publish(half_plus_two, tmp_path / "m", 1)
    with ServerProcess(
        "--model_name=m",
        f"--model_base_path={tmp_path / 'm'}",
        "--rest_api_port=-1",
        "--lame_duck_seconds=2",
    ) as server:
        assert get(server, "/readyz").status_code == 200
        server.signal(signal.SIGTERM)
        wait_for("readiness to go", lambda: get(server, "/readyz").status_code == 503)
        assert post(server, "/v1/models/m:predict", {"inputs": [1]}).ok
        assert server.wait() == 0
