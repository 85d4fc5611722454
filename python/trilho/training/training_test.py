# One file for all that needs TensorFlow: loading it is most of the time.
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from trilho.training.loop import Loop, Metrics
from trilho.training.metrics import TensorBoardReporter, write_metrics
from trilho.training.reporters import Reporters


class _Recorder:
    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def start(self, *, steps: int) -> None:
        self.calls.append(("start", steps))

    def graph(self, graph: tf.Graph) -> None:
        self.calls.append(("graph", len(graph.as_graph_def().node) > 0))

    def train(self, step: int, metrics: Metrics) -> None:
        self.calls.append(("train", step, metrics))

    def validation(self, step: int, metrics: Metrics) -> None:
        self.calls.append(("validation", step, metrics))

    def stop(self) -> None:
        self.calls.append(("stop",))

    def steps(self, name: str) -> list[int]:
        return [call[1] for call in self.calls if call[0] == name]


def _loop() -> Loop:
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input([2]), keras.layers.Dense(2, activation="softmax")])
    return Loop(
        model,
        optimizer=keras.optimizers.SGD(0.5),
        loss=keras.losses.SparseCategoricalCrossentropy(),
    )


def _rows(count: int) -> tf.data.Dataset:
    inputs = np.random.default_rng(1).normal(size=[count, 2]).astype(np.float32)
    return tf.data.Dataset.from_tensor_slices((inputs, (inputs[:, 0] > 0).astype(np.int64)))


def test_a_model_learns() -> None:
    loop, validation = _loop(), _rows(100).batch(30)
    before = loop.evaluate(validation)
    recorder = _Recorder()
    loop.fit(_rows(64).repeat().batch(16), steps=60, validation=validation, reporter=recorder)
    after = loop.evaluate(validation)
    assert after.loss < before.loss / 2
    assert after.accuracy > 0.95
    assert recorder.calls[-2] == ("validation", 60, after)


def test_reports_come_in_order() -> None:
    recorder = _Recorder()
    batches = _rows(8).repeat().batch(4)
    _loop().fit(batches, steps=200, validation=_rows(4).batch(4), reporter=recorder)
    assert recorder.calls[:2] == [("start", 200), ("graph", True)]
    assert recorder.calls[-1] == ("stop",)
    assert recorder.steps("train") == list(range(2, 201, 2))
    assert recorder.steps("validation") == list(range(20, 201, 20))


@pytest.mark.parametrize("steps", [1, 7, 19])
def test_the_last_step_is_always_reported(steps: int) -> None:
    recorder = _Recorder()
    batches = _rows(8).repeat().batch(4)
    _loop().fit(batches, steps=steps, validation=_rows(4).batch(4), reporter=recorder)
    assert recorder.steps("train")[-1] == steps
    assert recorder.steps("validation")[-1] == steps


def test_an_evaluation_is_the_mean_over_examples() -> None:
    loop = _loop()
    whole, parts = loop.evaluate(_rows(100).batch(100)), loop.evaluate(_rows(100).batch(30))
    assert parts.loss == pytest.approx(whole.loss, rel=1e-5)
    assert parts.accuracy == whole.accuracy


def test_data_that_ends_early_is_an_error_and_the_run_is_stopped() -> None:
    recorder = _Recorder()
    with pytest.raises(ValueError, match="after 2 of 3 batches"):
        _loop().fit(_rows(8).batch(4), steps=3, validation=_rows(4).batch(4), reporter=recorder)
    assert recorder.calls[-1] == ("stop",)


def test_tensorboard_gets_curves_and_graph(tmp_path: Path) -> None:
    recorder = _Recorder()
    reporter = Reporters(recorder, TensorBoardReporter(tmp_path))
    batches = _rows(8).repeat().batch(4)
    _loop().fit(batches, steps=20, validation=_rows(4).batch(4), reporter=reporter)
    for name, has_graph in (("train", True), ("validation", False)):
        (log,) = (tmp_path / name).iterdir()
        events = list(tf.compat.v1.train.summary_iterator(str(log)))
        assert any(event.graph_def for event in events) is has_graph
        reported = [call for call in recorder.calls if call[0] == name]
        for tag in ("loss", "accuracy"):
            points = {
                event.step: float(tf.make_ndarray(value.tensor))
                for event in events
                for value in event.summary.value
                if value.tag == tag
            }
            assert points == pytest.approx({step: getattr(m, tag) for _, step, m in reported})


def test_metrics_are_written_as_json(tmp_path: Path) -> None:
    path = write_metrics(tmp_path / "run", {"test_loss": 0.25, "test_accuracy": 0.9})
    assert path == tmp_path / "run" / "metrics.json"
    assert json.loads(path.read_text()) == {"test_accuracy": 0.9, "test_loss": 0.25}


def test_tensorflow_loads_without_a_word_and_errors_still_show() -> None:
    program = """if True:
        import os, sys
        from trilho.training import startup
        startup.load_tensorflow()
        assert "tensorflow" in sys.modules and os.environ["CUDA_VISIBLE_DEVICES"] == ""
        with startup._without_notes():
            os.write(2, b"I0000 00:00:1.2 3 port.cc:153] a note\\nreal trouble\\n")
        print("after", file=sys.stderr)
    """
    # The first folder is this file's, whose names would hide others.
    environment = {"PYTHONPATH": ":".join(sys.path[1:])}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, check=True, text=True, env=environment)
    assert done.stderr.splitlines() == ["real trouble", "after"]
    assert done.stdout == ""
