"""half_plus_two as the pages on Docker and on REST, and TF Serving's own tests, ask it."""

import base64
import json
from collections.abc import Iterator

import pytest
import tensorflow as tf
from tensorflow_serving.apis import classification_pb2, inference_pb2, regression_pb2

from e2e.client import Client
from e2e.day_one.calls import curl, examples, get, post, predict_request
from e2e.day_one.documented_models import VERSION, export_half_plus
from e2e.server_process import ServerProcess
from e2e.waiting import PATIENCE_SECONDS

MODEL = "half_plus_two"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    base = tmp_path_factory.mktemp("models") / MODEL
    # With leading zeros, as in TF Serving's repository.
    export_half_plus(base / f"{VERSION:08}", 2.0)
    flags = [f"--model_name={MODEL}", f"--model_base_path={base}", "--rest_api_port=-1"]
    with ServerProcess(*flags) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: ServerProcess) -> Iterator[Client]:
    with Client(server.port) as connected:
        yield connected


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        # The page on Docker: three numbers for an input of shape [-1,1].
        ({"instances": [1.0, 2.0, 5.0]}, {"predictions": [2.5, 3.0, 4.5]}),
        ({"instances": [[1.0], [2.0]]}, {"predictions": [[2.5], [3.0]]}),
        ({"instances": [{"x": 1.0}, {"x": 2}]}, {"predictions": [2.5, 3.0]}),
        ({"instances": [{"x": [1.0]}]}, {"predictions": [[2.5]]}),
        # TF Serving's own tests.
        ({"inputs": [2.0, 3.0, 4.0]}, {"outputs": [3.0, 3.5, 4.0]}),
        ({"inputs": 2.0}, {"outputs": 3.0}),
        ({"inputs": {"x": [[2.0], [3.0]]}}, {"outputs": [[3.0], [3.5]]}),
        ({"inputs": [[1.0, 2.0], [3.0, 4.0]]}, {"outputs": [[2.5, 3.0], [3.5, 4.0]]}),
        (
            {"signature_name": "regress_x2_to_y3", "instances": [[2.0], [4.0]]},
            {"predictions": [[4.0], [5.0]]},
        ),
    ],
    ids=json.dumps,
)
def test_predict_by_rest(server: ServerProcess, body: object, answer: object) -> None:
    assert post(server, f"{MODEL}:predict", body) == answer
    assert post(server, f"{MODEL}/versions/{VERSION}:predict", body) == answer


def test_predict_takes_serialized_examples_in_base64(server: ServerProcess) -> None:
    rows = [
        {"b64": base64.b64encode(example.SerializeToString()).decode()}
        for example in examples(1.0, 2.0).example_list.examples
    ]
    body = {"signature_name": "regress_x_to_y", "instances": rows}
    assert post(server, f"{MODEL}:predict", body) == {"predictions": [[2.5], [3.0]]}


def test_regress_and_classify_by_rest(server: ServerProcess) -> None:
    body = {"signature_name": "regress_x_to_y", "examples": [{"x": 1.0}, {"x": 2.0}]}
    assert post(server, f"{MODEL}:regress", body) == {"results": [2.5, 3.0]}
    body["signature_name"] = "regress_x_to_y2"
    assert post(server, f"{MODEL}:regress", body) == {"results": [3.5, 4.0]}
    shared = {"signature_name": "regress_x_to_y", "context": {"x": 1.0}, "examples": [{}, {}]}
    assert post(server, f"{MODEL}:regress", shared) == {"results": [2.5, 2.5]}
    body["signature_name"] = "classify_x_to_y"
    assert post(server, f"{MODEL}:classify", body) == {"results": [[["", 2.5]], [["", 3.0]]]}


def test_status_page(server: ServerProcess) -> None:
    version = {
        "version": str(VERSION),
        "state": "AVAILABLE",
        "status": {"error_code": "OK", "error_message": ""},
    }
    assert get(server, MODEL) == {"model_version_status": [version]}
    assert get(server, f"{MODEL}/versions/{VERSION}") == {"model_version_status": [version]}


