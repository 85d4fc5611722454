"""Tensors of every type, there and back: typed values, tensor_content and JSON."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2

from e2e.client import Client, predict_request
from e2e.echo import VALUES, export_echo, tensor
from e2e.server_process import ServerProcess
from e2e.waiting import PATIENCE_SECONDS

# The field of TensorProto that holds the values of a type.
FIELDS = {
    "float16": "half_val",
    "bfloat16": "half_val",
    "float32": "float_val",
    "float64": "double_val",
    "int64": "int64_val",
    "uint32": "uint32_val",
    "uint64": "uint64_val",
    "bool": "bool_val",
    "string": "string_val",
    "complex64": "scomplex_val",
    "complex128": "dcomplex_val",
}
# TF Serving's REST API has no others, and no bytes that are not text.
OVER_REST = [
    "float32",
    "float64",
    "int8",
    "uint8",
    "int16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "bool",
    "string",
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model with a signature for each type, which answers what it is given."""
    base = tmp_path_factory.mktemp("models") / "echo"
    export_echo(base / "1")
    return base


@pytest.fixture(scope="module", params=[False, True], ids=["typed", "tensor_content"])
def server(request: pytest.FixtureRequest, model: Path) -> Iterator[tuple[ServerProcess, bool]]:
    """A server that answers with typed values, and one that answers with tensor_content."""
    content = bool(request.param)
    with ServerProcess(
        "--model_name=echo",
        f"--model_base_path={model}",
        "--rest_api_port=-1",
        f"--enable_serialization_as_tensor_content={str(content).lower()}",
    ) as server:
        yield server, content


def empty(name: str) -> Any:
    """A TensorProto of that type and shape without values."""
    proto = tensor_pb2.TensorProto(dtype=tf.as_dtype(name).as_datatype_enum)
    for size in (2, 2):
        proto.tensor_shape.dim.add(size=size)
    return proto


def typed(name: str) -> Any:
    """A TensorProto with its values in the field of their type."""
    proto = empty(name)
    values: Any = tensor(name).ravel()
    if name in ("float16", "bfloat16"):
        values = values.view(np.uint16)
    elif name.startswith("complex"):
        values = values.view(values.real.dtype)
    getattr(proto, FIELDS.get(name, "int_val")).extend(values.tolist())
    return proto


def as_content(name: str) -> Any:
    """A TensorProto with its values as they are in memory."""
    proto = empty(name)
    proto.tensor_content = tensor(name).tobytes()
    return proto


@pytest.mark.parametrize("name", VALUES)
def test_over_grpc(server: tuple[ServerProcess, bool], name: str) -> None:
    running, content = server
    # Strings have no tensor_content.
    protos = [typed(name)] if name == "string" else [typed(name), as_content(name)]
    with Client(running.port) as client:
        for proto in protos:
            request = predict_request("echo")
            request.model_spec.signature_name = name
            request.inputs["x"].CopyFrom(proto)
            answer = client.predict(request).outputs["y"]
            assert bool(answer.tensor_content) == (content and name != "string")
            back = tf.make_ndarray(answer)
            assert back.dtype == tensor(name).dtype
            # Bits, not values: NaN and -0 are their own.
            assert back.tobytes() == tensor(name).tobytes() or name == "string"
            assert back.tolist() == tensor(name).tolist()


@pytest.mark.parametrize("name", OVER_REST)
def test_over_rest(server: tuple[ServerProcess, bool], name: str) -> None:
    running, _ = server
    url = f"http://127.0.0.1:{running.http_port()}/v1/models/echo:predict"
    values: Any = tensor(name).tolist()
    if name == "string":
        values = [["", "text"], ["größer", "\u2028"]]
    for rows in ({"instances": values}, {"inputs": values}):
        answer = requests.post(url, json={"signature_name": name, **rows}, timeout=PATIENCE_SECONDS)
        assert answer.status_code == 200, answer.text
        (back,) = answer.json().values()
        assert tf.constant(back, tf.as_dtype(name)).numpy().tolist() == (
            tf.constant(values, tf.as_dtype(name)).numpy().tolist()
        )


@pytest.mark.parametrize("name", sorted(set(VALUES) - set(OVER_REST)))
def test_what_rest_does_not_have_is_said(server: tuple[ServerProcess, bool], name: str) -> None:
    running, _ = server
    url = f"http://127.0.0.1:{running.http_port()}/v1/models/echo:predict"
    body: Any = {"signature_name": name, "inputs": [[1, 2]]}
    answer = requests.post(url, json=body, timeout=PATIENCE_SECONDS)
    if name in ("float16", "bfloat16", "uint16"):
        # More than TF Serving's, which has none of these.
        assert answer.json() == {"outputs": [[1, 2]]}
    else:
        assert answer.status_code == 501
        assert name.removeprefix("complex") in answer.json()["error"]
