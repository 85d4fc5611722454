import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trilho.training.workers import Task, WorkerError, current_task, launch, tell_launcher

# A model without data of its own: points, told apart by a line, with a little noise.
_PROGRAM = """
import dataclasses, os, sys
from pathlib import Path
from trilho.training.startup import load_tensorflow
load_tensorflow()
import keras, numpy as np, tensorflow as tf
from trilho.export.saved_model import predict_signature
from trilho.training.config import TrainingConfig
from trilho.training.job import Figure, Job, Predictions, Stage
from trilho.training.progress import ProgressReporter
from trilho.training.recipe import Recipe
from trilho.training.run import train

def rows(seed, count):
    points = np.random.default_rng(seed).normal(size=[count, 2]).astype("float32")
    return points, (points.sum(axis=1, keepdims=True) > 0).astype("float32")

def prepare(config, source):
    def batches(shard):
        own = tuple(part[shard.index::shard.count] for part in rows(1, 4000))
        data = tf.data.Dataset.from_tensor_slices(own).shuffle(4000, seed=config.seed).repeat()
        return data.batch(config.batch_size // shard.count, drop_remainder=True)
    def once(seed):
        return tf.data.Dataset.from_tensor_slices(rows(seed, 2000)).batch(300)
    def build():
        layers = [keras.Input([2]), keras.layers.Dense(1, activation="sigmoid",
                  kernel_regularizer=keras.regularizers.L2(0.001))]
        if "--normalized" in sys.argv:
            # Hardly averaged, so that workers which see different rows differ.
            layers.insert(1, keras.layers.BatchNormalization(momentum=0.1))
        return keras.Sequential(layers)
    points, _ = rows(3, 10)
    stage = Stage(name="line", train=batches, validation=once(2), test=once(3), build=build,
        optimizer=lambda: keras.optimizers.SGD(config.learning_rate),
        loss=keras.losses.BinaryCrossentropy,
        metrics=lambda: {"accuracy": keras.metrics.BinaryAccuracy(), "auc": keras.metrics.AUC()})
    return Job(stages=[stage], headline=Figure(name="test_accuracy"), signatures=lambda models: [
        predict_signature(models["line"], input_name="x", output_name="y", sample_inputs=points)])

sys.modules["line"] = sys.modules["__main__"]
recipe = Recipe(name="line", summary="", config=TrainingConfig, fetch=lambda folder: folder,
    data_help="", module="line")
folder, steps, resume = Path(sys.argv[1]), int(sys.argv[2]), "--resume" in sys.argv
config = TrainingConfig(steps=steps, batch_size=64, learning_rate=0.5, validations=20)
result = train(recipe, config, source=str(folder), export_dir=folder, logs_dir=folder / "logs",
    resume=resume, reporter=ProgressReporter())
if "--normalized" in sys.argv:
    served = tf.saved_model.load(result.folder).signatures["serving_default"]
    points, labels = rows(3, 2000)
    right = (served(x=points)["y"].numpy() > 0.5) == (labels > 0.5)
    (folder / f"served-{os.getpid()}").write_text(f"{right.mean():.6f}")
"""


@pytest.fixture(autouse=True)
def _path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", ":".join(sys.path[1:]))
    monkeypatch.delenv("TF_CONFIG", raising=False)


def _command(folder: Path, steps: int, *options: str) -> list[str]:
    return [sys.executable, "-c", _PROGRAM, str(folder), str(steps), *options]


def _metrics(folder: Path) -> dict[str, float]:
    metrics: dict[str, float] = json.loads((folder / "logs" / "metrics.json").read_text())
    return metrics


def test_two_workers_learn_what_one_learns(tmp_path: Path) -> None:
    subprocess.run(_command(tmp_path / "one", 200), check=True, timeout=200)
    launch(_command(tmp_path / "two", 200), workers=2)
    one, two = _metrics(tmp_path / "one"), _metrics(tmp_path / "two")
    assert one["test_accuracy"] > 0.97
    assert two["test_accuracy"] == pytest.approx(one["test_accuracy"], abs=0.005)
    # SGD, so that gradients of another size would show.
    assert two["test_loss"] == pytest.approx(one["test_loss"], rel=0.03)
    assert [path.name for path in (tmp_path / "two" / "line").iterdir()] == ["1"]


def test_figures_of_several_workers_are_those_of_the_published_model(tmp_path: Path) -> None:
    launch(_command(tmp_path, 100, "--normalized"), workers=2)
    served = {path.read_text() for path in tmp_path.glob("served-*")}
    assert served == {f"{_metrics(tmp_path)['test_accuracy']:.6f}"}


def _kill_when_under_way(logs: Path, killed: list[int]) -> None:
    """Kills the second worker, which is found by its TF_CONFIG, when there is a checkpoint."""
    deadline = time.monotonic() + 120
    while not (logs / "checkpoints/line/checkpoint").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes().decode()
            arguments = (process / "cmdline").read_bytes().decode()
        except OSError:
            continue
        if '"index": 1' in environment and str(logs.parent) in arguments:
            killed.append(int(process.name))
            os.kill(int(process.name), signal.SIGKILL)


