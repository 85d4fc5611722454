import dataclasses
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner
from rich.console import Console

from trilho.cli.main import main
from trilho.client import serving
from trilho.client.tensors import from_proto
from trilho.contract.problems import ContractError
from trilho.data import mnist as mnist_data
from trilho.data.cache import DataError
from trilho.export import manifest, saved_model
from trilho.export.versions import ExportError
from trilho.models.mnist.config import RECIPE, MnistConfig
from trilho.training.progress import ProgressReporter
from trilho.training.run import TrainError, TrainResult, train

_CONFIG = MnistConfig(steps=30, batch_size=32, validation_size=100)


def _idx(array: np.ndarray[Any, np.dtype[Any]]) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(np.uint8).tobytes()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images that can be told apart, also when moved a little: each digit is a square elsewhere."""
    folder = tmp_path_factory.mktemp("data")
    random = np.random.default_rng(0)
    for prefix, size in (("train", 600), ("t10k", 200)):
        labels = random.integers(0, 10, size)
        images = random.integers(0, 80, (size, 28, 28))
        for image, digit in zip(images, labels, strict=True):
            row, column = 14 * (digit // 5) + 4, 5 * (digit % 5) + 1
            image[row : row + 5, column : column + 5] = 255
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(_idx(images))
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(_idx(labels))
    return folder


def _train(data: Path, folder: Path, config: MnistConfig = _CONFIG, **options: Any) -> TrainResult:
    with (folder / "output").open("a") as output:
        return train(
            RECIPE,
            config,
            source=str(data),
            export_dir=folder / "models",
            logs_dir=folder / "logs",
            reporter=ProgressReporter(Console(file=output)),
            **options,
        )


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainResult:
    return _train(data, tmp_path_factory.mktemp("trained"))


def test_it_learns(trained: TrainResult) -> None:
    assert trained.metrics["test_accuracy"] > 0.9
    assert trained.metrics["validation_accuracy"] > 0.9


def test_the_version_is_complete(trained: TrainResult, data: Path) -> None:
    assert trained.folder.parts[-3:] == ("models", "mnist", "1")
    made = manifest.verify(trained.folder)
    assert made.metrics["test_accuracy"] == trained.metrics["test_accuracy"]
    assert made.training["steps"] == "30"
    assert made.training["data"] == str(data)
    files = (path for path in trained.folder.rglob("*") if path.is_file())
    on_disk = {path.relative_to(trained.folder).as_posix() for path in files}
    assert {file.path for file in made.files} == on_disk - {"manifest.json"}
    assert [path.name for path in trained.folder.parent.iterdir()] == ["1"]


def test_the_version_says_of_which_images_its_figures_are(trained: TrainResult, data: Path) -> None:
    splits = manifest.read(trained.folder).splits
    asked = RECIPE.prepare_evaluation(_CONFIG, str(data), rows=50)
    assert asked.test == splits["test"]
    assert len({split.sha256 for split in splits.values()}) == 3


def test_metrics_and_tensorboard_s_log_are_written(trained: TrainResult) -> None:
    written = json.loads((trained.logs / "metrics.json").read_text())
    assert written["test_accuracy"] == trained.metrics["test_accuracy"]
    assert list((trained.logs / "train").glob("events.*"))
    assert list((trained.logs / "validation").glob("events.*"))


def test_plots_are_drawn_and_the_report_embeds_them(trained: TrainResult) -> None:
    names = ["calibration", "confusion_matrix", "mnist_accuracy", "mnist_loss", "roc"]
    plots = sorted((trained.logs / "plots").iterdir())
    assert [path.name for path in plots] == [f"{name}.png" for name in names]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in plots)
    report = (trained.logs / "report.html").read_text()
    assert report.count("data:image/png;base64,") == len(names)
    assert f"<td>test_accuracy</td><td>{trained.metrics['test_accuracy']:.6g}</td>" in report
    assert "<td>batch_size</td><td>32</td>" in report
    assert "http" not in report


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
    assert again.metrics == trained.metrics


def test_warm_up_requests_are_real_rows_for_each_signature(trained: TrainResult) -> None:
    path = trained.folder / "assets.extra" / "tf_serving_warmup_requests"
    message = serving.message("tensorflow.serving.PredictionLog")
    logs = [
        message.FromString(bytes(record.numpy())) for record in tf.data.TFRecordDataset(str(path))
    ]
    kinds = [log.WhichOneof("log_type") for log in logs]
    assert kinds == ["predict_log"] * 5 + ["classify_log"] * 5
    predict, classify = logs[4].predict_log.request, logs[9].classify_log.request
    assert predict.model_spec.signature_name == "serving_default"
    rows = from_proto(predict.inputs["image_data"])
    assert rows.shape == (32, 784)
    assert len(classify.input.example_list.examples) == 32
    value = classify.input.example_list.examples[0].features.feature["image_data"].float_list.value
    np.testing.assert_array_equal(np.array(value, np.float32), rows[0])


def test_a_model_that_does_not_keep_its_contract_gets_no_name(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = saved_model.predict_signature

    def misspell(*models: Any, output_name: str, **options: Any) -> saved_model.Signature:
        return make(*models, output_name=f"{output_name}s", **options)

    monkeypatch.setattr(saved_model, "predict_signature", misspell)
    with pytest.raises(
        ContractError, match=r'has no output "value".*did you mean "values"'
    ) as failed:
        _train(data, tmp_path)
    assert "trilho/mnist.proto: trilho.mnist.ClassifyResponse.value" in str(failed.value)
    assert not (tmp_path / "models").exists()


def test_nothing_to_resume_and_a_run_of_other_options_are_told(data: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainError, match="has no run to resume"):
        _train(data, tmp_path, resume=True)
    _train(data, tmp_path)
    other = dataclasses.replace(_CONFIG, hidden=64)
    with pytest.raises(TrainError, match="of other options: hidden was 128, not 64"):
        _train(data, tmp_path, config=other, resume=True)


def test_a_run_that_has_ended_goes_on_with_more_steps(
    trained: TrainResult, data: Path, tmp_path: Path
) -> None:
    longer = dataclasses.replace(_CONFIG, steps=40)
    (tmp_path / "at once").mkdir()
    expected = _train(data, tmp_path / "at once", config=longer).metrics
    shutil.copytree(trained.logs, tmp_path / "logs")

    more = _train(data, tmp_path, config=longer, resume=True)

    assert "resumed after step 30" in (tmp_path / "output").read_text()
    assert more.steps == 40
    assert more.metrics == expected
    with pytest.raises(TrainError, match="steps was 40, not 30, and can only become more"):
        _train(data, tmp_path, resume=True)
    assert json.loads((tmp_path / "logs" / "metrics.json").read_text())["test_loss"] > 0


def test_a_warm_start_begins_with_the_weights_of_a_version(
    trained: TrainResult, data: Path, tmp_path: Path
) -> None:
    # Hardly moved, in one step.
    still = dataclasses.replace(_CONFIG, steps=1, learning_rate=1e-9)

    warm = _train(data, tmp_path, config=still, warm_start=trained.folder.parent)

    assert warm.metrics["test_loss"] == pytest.approx(trained.metrics["test_loss"], abs=1e-4)
    assert manifest.read(warm.folder).training["warm_start"] == str(trained.folder.parent)
    other = dataclasses.replace(still, hidden=64)
    with pytest.raises(TrainError, match=r"hidden/kernel is \[784, 64\], and \[784, 128\] in .*1;"):
        _train(data, tmp_path, config=other, warm_start=trained.folder)


def test_an_interrupted_run_is_not_forgotten_unless_asked(data: Path, tmp_path: Path) -> None:
    checkpoint = tmp_path / "logs" / "checkpoints" / "mnist" / "checkpoint"
    _train(data, tmp_path)
    # As after an interruption: a run that begins anew is not finished because one before was.
    too_few = dataclasses.replace(_CONFIG, validation_size=600)
    with pytest.raises(DataError, match="are too few"):
        _train(data, tmp_path, config=too_few)
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_text("theirs")

    with pytest.raises(TrainError, match="checkpoints of an interrupted run: --resume goes on"):
        _train(data, tmp_path)
    assert checkpoint.read_text() == "theirs"

    assert _train(data, tmp_path, restart=True).version == 2
    assert checkpoint.read_text() != "theirs"
    # Of one that came to its end nothing is lost.
    assert _train(data, tmp_path).version == 3


_PROGRAM = """
import sys
from pathlib import Path
from trilho.cli.main import main
from trilho.client import serving
from trilho.client.tensors import from_proto
from trilho.contract.problems import ContractError
main(sys.argv[1:])
"""


def _command(data: Path, folder: Path, *options: str) -> list[str]:
    return [
        *(sys.executable, "-c", _PROGRAM, "train", "mnist", "--steps=400", "--batch-size=32"),
        *("--set", "validation_size=100", "--set", "validations=40"),
        *("--data", str(data), "--export", str(folder), *options),
    ]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": ":".join(sys.path[1:])}


def _interrupt_when_under_way(command: list[str], logs: Path, number: int) -> tuple[int, str]:
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=_environment()
    ) as process:
        deadline = time.monotonic() + 120
        while not (logs / "checkpoints/mnist/checkpoint").exists():
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(number)
        output, _ = process.communicate(timeout=120)
    return process.returncode, output


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_or_interrupted_run_resumes_to_the_same_result(
    number: int, data: Path, tmp_path: Path
) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    unbroken = subprocess.run(
        _command(data, whole), env=_environment(), capture_output=True, text=True, check=False
    )
    assert unbroken.returncode == 0, unbroken.stderr
    logs = broken / "logs" / "mnist" / "1"
    code, output = _interrupt_when_under_way(_command(data, broken), logs, number)
    assert not (broken / "mnist").exists()
    if number == signal.SIGINT:
        assert code == 130, output
        assert "--resume goes on from there" in output
    else:
        assert code == -signal.SIGKILL, output
    again = subprocess.run(
        _command(data, broken, "--resume"),
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert again.returncode == 0, again.stderr
    assert "resumed after step " in again.stderr
    expected = json.loads((whole / "logs/mnist/1/metrics.json").read_text())
    assert json.loads((logs / "metrics.json").read_text()) == expected


def test_the_convolutional_network_has_the_same_signatures(data: Path, tmp_path: Path) -> None:
    config = MnistConfig(steps=100, batch_size=32, validation_size=100, network="cnn")
    result = _train(data, tmp_path, config=config)
    assert result.metrics["test_accuracy"] > 0.9
    assert manifest.verify(result.folder).training["dropout"] == "0.3"


@pytest.mark.parametrize(
    ("options", "dropout"),
    [({}, 0.1), ({"network": "cnn"}, 0.3), ({"network": "cnn", "dropout": 0.0}, 0.0)],
)
def test_each_network_has_the_dropout_that_suits_it_unless_told(
    options: dict[str, Any], dropout: float
) -> None:
    assert MnistConfig(**options).dropout == dropout


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match='network must be dense or cnn, not "rnn"'):
        MnistConfig(network="rnn")
    with pytest.raises(ValueError, match="dropout must be at least 0 and less than 1, not 1"):
        MnistConfig(dropout=1.0)


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


def test_the_manifest_says_what_data_was_asked_for(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["train", "mnist", "--steps=2", "--batch-size=32", "--set=validation_size=100"]
    # The small files count as fetched.
    monkeypatch.setattr(mnist_data, "fetch", lambda _: data)
    for options in ([], ["--data", f"{data}/"]):
        result = CliRunner().invoke(main, [*command, "--export", str(tmp_path), *options])
        assert result.exit_code == 0, result.output

    said = [manifest.read(tmp_path / "mnist" / name).training["data"] for name in ("1", "2")]
    assert said == ["default", f"{data}/"]
