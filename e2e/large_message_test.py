"""A request of almost 2 GiB, the most that protobuf reads."""

import time
from pathlib import Path

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_service_pb2_grpc

from e2e.client import predict_request
from e2e.models import PIXELS, Export
from e2e.publishing import publish
from e2e.server_process import ServerProcess

# 1.9 GiB of floats.
IMAGES = int(1.9 * 2**30) // (4 * PIXELS)
TIMEOUT_SECONDS = 600


def test_a_tensor_of_almost_two_gibibytes_goes_through(mnist: Export, base: Path) -> None:
    publish(mnist, base, 1)
    with (
        ServerProcess(
            "--model_name=mnist", f"--model_base_path={base}", "--max_request_memory_bytes=0"
        ) as server,
        grpc.insecure_channel(
            f"127.0.0.1:{server.port}",
            options=[
                ("grpc.max_send_message_length", -1),
                ("grpc.max_receive_message_length", -1),
            ],
        ) as channel,
    ):
        request = predict_request("mnist")
        tensor = request.inputs["image_data"]
        tensor.dtype = tf.float32.as_datatype_enum
        tensor.tensor_shape.dim.add(size=IMAGES)
        tensor.tensor_shape.dim.add(size=PIXELS)
        images = np.full([IMAGES, PIXELS], 0.5, np.float32)
        images[-1] = 0.25
        tensor.tensor_content = images.tobytes()
        del images
        assert request.ByteSize() > 1.9 * 2**30 - 2**20
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        begun = time.monotonic()
        answer = stub.Predict(request, timeout=TIMEOUT_SECONDS)
        print(f"{request.ByteSize()} bytes in {time.monotonic() - begun:.1f} s")
        values = tf.make_ndarray(answer.outputs["value"])
        assert values.shape == (IMAGES, 10)
        assert values[0] == pytest.approx(np.arange(10) + 10.5)
        assert values[-1] == pytest.approx(np.arange(10) + 10.25)