def test_a_killed_worker_ends_the_others_and_the_run_resumes(tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    launch(_command(whole, 1000), workers=2)
    killed: list[int] = []
    killer = threading.Thread(target=_kill_when_under_way, args=(broken / "logs", killed))
    killer.start()
    with pytest.raises(WorkerError) as failed:
        launch(_command(broken, 1000), workers=2)
    killer.join()
    assert f"worker 1 of 2 (process {killed[0]}) was killed by SIGKILL" in str(failed.value)
    assert "--resume goes on" in str(failed.value)
    assert not (broken / "line").exists()
    launch(_command(broken, 1000, "--resume"), workers=2)
    np.testing.assert_allclose(
        list(_metrics(broken).values()), list(_metrics(whole).values()), atol=1e-5
    )


def test_a_worker_that_fails_is_named_and_the_others_are_ended() -> None:
    program = """if True:
        import json, os, sys, time
        if json.loads(os.environ["TF_CONFIG"])["task"]["index"] == 1:
            sys.exit(3)
        time.sleep(60)
    """
    started = time.monotonic()
    # There is no checkpoint, and so nothing to go on from.
    message = r"worker 1 of 3 \(process \d+\) failed with 3, and so the others were ended$"
    with pytest.raises(WorkerError, match=message):
        launch([sys.executable, "-c", program], workers=3, resumable=lambda: False)
    assert time.monotonic() - started < 30


def _interrupt_when(ready: Path, count: int) -> threading.Thread:
    """Does what a terminal does on Ctrl-C, when there are so many files."""

    def interrupt() -> None:
        deadline = time.monotonic() + 60
        while len(list(ready.iterdir())) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    return thread


# Writes ready-I, and when it is interrupted done-I, a little later.
_PATIENT = """if True:
    import json, os, sys, time
    from pathlib import Path
    index = json.loads(os.environ["TF_CONFIG"])["task"]["index"]
    try:
        Path(sys.argv[1], f"ready-{index}").touch()
        time.sleep(60)
    except KeyboardInterrupt:
        if "--hang" in sys.argv and index == 0:
            time.sleep(60)
        time.sleep(0.5)
        Path(sys.argv[1], f"done-{index}").touch()
        sys.exit(130)
"""


def test_ctrl_c_reaches_all_workers_and_they_are_waited_for(tmp_path: Path) -> None:
    thread = _interrupt_when(tmp_path, 2)
    with pytest.raises(KeyboardInterrupt):
        launch([sys.executable, "-c", _PATIENT, str(tmp_path)], workers=2)
    thread.join()
    assert sorted(path.name for path in tmp_path.glob("done-*")) == ["done-0", "done-1"]


def test_a_worker_that_does_not_end_after_ctrl_c_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trilho.training.workers._GRACE", 1.0)
    started = time.monotonic()
    thread = _interrupt_when(tmp_path, 2)
    with pytest.raises(KeyboardInterrupt):
        launch([sys.executable, "-c", _PATIENT, str(tmp_path), "--hang"], workers=2)
    thread.join()
    assert [path.name for path in tmp_path.glob("done-*")] == ["done-1"]
    assert time.monotonic() - started < 40


def test_a_worker_that_was_interrupted_alone_is_no_failure(tmp_path: Path) -> None:
    program = """if True:
        import json, os, sys, time
        from pathlib import Path
        index = json.loads(os.environ["TF_CONFIG"])["task"]["index"]
        time.sleep(index)
        Path(sys.argv[1], str(index)).touch()
        sys.exit(130)
    """
    with pytest.raises(KeyboardInterrupt):
        launch([sys.executable, "-c", program, str(tmp_path)], workers=3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1", "2"]


def _config(**changes: Any) -> str:
    config = {"cluster": {"worker": ["a:1", "b:2"]}, "task": {"type": "worker", "index": 1}}
    return json.dumps({**config, **changes})


def test_tf_config_tells_which_worker_this_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert current_task() == Task(index=0, count=1)
    monkeypatch.setenv("TF_CONFIG", _config())
    assert current_task() == Task(index=1, count=2)
    assert not current_task().is_chief


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        _config(task={"type": "ps", "index": 0}),
        _config(task={"type": "worker", "index": 2}),
        _config(cluster={"worker": ["a:1", "b:2"], "ps": ["c:3"]}),
    ],
)
def test_another_tf_config_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(WorkerError, match=r"expected e\.g\."):
        current_task()


def test_what_all_workers_tell_is_said_once() -> None:
    program = """
import sys
from trilho.training.workers import tell_launcher
sys.exit(1 if tell_launcher("rows.parquet: has no row") else 2)
"""
    with pytest.raises(WorkerError, match=r"^rows\.parquet: has no row$"):
        launch([sys.executable, "-c", program], workers=2)
    # By hand: nobody else would say it.
    assert not tell_launcher("rows.parquet: has no row")
