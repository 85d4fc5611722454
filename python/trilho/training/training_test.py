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
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.context import RequestContext
from tensorboard.plugins.base_plugin import TBContext
from tensorboard.plugins.hparams import (
    api_pb2,
    backend_context,
    get_experiment,
    list_session_groups,
)

from trilho.training.checkpoints import Checkpoints
from trilho.training.config import TrainingConfig
from trilho.training.job import Figure, Job, Stage
from trilho.training.loop import Figures, Loop, Plan
from trilho.training.metrics import (
    TensorBoardReporter,
    clear_events,
    write_hyperparameters,
    write_metrics,
)
from trilho.training.reporters import Reporters
from trilho.training.run import TrainError, _check_sharing
from trilho.training.workers import Task


class _Recorder:
    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    def start(self, *, steps: int, first: int, name: str) -> None:
        self.calls.append(("start", steps, first, name))

    def graph(self, graph: tf.Graph) -> None:
        self.calls.append(("graph", len(graph.as_graph_def().node) > 0))

    def train(self, step: int, figures: Figures) -> None:
        self.calls.append(("train", step, figures))

    def validation(self, step: int, figures: Figures) -> None:
        self.calls.append(("validation", step, figures))

    def weights(self, step: int, model: keras.Model) -> None:
        self.calls.append(("weights", step, [variable.numpy() for variable in model.weights]))

    def early(self, step: int, *, best: int) -> None:
        self.calls.append(("early", step, best))

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
        metrics={"accuracy": keras.metrics.SparseCategoricalAccuracy()},
    )


def _rows(count: int) -> tf.data.Dataset:
    inputs = np.random.default_rng(1).normal(size=[count, 2]).astype(np.float32)
    return tf.data.Dataset.from_tensor_slices((inputs, (inputs[:, 0] > 0).astype(np.int64)))


def test_a_model_learns() -> None:
    loop, validation = _loop(), _rows(100).batch(30)
    before = loop.evaluate(validation)
    recorder = _Recorder()
    loop.fit(
        _rows(64).repeat().batch(16), plan=Plan(steps=60), validation=validation, reporter=recorder
    )
    after = loop.evaluate(validation)
    assert after["loss"] < before["loss"] / 2
    assert after["accuracy"] > 0.95
    assert recorder.calls[-3] == ("validation", 60, after)


def test_reports_come_in_order() -> None:
    recorder = _Recorder()
    batches = _rows(8).repeat().batch(4)
    _loop().fit(batches, plan=Plan(steps=200), validation=_rows(4).batch(4), reporter=recorder)
    assert recorder.calls[:2] == [("start", 200, 0, ""), ("graph", True)]
    assert recorder.calls[-1] == ("stop",)
    assert recorder.steps("train") == list(range(2, 201, 2))
    assert recorder.steps("validation") == list(range(20, 201, 20))


@pytest.mark.parametrize("steps", [1, 7, 19])
def test_the_last_step_is_always_reported(steps: int) -> None:
    recorder = _Recorder()
    batches = _rows(8).repeat().batch(4)
    _loop().fit(batches, plan=Plan(steps=steps), validation=_rows(4).batch(4), reporter=recorder)
    assert recorder.steps("train")[-1] == steps
    assert recorder.steps("validation")[-1] == steps


def test_an_evaluation_is_the_mean_over_examples() -> None:
    loop = _loop()
    whole, parts = loop.evaluate(_rows(100).batch(100)), loop.evaluate(_rows(100).batch(30))
    assert parts["loss"] == pytest.approx(whole["loss"], rel=1e-5)
    assert parts["accuracy"] == whole["accuracy"]


def test_data_that_ends_early_is_an_error_and_the_run_is_stopped() -> None:
    recorder = _Recorder()
    with pytest.raises(ValueError, match="after 2 of 3 batches"):
        _loop().fit(
            _rows(8).batch(4), plan=Plan(steps=3), validation=_rows(4).batch(4), reporter=recorder
        )
    assert recorder.calls[-1] == ("stop",)