def test_metadata_page(server: ServerProcess) -> None:
    def tensor(name: str) -> dict[str, object]:
        dims = [{"size": "-1", "name": ""}, {"size": "1", "name": ""}]
        shape = {"dim": dims, "unknown_rank": False}
        return {"dtype": "DT_FLOAT", "tensor_shape": shape, "name": name}

    serialized = {
        "dtype": "DT_STRING",
        "tensor_shape": {"dim": [{"size": "-1", "name": ""}], "unknown_rank": False},
        "name": "tf_example:0",
    }
    page = get(server, f"{MODEL}/metadata")
    assert page["model_spec"] == {"name": MODEL, "signature_name": "", "version": str(VERSION)}
    signatures = page["metadata"]["signature_def"]["signature_def"]
    found = {
        name: (signature["inputs"], signature["outputs"], signature["method_name"])
        for name, signature in signatures.items()
    }
    regress, classify = "tensorflow/serving/regress", "tensorflow/serving/classify"
    assert found == {
        "serving_default": (
            {"x": tensor("x:0")},
            {"y": tensor("y:0")},
            "tensorflow/serving/predict",
        ),
        "regress_x_to_y": ({"inputs": serialized}, {"outputs": tensor("y:0")}, regress),
        "regress_x_to_y2": ({"inputs": serialized}, {"outputs": tensor("y2:0")}, regress),
        "regress_x2_to_y3": ({"inputs": tensor("x2:0")}, {"outputs": tensor("y3:0")}, regress),
        "classify_x_to_y": ({"inputs": serialized}, {"scores": tensor("y:0")}, classify),
    }


def test_a_model_that_is_not_there(server: ServerProcess) -> None:
    url = f"http://localhost:{server.http_port()}/v1/models/half:predict"
    status, body = curl(url, *("-d", '{"instances": [1.0,5.0]}', "-X", "POST"))
    assert status == 404
    assert json.loads(body) == {"error": "Servable not found for request: Latest(half)"}


@pytest.mark.parametrize(
    ("values", "shape"),
    [
        ([2.0], [1]),
        ([2.0], [1, 1]),
        ([2.0], []),
        ([1.0, 2.0, 5.0], [3]),
        # One value fills them.
        ([2.0], [5]),
        ([2.0], [2, 3]),
    ],
    ids=str,
)
@pytest.mark.parametrize("output_filter", [[], ["y"]], ids=["all", "y"])
def test_predict_by_grpc(
    client: Client, values: list[float], shape: list[int], output_filter: list[str]
) -> None:
    request = predict_request(MODEL, values, shape)
    request.output_filter.extend(output_filter)
    answer = client.predict(request)
    assert list(answer.outputs) == ["y"]
    y = tf.make_ndarray(answer.outputs["y"])
    assert y.shape == tuple(shape)
    sent = tf.make_ndarray(request.inputs["x"])
    assert y.tolist() == (sent / 2 + 2).tolist()
    assert answer.model_spec.name == MODEL
    assert answer.model_spec.signature_name == "serving_default"
    assert answer.model_spec.version.value == VERSION


def test_classify_regress_and_both_by_grpc(client: Client) -> None:
    classify = classification_pb2.ClassificationRequest(input=examples(2.0))
    classify.model_spec.name = MODEL
    classify.model_spec.signature_name = "classify_x_to_y"
    classified = client.prediction.Classify(classify, timeout=PATIENCE_SECONDS)
    (classification,) = classified.result.classifications
    assert [(c.label, c.score) for c in classification.classes] == [("", 3.0)]
    assert classified.model_spec.version.value == VERSION

    regress = regression_pb2.RegressionRequest(input=examples(2.0, 5.0))
    regress.model_spec.CopyFrom(classify.model_spec)
    regress.model_spec.signature_name = "regress_x_to_y"
    regressed = client.prediction.Regress(regress, timeout=PATIENCE_SECONDS)
    assert [regression.value for regression in regressed.result.regressions] == [3.0, 4.5]

    both = inference_pb2.MultiInferenceRequest(input=examples(2.0))
    for kind, spec in [("regress", regress.model_spec), ("classify", classify.model_spec)]:
        both.tasks.add(method_name=f"tensorflow/serving/{kind}").model_spec.CopyFrom(spec)
    first, second = client.prediction.MultiInference(both, timeout=PATIENCE_SECONDS).results
    assert first.regression_result.regressions[0].value == 3.0
    assert second.classification_result.classifications[0].classes[0].score == 3.0
    assert first.model_spec.signature_name == "regress_x_to_y"
