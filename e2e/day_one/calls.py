"""Calls as the documentation of TF Serving makes them: by curl, and by its own Python package."""

import http
import json
import subprocess
from typing import Any

import tensorflow as tf
from tensorflow_serving.apis import input_pb2, predict_pb2

from e2e.server_process import ServerProcess
from e2e.waiting import PATIENCE_SECONDS

__all__ = ["curl", "examples", "get", "post", "predict_request"]


def curl(url: str, *options: str) -> tuple[int, str]:
    """Asks for a URL.

    Args:
        url: The URL.
        *options: Further words for curl.

    Returns:
        The status and the body.
    """
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--write-out", "\n%{http_code}", *options, url],
        capture_output=True,
        check=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def get(server: ServerProcess, path: str) -> Any:
    """Gets JSON from the REST port, which must be there."""
    status, body = curl(f"http://localhost:{server.http_port()}/v1/models/{path}")
    assert status == http.HTTPStatus.OK, body
    return json.loads(body)


def post(server: ServerProcess, path: str, body: Any) -> Any:
    """Posts JSON as `curl -d` does, which calls it a form, and must be answered with 200."""
    status, answer = curl(
        f"http://localhost:{server.http_port()}/v1/models/{path}",
        *("-d", json.dumps(body), "-X", "POST"),
    )
    assert status == http.HTTPStatus.OK, answer
    return json.loads(answer)


def predict_request(
    model: str, values: list[float], shape: list[int], *, alias: str = "x"
) -> predict_pb2.PredictRequest:
    """Makes a request with typed values, of which the last fills the shape."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    tensor = request.inputs[alias]
    tensor.dtype = tf.float32.as_datatype_enum
    tensor.float_val.extend(values)
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
    return request


def examples(*values: float) -> input_pb2.Input:
    """Makes one tf.Example for each value of the feature x."""
    made = input_pb2.Input()
    for value in values:
        example = made.example_list.examples.add()
        example.features.feature["x"].float_list.value.append(value)
    return made