def test_features_are_any_nest_and_rows_have_weights() -> None:
    keras.utils.set_random_seed(1)
    numbers, name = keras.Input([2], name="numbers"), keras.Input([], dtype="string", name="name")
    lookup = keras.layers.StringLookup(vocabulary=["a", "b"], output_mode="one_hot")
    both = keras.layers.Concatenate()([numbers, lookup(name)])
    score = keras.layers.Dense(1, activation="sigmoid", kernel_regularizer="l2")(both)
    loop = Loop(
        keras.Model({"numbers": numbers, "name": name}, score),
        optimizer=keras.optimizers.Adam(0.1),
        loss=keras.losses.BinaryCrossentropy(),
        metrics={"accuracy": keras.metrics.BinaryAccuracy(), "auc": keras.metrics.AUC()},
    )
    labels = np.arange(64, dtype=np.float32)[:, np.newaxis] % 2
    features = {
        "numbers": np.zeros([64, 2], np.float32),
        "name": np.where(labels[:, 0] == 1, "a", "b").astype(object),
    }
    # What is turned round weighs nothing.
    weights = np.where(np.arange(64) < 8, 0, 1).astype(np.float32)
    labels[:8] = 1 - labels[:8]
    rows = tf.data.Dataset.from_tensor_slices((features, labels, weights))
    recorder = _Recorder()
    plan = Plan(steps=50)
    loop.fit(rows.repeat().batch(64), plan=plan, validation=rows.batch(30), reporter=recorder)
    _, _, figures = recorder.calls[-3]
    assert list(figures) == ["loss", "accuracy", "auc"]
    assert figures["accuracy"] == figures["auc"] == 1


