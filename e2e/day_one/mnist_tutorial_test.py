"""The MNIST tutorial: trained in graph mode, exported for version 1, asked by its client."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf
from tensorflow_serving.apis import (
    classification_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from e2e.client import Client, error_of
from e2e.day_one.calls import post, predict_request
from e2e.day_one.documented_models import export_mnist_tutorial
from e2e.programs import MNIST_IMAGES, runfile
from e2e.server_process import ServerProcess
from e2e.waiting import PATIENCE_SECONDS

STEPS = 200
CONCURRENCY = 4


class Served(NamedTuple):
    """A server, the images that the model was not trained with, and the model's accuracy."""

    server: ServerProcess
    images: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    accuracy: float


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    def read(name: str, header: int) -> npt.NDArray[np.uint8]:
        file = runfile(f"{MNIST_IMAGES}/t10k-{name}-ubyte", workspace="npm")
        return np.frombuffer(file.read_bytes()[header:], np.uint8)

    images = (read("images-idx3", 16).reshape(-1, 784) / 255).astype(np.float32)
    labels = read("labels-idx1", 8).astype(np.int64)
    base = Path(tmp_path_factory.mktemp("models")) / "mnist"
    accuracy = export_mnist_tutorial(base / "1", images, labels, steps=STEPS)
    held_out = len(images) // 10
    flags = ["--model_name=mnist", f"--model_base_path={base}", "--rest_api_port=-1"]
    with ServerProcess(*flags) as server:
        yield Served(server, images[-held_out:], labels[-held_out:], accuracy)


def test_the_clients_error_rate_is_the_trainers(served: Served) -> None:
    assert served.accuracy > 0.8
    done = threading.Semaphore(CONCURRENCY)
    wrong: list[str | int] = []

    def note(label: int) -> Any:
        def callback(future: Any) -> None:
            error = future.exception()
            if error is not None:
                wrong.append(str(error))
            elif int(np.argmax(future.result().outputs["scores"].float_val)) != label:
                wrong.append(label)
            done.release()

        return callback

    with grpc.insecure_channel(f"localhost:{served.server.port}") as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        for image, label in zip(served.images, served.labels, strict=True):
            request = predict_pb2.PredictRequest()
            request.model_spec.name = "mnist"
            request.model_spec.signature_name = "predict_images"
            request.inputs["images"].CopyFrom(tf.make_tensor_proto(image, shape=[1, image.size]))
            done.acquire()
            stub.Predict.future(request, PATIENCE_SECONDS).add_done_callback(note(int(label)))
        for _ in range(CONCURRENCY):
            done.acquire()
    assert not [error for error in wrong if isinstance(error, str)]
    expected = (1 - served.accuracy) * len(served.images)
    # A score on the edge may fall the other way when images come one by one.
    assert len(wrong) == pytest.approx(expected, abs=2)


def test_the_default_signature_classifies_examples(served: Served) -> None:
    request = classification_pb2.ClassificationRequest()
    request.model_spec.name = "mnist"
    example = request.input.example_list.examples.add()
    example.features.feature["x"].float_list.value.extend(served.images[0].tolist())
    with Client(served.server.port) as client:
        answer = client.prediction.Classify(request, timeout=PATIENCE_SECONDS)
    (classification,) = answer.result.classifications
    scores = [found.score for found in classification.classes]
    assert sorted(found.label for found in classification.classes) == list("0123456789")
    assert scores == sorted(scores, reverse=True)
    body = {"examples": [{"x": served.images[0].tolist()}]}
    (result,) = post(served.server, "mnist:classify", body)["results"]
    assert [label for label, _ in result] == [found.label for found in classification.classes]
    assert [score for _, score in result] == pytest.approx(scores)


def test_an_image_of_a_wrong_size_fails_in_the_graph(served: Served) -> None:
    request = predict_request("mnist", [0.5], [1, 10], alias="images")
    request.model_spec.signature_name = "predict_images"
    with Client(served.server.port) as client:
        code, text = error_of(lambda: client.predict(request))
    assert code == grpc.StatusCode.INVALID_ARGUMENT
    # TensorFlow's words come first.
    assert text.startswith("Matrix size-incompatible: In[0]: [1,10], In[1]: [784,10]")
