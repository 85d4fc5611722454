"""An image classifier called as the ResNet of the documentation, with images as they are."""

import base64
from collections.abc import Iterator

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from e2e.client import Client
from e2e.day_one.calls import post
from e2e.day_one.documented_models import export_image_classifier
from e2e.server_process import ServerProcess

COLOURS = ["red", "green", "blue"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    base = tmp_path_factory.mktemp("models") / "resnet"
    export_image_classifier(base / "1538687457")
    flags = ["--model_name=resnet", f"--model_base_path={base}", "--rest_api_port=-1"]
    with ServerProcess(*flags) as running:
        yield running


@pytest.fixture(scope="module")
def images() -> list[bytes]:
    """A red JPEG, a green PNG and a blue JPEG, each of another size."""
    encoded = []
    for colour, name in enumerate(COLOURS):
        pixels = np.zeros([40 + 10 * colour, 60, 3], np.uint8)
        pixels[..., colour] = 255
        encode = tf.io.encode_png if name == "green" else tf.io.encode_jpeg
        encoded.append(bytes(encode(pixels).numpy()))
    return encoded


def test_images_in_base64_by_rest(server: ServerProcess, images: list[bytes]) -> None:
    rows = [{"b64": base64.b64encode(image).decode()} for image in images]
    for instances in (rows, [{"image_bytes": row} for row in rows]):
        predictions = post(server, "resnet:predict", {"instances": instances})["predictions"]
        assert [prediction["classes"] for prediction in predictions] == [0, 1, 2]
        for colour, prediction in enumerate(predictions):
            assert int(np.argmax(prediction["probabilities"])) == colour
            assert sum(prediction["probabilities"]) == pytest.approx(1)
    columns = post(server, "resnet:predict", {"inputs": {"image_bytes": rows}})["outputs"]
    assert columns["classes"] == [0, 1, 2]


def test_an_image_by_grpc(server: ServerProcess, images: list[bytes]) -> None:
    with Client(server.port) as client:
        for colour, image in enumerate(images):
            request = predict_pb2.PredictRequest()
            request.model_spec.name = "resnet"
            request.model_spec.signature_name = "serving_default"
            request.inputs["image_bytes"].CopyFrom(tf.make_tensor_proto(image, shape=[1]))
            answer = client.predict(request)
            assert list(answer.outputs["classes"].int64_val) == [colour]
            assert int(np.argmax(answer.outputs["probabilities"].float_val)) == colour