def test_it_stops_when_nothing_gets_better_and_has_the_best_weights() -> None:
    loop, recorder = _loop(), _Recorder()
    watch = Figure(name="accuracy")
    plan = Plan(steps=1000, validations=100, patience=3, watch=watch, name="first")
    best = loop.fit(
        _rows(64).repeat().batch(16), plan=plan, validation=_rows(100).batch(50), reporter=recorder
    )
    seen = [call[2]["accuracy"] for call in recorder.calls if call[0] == "validation"]
    assert len(seen) < 100
    assert recorder.steps("validation")[-1] == best + 30
    assert recorder.calls[0] == ("start", 1000, 0, "first")
    assert recorder.calls[-2:] == [("early", best + 30, best), ("stop",)]
    assert loop.evaluate(_rows(100).batch(50))["accuracy"] == max(seen)
    kept = next(call[2] for call in recorder.calls if call[:2] == ("weights", best))
    for variable, value in zip(loop.model.weights, kept, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


def test_without_patience_the_best_weights_are_kept_if_asked() -> None:
    loop, recorder = _loop(), _Recorder()
    plan = Plan(steps=40, validations=20, best_weights=True, watch=Figure(name="accuracy"))
    best = loop.fit(
        _rows(64).repeat().batch(16), plan=plan, validation=_rows(100).batch(50), reporter=recorder
    )
    seen = [call[2]["accuracy"] for call in recorder.calls if call[0] == "validation"]
    assert len(seen) == 20
    assert best == 2 * (1 + seen.index(max(seen))) < 40
    assert loop.evaluate(_rows(100).batch(50))["accuracy"] == max(seen)


def test_a_watch_that_is_no_figure_names_those_there_are() -> None:
    plan = Plan(steps=1, patience=1, watch=Figure(name="auc"))
    with pytest.raises(ValueError, match='watch is "auc"; it can be loss, accuracy'):
        _loop().fit(
            _rows(8).batch(4), plan=plan, validation=_rows(4).batch(4), reporter=_Recorder()
        )


def _dropout_loop() -> Loop:
    keras.utils.set_random_seed(1)
    layers = [keras.Input([2]), keras.layers.Dropout(0.3), keras.layers.Dense(2)]
    return Loop(
        keras.Sequential(layers),
        optimizer=keras.optimizers.Adam(0.05),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )


@pytest.mark.parametrize("patience", [0, 2])
@pytest.mark.parametrize("interrupted_after", [3, 10, 17])
def test_an_interrupted_run_goes_on_as_if_it_had_not_been(
    interrupted_after: int, patience: int, tmp_path: Path
) -> None:
    def fit(checkpoints: Checkpoints | None, steps: int | None) -> tuple[Any, ...]:
        loop, recorder = _dropout_loop(), _Recorder()
        asked = iter(range(1, 1000))
        best = loop.fit(
            _rows(64).shuffle(64, seed=3).repeat().batch(16),
            plan=Plan(steps=40, validations=8, patience=patience),
            validation=_rows(30).batch(30),
            reporter=recorder,
            checkpoints=checkpoints,
            interrupted=lambda: steps is not None and next(asked) >= steps,
        )
        return best, loop, recorder

    best, whole, _ = fit(None, None)
    with pytest.raises(KeyboardInterrupt):
        fit(Checkpoints(tmp_path), interrupted_after)
    best_again, resumed, recorder = fit(Checkpoints(tmp_path), None)
    assert recorder.calls[0][2] > 0
    assert best_again == best
    for one, other in zip(whole.model.variables, resumed.model.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_batches_that_workers_cannot_share_are_refused() -> None:
    stage = Stage(
        name="rating",
        train=lambda shard: _rows(64).batch(33 // shard.count),
        validation=_rows(4).batch(4),
        build=lambda: _loop().model,
        optimizer=keras.optimizers.SGD,
        loss=keras.losses.SparseCategoricalCrossentropy,
        metrics=dict,
        batch_size=33,
    )
    job = Job(stages=[stage], signatures=lambda _: [], headline=Figure(name="test_loss"))
    _check_sharing(job, TrainingConfig(), Task(index=0, count=3))
    with pytest.raises(TrainError, match="rating has batches of 33, which 2 workers cannot share"):
        _check_sharing(job, TrainingConfig(), Task(index=0, count=2))


def test_tensorboard_gets_curves_graph_and_weights(tmp_path: Path) -> None:
    recorder = _Recorder()
    reporter = Reporters(recorder, TensorBoardReporter(tmp_path))
    batches = _rows(8).repeat().batch(4)
    _loop().fit(batches, plan=Plan(steps=20), validation=_rows(4).batch(4), reporter=reporter)
    for name, has_graph in (("train", True), ("validation", False)):
        (log,) = (tmp_path / name).iterdir()
        events = list(tf.compat.v1.train.summary_iterator(str(log)))
        assert any(event.graph_def for event in events) is has_graph
        values = [value for event in events for value in event.summary.value]
        histograms = [v for v in values if v.metadata.plugin_data.plugin_name == "histograms"]
        assert bool(histograms) is (name == "train")
        reported = [call for call in recorder.calls if call[0] == name]
        for tag in ("loss", "accuracy"):
            points = {
                event.step: float(tf.make_ndarray(value.tensor))
                for event in events
                for value in event.summary.value
                if value.tag == tag
            }
            assert points == pytest.approx({step: figures[tag] for _, step, figures in reported})


def _hyperparameters_tab(folder: Path) -> tuple[Any, Any]:
    """Returns what TensorBoard shows: the columns, and the row of the one run."""
    multiplexer = EventMultiplexer()
    multiplexer.AddRunsFromDirectory(str(folder))
    multiplexer.Reload()
    provider = MultiplexerDataProvider(multiplexer, str(folder))
    backend = backend_context.Context(TBContext(data_provider=provider, logdir=str(folder)))
    context = RequestContext()
    columns = get_experiment.Handler(context, backend, "", api_pb2.GetExperimentRequest()).run()
    request = api_pb2.ListSessionGroupsRequest(
        slice_size=10,
        allowed_statuses=[api_pb2.STATUS_UNKNOWN],
        col_params=[api_pb2.ColParams(metric=info.name) for info in columns.metric_infos],
    )
    (row,) = list_session_groups.Handler(context, backend, "", request).run().session_groups
    return columns, row


def test_the_tab_hparams_has_a_run_s_options_and_its_figures(tmp_path: Path) -> None:
    options = {"steps": 30, "rate": 0.5, "compare": True, "network": "cnn", "hidden": (8, 4)}
    run = tmp_path / "1"
    write_hyperparameters(run, options)
    for writer in TensorBoardReporter(run)._train, TensorBoardReporter(run)._validation:
        with writer.as_default(step=30):
            tf.summary.scalar("loss", 0.25)
        writer.close()
    write_metrics(run, {"test_accuracy": 0.875})
    columns, row = _hyperparameters_tab(tmp_path)
    types = {info.name: api_pb2.DataType.Name(info.type) for info in columns.hparam_infos}
    number, text = "DATA_TYPE_FLOAT64", "DATA_TYPE_STRING"
    kinds = [number, number, "DATA_TYPE_BOOL", text, text]
    assert types == dict(zip(options, kinds, strict=True))
    assert row.hparams["rate"].number_value == 0.5
    assert row.hparams["hidden"].string_value == "8,4"
    figures = {(one.name.group, one.name.tag): one.value for one in row.metric_values}
    assert figures == {
        ("", "test_accuracy"): 0.875,
        ("train", "loss"): 0.25,
        ("validation", "loss"): 0.25,
    }


def test_what_an_earlier_run_logged_goes_and_other_files_stay(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "rating"):
        reporter = TensorBoardReporter(folder)
        reporter.train(1, {"loss": 1.0})
        reporter.stop()
    write_metrics(tmp_path, {"test_loss": 0.25})
    (tmp_path / "train" / "notes").write_text("mine")
    clear_events(tmp_path)
    files = sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    assert files == ["metrics.json", "notes"]


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
