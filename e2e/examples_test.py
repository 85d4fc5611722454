"""Classify, Regress and MultiInference, asked with TF Serving's own client."""

import shutil
from collections.abc import Iterator

import pytest
import tensorflow as tf
from tensorflow_serving.apis import (
    classification_pb2,
    inference_pb2,
    input_pb2,
    regression_pb2,
)

from e2e.client import Client
from e2e.programs import runfile
from e2e.server_process import ServerProcess
from e2e.waiting import PATIENCE_SECONDS

# Of cpp_server/testing/make_models.py.
CENSUS = "cpp_server/testing/models/census_like/1"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Of a server with the model "census"."""
    base = tmp_path_factory.mktemp("models") / "census"
    # The runfiles are links.
    shutil.copytree(runfile(CENSUS), base / "1")
    with (
        ServerProcess("--model_name=census", f"--model_base_path={base}") as server,
        Client(server.port) as connected,
    ):
        yield connected


def example(**features: float | str) -> tf.train.Example:
    """A tf.Example of single values."""
    made = tf.train.Example()
    for name, value in features.items():
        feature = made.features.feature[name]
        if isinstance(value, str):
            feature.bytes_list.value.append(value.encode())
        else:
            feature.float_list.value.append(value)
    return made


def examples(*values: float) -> input_pb2.Input:
    """One example for each value of the feature x."""
    made = input_pb2.Input()
    made.example_list.examples.extend(example(x=value) for value in values)
    return made


def test_each_example_is_classified(client: Client) -> None:
    request = classification_pb2.ClassificationRequest(input=examples(0.25, 0.75))
    request.model_spec.name = "census"
    request.model_spec.signature_name = "classify"
    answer = client.prediction.Classify(request, timeout=PATIENCE_SECONDS)
    assert answer.model_spec.version.value == 1
    assert answer.model_spec.signature_name == "classify"
    assert [
        [(c.label, c.score) for c in classification.classes]
        for classification in answer.result.classifications
    ] == [
        [("nobody no", 0.25), ("nobody yes", 2.25)],
        [("nobody no", 0.75), ("nobody yes", 2.75)],
    ]


def test_each_example_is_regressed_and_a_context_counts_for_all(client: Client) -> None:
    request = regression_pb2.RegressionRequest(input=examples(0.25, 0.75))
    request.model_spec.name = "census"
    request.model_spec.signature_name = "regress"
    plain = client.prediction.Regress(request, timeout=PATIENCE_SECONDS)
    # x / 2 + 2
    assert [regression.value for regression in plain.result.regressions] == [2.125, 2.375]

    shared = request.input.example_list_with_context
    shared.context.CopyFrom(example(x=0.25))
    shared.examples.extend([tf.train.Example(), example(x=0.75), tf.train.Example()])
    with_context = client.prediction.Regress(request, timeout=PATIENCE_SECONDS)
    assert [r.value for r in with_context.result.regressions] == [2.125, 2.375, 2.125]


def test_several_signatures_are_asked_at_once(client: Client) -> None:
    request = inference_pb2.MultiInferenceRequest()
    request.input.example_list.examples.append(example(x=0.5, name="ana"))
    for kind in ["classify", "regress"]:
        task = request.tasks.add(method_name=f"tensorflow/serving/{kind}")
        task.model_spec.name = "census"
        task.model_spec.signature_name = kind
    answer = client.prediction.MultiInference(request, timeout=PATIENCE_SECONDS)
    classified, regressed = answer.results
    (classification,) = classified.classification_result.classifications
    assert [(c.label, c.score) for c in classification.classes] == [
        ("ana no", 0.5),
        ("ana yes", 2.5),
    ]
    (regression,) = regressed.regression_result.regressions
    assert regression.value == 2.25
