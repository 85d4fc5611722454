# A job of two stages, as a process that can be killed.
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

_PROGRAM = """
import sys
from pathlib import Path
from trilho.training.startup import load_tensorflow
load_tensorflow()
import keras, numpy as np, tensorflow as tf
from trilho import census_pb2
from trilho.export.saved_model import predict_signature
from trilho.training.config import TrainingConfig
from trilho.training.job import Figure, Job, Stage
from trilho.training.progress import ProgressReporter
from trilho.training.recipe import Recipe
from trilho.training.run import train

def rows(seed, count):
    points = np.random.default_rng(seed).normal(size=[count, 2]).astype("float32")
    return points, (points.sum(axis=1, keepdims=True) > 0).astype("float32")

def stage(name, config, hidden):
    def batches(shard):
        data = tf.data.Dataset.from_tensor_slices(rows(1, 2000)).shuffle(2000, seed=config.seed)
        return data.repeat().batch(config.batch_size, drop_remainder=True)
    def once(seed):
        return tf.data.Dataset.from_tensor_slices(rows(seed, 500)).batch(300)
    def build():
        return keras.Sequential([keras.Input([2]), keras.layers.Dense(hidden, activation="relu"),
            keras.layers.Dropout(0.2), keras.layers.Dense(1, activation="sigmoid")])
    return Stage(name=name, train=batches, validation=once(2), test=once(3), build=build,
        optimizer=lambda: keras.optimizers.Adam(config.learning_rate),
        loss=keras.losses.BinaryCrossentropy,
        metrics=lambda: {"accuracy": keras.metrics.BinaryAccuracy()})

def prepare(config, source):
    points, _ = rows(3, 10)
    return Job(stages=[stage("narrow", config, 4), stage("broad", config, 16)],
        contract=census_pb2.DESCRIPTOR if "--contract-of-another" in sys.argv else None,
        headline=Figure(name="broad_test_accuracy"),
        signatures=lambda models: [predict_signature(
            models["broad"], input_name="x", output_name="y", sample_inputs=points)])

sys.modules["two"] = sys.modules["__main__"]
recipe = Recipe(name="two", summary="", config=TrainingConfig, fetch=lambda folder: folder,
    data_help="", module="two")
folder = Path(sys.argv[1])
config = TrainingConfig(steps=600, batch_size=32, learning_rate=0.01, validations=20, patience=15)
train(recipe, config, source="", export_dir=folder, logs_dir=folder / "logs",
    resume="--resume" in sys.argv, reporter=ProgressReporter())
"""


@pytest.fixture(autouse=True)
def _path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", ":".join(sys.path[1:]))


def _command(folder: Path, *options: str) -> list[str]:
    return [sys.executable, "-c", _PROGRAM, str(folder), *options]


def _metrics(folder: Path) -> dict[str, float]:
    metrics: dict[str, float] = json.loads((folder / "logs" / "metrics.json").read_text())
    return metrics


def _run(folder: Path, *options: str) -> str:
    done = subprocess.run(
        _command(folder, *options), capture_output=True, text=True, check=False, timeout=240
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", ":".join(sys.path[1:]))
        _run(folder)
    return folder


def test_figures_plots_and_report_are_of_both_stages(whole: Path) -> None:
    metrics = _metrics(whole)
    assert metrics["broad_test_accuracy"] > 0.95
    assert set(metrics) == {
        f"{stage}_{split}_{figure}"
        for stage in ("narrow", "broad")
        for split in ("validation", "test")
        for figure in ("loss", "accuracy")
    }
    plots = ["broad_accuracy", "broad_loss", "narrow_accuracy", "narrow_loss"]
    assert sorted(path.stem for path in (whole / "logs" / "plots").iterdir()) == plots
    report = (whole / "logs" / "report.html").read_text()
    assert all(f'alt="{name.replace("_", " ")}"' in report for name in plots)


def test_a_contract_of_another_model_is_told_before_the_training(tmp_path: Path) -> None:
    done = subprocess.run(
        _command(tmp_path, "--contract-of-another"),
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode != 0
    assert 'no method of it is answered by the model "two"' in done.stderr
    assert "step" not in done.stderr
    assert not list((tmp_path / "logs").glob("checkpoints/*"))


@pytest.mark.parametrize("stage", ["narrow", "broad"])
def test_a_run_killed_in_any_stage_resumes_to_the_same_result(
    stage: str, whole: Path, tmp_path: Path
) -> None:
    with subprocess.Popen(_command(tmp_path), stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 240
        while not (tmp_path / "logs" / "checkpoints" / stage / "checkpoint").exists():
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.kill()
    assert not (tmp_path / "two").exists()
    # What was done of the second stage was not done in vain, nor was the first one done twice.
    resumed = [line for line in _run(tmp_path, "--resume").splitlines() if "resumed" in line]
    stages = ["narrow", "broad"]
    assert [line.split()[0] for line in resumed] == stages[: stages.index(stage) + 1]
    assert _metrics(tmp_path) == _metrics(whole)
    for name in ("narrow", "broad"):
        curves = Path("logs") / name / "curves.jsonl"
        assert (tmp_path / curves).read_text() == (whole / curves).read_text()
