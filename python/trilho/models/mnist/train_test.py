import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner
from rich.console import Console

from trilho.cli.main import main
from trilho.data import mnist as mnist_data
from trilho.export import manifest
from trilho.export.versions import ExportError
from trilho.models.mnist.config import MnistConfig
from trilho.models.mnist.train import TrainResult, train
from trilho.training.progress import ProgressReporter

_CONFIG = MnistConfig(steps=30, batch_size=32, validation_size=100)


def _idx(array: np.ndarray[Any, np.dtype[Any]]) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(np.uint8).tobytes()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images that can be told apart: row 2 d is bright in the picture of the digit d."""
    folder = tmp_path_factory.mktemp("data")
    random = np.random.default_rng(0)
    for prefix, size in (("train", 600), ("t10k", 200)):
        labels = random.integers(0, 10, size)
        images = random.integers(0, 80, (size, 28, 28))
        images[np.arange(size), 2 * labels] = 255
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(_idx(images))
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(_idx(labels))
    return folder


def _train(data: Path, folder: Path, **options: Any) -> TrainResult:
    with (folder / "output").open("a") as output:
        return train(
            _CONFIG,
            data_dir=data,
            export_dir=folder / "models",
            logs_dir=folder / "logs",
            reporter=ProgressReporter(Console(file=output)),
            **options,
        )


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainResult:
    return _train(data, tmp_path_factory.mktemp("trained"))


def test_it_learns(trained: TrainResult) -> None:
    assert trained.test.accuracy > 0.9
    assert trained.validation.accuracy > 0.9


def test_the_version_is_complete(trained: TrainResult) -> None:
    assert trained.folder.parts[-3:] == ("models", "mnist", "1")
    made = manifest.verify(trained.folder)
    assert made.metrics["test_accuracy"] == trained.test.accuracy
    assert made.training["steps"] == "30"
    on_disk = {p.relative_to(trained.folder).as_posix() for p in trained.folder.rglob("*.*")}
    assert {file.path for file in made.files} == on_disk - {"manifest.json"}
    assert [path.name for path in trained.folder.parent.iterdir()] == ["1"]


def test_metrics_and_tensorboard_s_log_are_written(trained: TrainResult) -> None:
    written = json.loads((trained.logs / "metrics.json").read_text())
    assert written["test_accuracy"] == trained.test.accuracy
    assert list((trained.logs / "train").glob("events.*"))
    assert list((trained.logs / "validation").glob("events.*"))


def test_without_a_terminal_progress_is_plain_lines(trained: TrainResult) -> None:
    output = (trained.logs.parent / "output").read_text()
    assert "step 30/30" in output
    assert "\x1b" not in output


def test_predict_s_signature(trained: TrainResult) -> None:
    run = tf.saved_model.load(str(trained.folder)).signatures["serving_default"]
    (spec,) = run.structured_input_signature[1].values()
    assert (spec.name, spec.shape.as_list(), spec.dtype) == ("image_data", [None, 784], tf.float32)
    value = run(image_data=tf.zeros([3, 784]))["value"].numpy()
    assert value.shape == (3, 10)
    assert value.dtype == np.float32
    np.testing.assert_allclose(value.sum(axis=1), 1, rtol=1e-5)


def test_classify_s_signature_says_the_same(trained: TrainResult, data: Path) -> None:
    signatures = tf.saved_model.load(str(trained.folder)).signatures
    images, labels = mnist_data.load_test(data)
    rows = images[:50].reshape(50, 784).astype(np.float32) / 255
    examples = [
        tf.train.Example(
            features=tf.train.Features(
                feature={"image_data": tf.train.Feature(float_list=tf.train.FloatList(value=row))}
            )
        ).SerializeToString()
        for row in rows
    ]
    answer = signatures["classify"](inputs=tf.constant(examples))
    value = signatures["serving_default"](image_data=tf.constant(rows))["value"]
    np.testing.assert_allclose(answer["scores"], value, rtol=1e-5)
    assert answer["classes"].numpy()[0].tolist() == [b"%d" % digit for digit in range(10)]
    assert np.mean(np.argmax(value, axis=1) == labels[:50]) > 0.9


def test_method_names_are_tf_serving_s(trained: TrainResult) -> None:
    from tensorflow.core.protobuf import saved_model_pb2  # noqa: PLC0415 - no part of tf

    content = (trained.folder / "saved_model.pb").read_bytes()
    found = saved_model_pb2.SavedModel.FromString(content).meta_graphs[0].signature_def
    assert found["serving_default"].method_name == "tensorflow/serving/predict"
    assert found["classify"].method_name == "tensorflow/serving/classify"


def test_one_seed_gives_one_result(trained: TrainResult, data: Path, tmp_path: Path) -> None:
    again = _train(data, tmp_path)
    assert again.test == trained.test
    assert again.validation == trained.validation


def test_an_export_that_computes_something_else_is_refused(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = tf.saved_model.load

    def load_damaged(path: str) -> object:
        loaded = load(path)
        for variable in loaded.signatures["serving_default"].variables:
            variable.assign(variable + 0.1 * tf.random.normal(variable.shape))
        return loaded

    monkeypatch.setattr(tf.saved_model, "load", load_damaged)
    with pytest.raises(ExportError, match="differs after the model was exported"):
        _train(data, tmp_path)
    assert not (tmp_path / "models").exists()


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    """The small files count as fetched."""
    monkeypatch.setattr(mnist_data, "fetch", lambda directory: directory)


@pytest.mark.usefixtures("fetched")
def test_the_command_reports_and_refuses_to_overwrite(data: Path, tmp_path: Path) -> None:
    command = ["train", "mnist", "--steps=30", "--export", str(tmp_path), "--data", str(data)]
    # The command holds back 5000 images, these files have 600.
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 1
    assert "600 images are too few" in result.output
    assert "bug" not in result.output
    (tmp_path / "mnist" / "3").mkdir(parents=True)
    result = CliRunner().invoke(main, [*command, "--version=3"])
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert "never overwritten" in result.output
