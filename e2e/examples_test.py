"""Classify, Regress and MultiInference, asked with TF Serving's own client."""

import shutil
from collections.abc import Iterator

import grpc
import pytest
import tensorflow as tf
from tensorflow_serving.apis import (
    classification_pb2,
    inference_pb2,
    input_pb2,
    regression_pb2,
)

from e2e.client import Client, error_of
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
    first, second = answer.result.classifications
    assert len(first.classes) == 2
    assert [c.label for c in first.classes] == [c.label for c in second.classes]
    assert [c.score for c in first.classes] != [c.score for c in second.classes]


def test_each_example_is_regressed_and_a_context_counts_for_all(client: Client) -> None:
    request = regression_pb2.RegressionRequest(input=examples(0.25, 0.75))
    request.model_spec.name = "census"
    request.model_spec.signature_name = "regress"
    plain = client.prediction.Regress(request, timeout=PATIENCE_SECONDS)
    values = [regression.value for regression in plain.result.regressions]
    assert len(set(values)) == 2

    shared = request.input.example_list_with_context
    shared.context.CopyFrom(example(x=0.25))
    shared.examples.extend([tf.train.Example(), tf.train.Example()])
    with_context = client.prediction.Regress(request, timeout=PATIENCE_SECONDS)
    assert [r.value for r in with_context.result.regressions] == [values[0]] * 2


def test_several_signatures_are_asked_at_once(client: Client) -> None:
    request = inference_pb2.MultiInferenceRequest(input=examples(0.5))
    for kind in ["classify", "regress"]:
        task = request.tasks.add(method_name=f"tensorflow/serving/{kind}")
        task.model_spec.name = "census"
        task.model_spec.signature_name = kind
    answer = client.prediction.MultiInference(request, timeout=PATIENCE_SECONDS)
    classified, regressed = answer.results
    assert len(classified.classification_result.classifications) == 1
    assert len(regressed.regression_result.regressions) == 1


def test_what_cannot_be_asked_is_named(client: Client) -> None:
    request = classification_pb2.ClassificationRequest()
    request.model_spec.name = "census"
    request.model_spec.signature_name = "classify"
    code, text = error_of(lambda: client.prediction.Classify(request, timeout=PATIENCE_SECONDS))
    assert (code, text) == (grpc.StatusCode.INVALID_ARGUMENT, "Input is empty.")

    request.input.CopyFrom(examples(0.5))
    request.model_spec.signature_name = "nothing"
    code, text = error_of(lambda: client.prediction.Classify(request, timeout=PATIENCE_SECONDS))
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert text == "No signature was found with the name: nothing"

    request.model_spec.signature_name = "classify"
    request.input.example_list.examples[0].Clear()
    code, text = error_of(lambda: client.prediction.Classify(request, timeout=PATIENCE_SECONDS))
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert "x" in text
