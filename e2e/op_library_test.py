"""Models with custom operations, whose library --op_library brings."""

import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf

from e2e.client import END, Client, predict_request
from e2e.server_process import ServerProcess, run_to_end
from e2e.waiting import PATIENCE_SECONDS

EXPORT = """
import sys
import tensorflow as tf

ops = tf.load_op_library(sys.argv[1])
module = tf.Module()
triple = tf.function(lambda x: {"y": ops.triple(x)}, [tf.TensorSpec([None], tf.float32, name="x")])
tf.saved_model.save(module, sys.argv[2], {"serving_default": triple.get_concrete_function()})
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """triple_op.cc, built as TensorFlow's guide to custom operations says."""
    built = tmp_path_factory.mktemp("op") / "triple.so"
    source = Path(__file__).with_name("triple_op.cc")
    flags = [*tf.sysconfig.get_compile_flags(), *tf.sysconfig.get_link_flags()]
    subprocess.run(
        ["g++", "-shared", "-fPIC", "-O1", str(source), "-o", str(built), *flags],
        check=True,
        timeout=PATIENCE_SECONDS,
    )
    return built


@pytest.fixture(scope="module")
def model(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model that calls it; exported by a process of its own, which has the op."""
    base = tmp_path_factory.mktemp("models") / "triple"
    subprocess.run(
        [sys.executable, "-c", EXPORT, str(library), str(base / "1")],
        check=True,
        env={"PYTHONPATH": ":".join(sys.path), "TF_CPP_MIN_LOG_LEVEL": "3"},
        timeout=2 * PATIENCE_SECONDS,
    )
    return base


def test_a_model_with_a_custom_operation_is_served(library: Path, model: Path) -> None:
    with (
        ServerProcess(
            "--model_name=triple", f"--model_base_path={model}", f"--op_library={library}"
        ) as server,
        Client(server.port) as client,
    ):
        answer = client.predict(predict_request("triple", x=tf.constant([1.0, 2.5])))
        assert list(tf.make_ndarray(answer.outputs["y"])) == [3.0, 7.5]


def test_without_its_library_the_reason_names_the_operation(model: Path) -> None:
    with (
        ServerProcess(
            "--model_name=triple", f"--model_base_path={model}", "--max_num_load_retries=0"
        ) as server,
        Client(server.port) as client,
    ):
        status = client.wait_until("triple", 1, END).status
        assert "Triple" in status.error_message


def test_a_library_that_cannot_be_loaded_ends_the_start(model: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.so"
    broken.write_text("no library")
    ended = run_to_end(f"--model_base_path={model}", f"--op_library={broken}")
    assert ended.code == 2
    assert f"--op_library: cannot load {broken}" in ended.err
