"""The client needs no TensorFlow, and lives beside it."""

import os
import subprocess
import sys

import numpy as np
import pytest

from trilho.client import serving, tensors
from trilho.client.serving import Message

_WITHOUT = """
import sys
import trilho.cli.main, trilho.client
loaded = sorted({"tensorflow", "keras", "tensorflow_serving"} & set(sys.modules))
assert not loaded, loaded
"""

_TENSORFLOW_FIRST = """
from tensorflow_serving.apis import predict_pb2
from trilho.client import serving, tensors
mine = serving.PredictRequest()
mine.inputs["x"].CopyFrom(tensors.to_proto([1.5]))
theirs = predict_pb2.PredictRequest.FromString(mine.SerializeToString())
assert theirs.inputs["x"].tensor_content == mine.inputs["x"].tensor_content
"""


def _run(script: str) -> None:
    # As this process finds its modules, wherever they are.
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run([sys.executable, "-c", script], check=True, env=env)


def test_commands_and_client_do_not_import_tensorflow() -> None:
    _run(_WITHOUT)


def test_tensorflow_may_come_first() -> None:
    _run(_TENSORFLOW_FIRST)


@pytest.mark.parametrize(
    "dtype",
    [
        "float32",
        "float64",
        "float16",
        "bfloat16",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "bool",
        "complex64",
        "complex128",
    ],
)
def test_tensorflow_reads_and_writes_the_same_tensors(dtype: str) -> None:
    import tensorflow as tf  # noqa: PLC0415 - after trilho.client

    array = np.array([[0, 1, 1], [1, 0, 2]]).astype(tf.as_dtype(dtype).as_numpy_dtype)
    sent = _tensor_proto().FromString(tensors.to_proto(array).SerializeToString())
    np.testing.assert_array_equal(tf.make_ndarray(sent), array)
    written = tf.make_tensor_proto(array).SerializeToString()
    back = tensors.from_proto(serving.TensorProto.FromString(written))
    np.testing.assert_array_equal(back, array.astype(back.dtype))
    assert tensors.from_proto(sent).tolist() == back.tolist()


def test_tensorflow_reads_and_writes_the_same_strings() -> None:
    import tensorflow as tf  # noqa: PLC0415 - after trilho.client

    array = np.array([[b"a\0", b""], [b"\xff", b"longer"]], object)
    sent = _tensor_proto().FromString(tensors.to_proto(array).SerializeToString())
    assert tf.make_ndarray(sent).tolist() == array.tolist()
    written = tf.make_tensor_proto(array).SerializeToString()
    back = tensors.from_proto(serving.TensorProto.FromString(written))
    assert back.tolist() == array.tolist()


def _tensor_proto() -> Message:
    from tensorflow.core.framework import tensor_pb2  # noqa: PLC0415 - after trilho.client

    return tensor_pb2.TensorProto
