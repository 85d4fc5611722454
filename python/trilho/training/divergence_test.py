# Runs that diverge, and what is left of them.
import json
import math
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from rich.console import Console

from trilho.export.saved_model import predict_signature
from trilho.training import curves
from trilho.training.checkpoints import Checkpoints
from trilho.training.config import TrainingConfig
from trilho.training.divergence import DivergedError
from trilho.training.job import Figure, Job, Predictions, Stage
from trilho.training.leftovers import TrainError
from trilho.training.loop import Loop, Plan
from trilho.training.progress import ProgressReporter
from trilho.training.recipe import Recipe
from trilho.training.reporters import Reporters
from trilho.training.run import TrainResult, train

_RATE = 0.05
_LARGEST = 3.0

_Function = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def _bounded(labels: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    return tf.square(labels - outputs) * tf.where(outputs > _LARGEST, math.nan, 1.0)


def _steep(labels: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
    """A finite loss whose gradient is NaN, as that of a norm is at 0."""
    return tf.square(labels - outputs) + tf.sqrt(tf.reduce_sum(tf.square(outputs)))


class Custom(keras.losses.Loss):  # type: ignore[misc]
    def __init__(self, function: _Function) -> None:
        super().__init__()
        self._function = function

    def call(self, y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        return self._function(y_true, y_pred)


class _Rising(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        return _RATE + 0.001 * tf.cast(step, tf.float32)


def _model() -> keras.Model:
    weight = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
    return keras.Sequential([keras.Input([1]), weight])


def _loop(rate: Any = _RATE, loss: _Function = _bounded) -> Loop:
    """Learns 10, from 0: 1.0 after a step, then 1.9, 2.71, 3.439, of which the loss is NaN."""
    return Loop(
        _model(),
        optimizer=keras.optimizers.SGD(rate),
        loss=Custom(loss),
        metrics={"accuracy": keras.metrics.BinaryAccuracy(), "auc": keras.metrics.AUC()},
    )


def _rows() -> tf.data.Dataset:
    return tf.data.Dataset.from_tensors(([[1.0]], [[10.0]]))


def _fit(
    loop: Loop,
    checkpoints: Checkpoints | None = None,
    *,
    interrupted: Callable[[], bool] = lambda: False,
    **options: Any,
) -> int:
    return loop.fit(
        _rows().repeat(),
        plan=Plan(**{"steps": 20, "validations": 20, **options}),
        validation=_rows(),
        reporter=Reporters(),
        checkpoints=checkpoints,
        interrupted=interrupted,
    )


def _restored(folder: Path) -> tuple[float, float]:
    """Returns the step of the last checkpoint, and its weight."""
    loop = _loop()
    position = Checkpoints(folder).restore(loop.model, loop.optimizer)
    return position.step, float(loop.model.weights[0].numpy()[0, 0])


def test_a_run_stops_at_the_first_loss_that_is_not_finite() -> None:
    with pytest.raises(DivergedError) as error:
        _fit(_loop(), validations=1, name="line")
    assert str(error.value) == (
        "line: the loss is nan after step 5 of 20, with a learning rate of 0.05; try a rate of "
        "0.005 or less, an optimizer that clips gradients, or data without extreme values; "
        "--set stop_on_nan=false trains on all the same; there is no good checkpoint yet"
    )


def test_a_loss_of_the_validation_split_stops_it_too_and_the_last_good_checkpoint_stays(
    tmp_path: Path,
) -> None:
    with pytest.raises(DivergedError) as error:
        _fit(_loop(), Checkpoints(tmp_path))
    assert str(error.value) == (
        "the loss of the validation split is nan after step 4 of 20, with a learning rate of "
        "0.05; try --restart with a rate of 0.005 or less, an optimizer that clips gradients, or "
        "data without extreme values; --resume --set stop_on_nan=false trains on all the same; "
        f"{tmp_path}/ckpt-3 has the last good checkpoint"
    )
    assert _restored(tmp_path) == pytest.approx((3, 2.71))


def test_weights_that_are_not_finite_are_not_kept(tmp_path: Path) -> None:
    with pytest.raises(DivergedError, match="a weight is not finite after step 1 of 20"):
        _fit(_loop(loss=_steep), Checkpoints(tmp_path), validations=1, interrupted=lambda: True)
    assert _restored(tmp_path) == (0, 0)


def test_of_a_schedule_the_learning_rate_of_that_step_is_told() -> None:
    with pytest.raises(
        DivergedError, match=re.escape("step 5 of 20, with a learning rate of 0.054")
    ):
        _fit(_loop(_Rising()), validations=1)


def test_who_says_so_trains_on_and_has_the_best_finite_weights(tmp_path: Path) -> None:
    loop = _loop()
    assert _fit(loop, Checkpoints(tmp_path), stop_on_nan=False, patience=20) == 3
    assert float(loop.model.weights[0].numpy()[0, 0]) == pytest.approx(2.71)
    # Those of the last step are kept all the same, to go on from.
    assert _restored(tmp_path)[0] == 20
    assert _fit(_loop(), stop_on_nan=False) == 20


def test_a_run_that_was_never_finite_has_no_best_weights() -> None:
    loop = _loop(loss=lambda labels, outputs: labels * outputs * math.nan)
    assert _fit(loop, stop_on_nan=False, patience=3) == 3


def test_what_is_not_finite_at_first_is_improved_on_by_anything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loop = _loop()
    losses = iter([math.nan, math.inf, 5.0, -math.inf, 6.0, 7.0])
    monkeypatch.setattr(loop, "evaluate", lambda _: {"loss": next(losses)})
    assert _fit(loop, steps=6, validations=6, stop_on_nan=False, patience=6) == 3


def test_with_a_loss_that_is_not_finite_no_figure_is_good() -> None:
    loop = _loop()
    loop.model.weights[0].assign([[math.nan]])
    figures = loop.evaluate(_rows())
    assert list(figures) == ["loss", "accuracy", "auc"]
    assert all(math.isnan(value) for value in figures.values())
    # And the next ones are what they are again.
    loop.model.weights[0].assign([[1.0]])
    assert loop.evaluate(_rows())["loss"] == 81


def _prepare(config: TrainingConfig, _: str) -> Job:
    def predictions(models: Mapping[str, keras.Model]) -> Predictions:
        scores = models["line"](np.ones([4, 1], np.float32)).numpy()[:, 0]
        return Predictions(labels=np.array([0, 1, 0, 1]), scores=scores, classes=("a", "b"))

    stage = Stage(
        name="line",
        train=lambda _: _rows().repeat(),
        validation=_rows(),
        test=_rows(),
        build=_model,
        optimizer=lambda: keras.optimizers.SGD(config.learning_rate),
        loss=lambda: Custom(_bounded),
        metrics=lambda: {"accuracy": keras.metrics.BinaryAccuracy()},
    )
    return Job(
        stages=[stage],
        headline=Figure(name="test_loss", better="lower"),
        predictions=predictions,
        signatures=lambda models: [
            predict_signature(
                models["line"],
                input_name="x",
                output_name="y",
                sample_inputs=np.ones([4, 1], np.float32),
            )
        ],
    )


def _train(folder: Path, **options: Any) -> TrainResult:
    resume = options.pop("resume", False)
    recipe = Recipe(
        name="line",
        summary="",
        config=TrainingConfig,
        fetch=lambda folder: folder or "",
        data_help="",
        module="line",
    )
    with (folder / "output").open("a") as output:
        return train(
            recipe,
            TrainingConfig(
                **{
                    "steps": 20,
                    "validations": 20,
                    "learning_rate": _RATE,
                    "batch_size": 1,
                    **options,
                }
            ),
            source="",
            export_dir=folder,
            logs_dir=folder / "logs",
            resume=resume,
            reporter=ProgressReporter(Console(file=output)),
        )


def _strictly(text: str) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(constant)

    return json.loads(text, parse_constant=refuse)


def test_a_run_that_trains_on_is_reported_and_not_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "line", SimpleNamespace(prepare=_prepare))
    logs = tmp_path / "logs"
    with pytest.raises(DivergedError, match=r"step 4 of 20.*checkpoints/line/ckpt-3 has the last"):
        _train(tmp_path)
    assert not (logs / "metrics.json").exists()

    with pytest.raises(TrainError, match="has checkpoints of an interrupted run"):
        _train(tmp_path)
    with pytest.raises(TrainError, match=r"learning_rate was 0\.05, not 0\.005"):
        _train(tmp_path, learning_rate=0.005, resume=True)
    with pytest.raises(TrainError) as error:
        _train(tmp_path, stop_on_nan=False, resume=True)
    figures = ("validation_loss", "validation_accuracy", "test_loss", "test_accuracy")
    told = ", ".join(f"{name} is nan" for name in figures)
    assert str(error.value) == f"no version is published, as {told}; see {logs}/report.html"
    assert not (tmp_path / "line").exists()
    assert _strictly((logs / "metrics.json").read_text()) == dict.fromkeys(figures)
    for line in (logs / "curves.jsonl").read_text().splitlines():
        _strictly(line)
    last = curves.read(logs)[-1]
    assert last[:2] == ("validation", 20)
    assert math.isnan(last[2]["loss"])
    # Curves end where they are not finite; of predictions that are not nothing is drawn.
    assert sorted(path.name for path in (logs / "plots").iterdir()) == [
        "line_accuracy.png",
        "line_loss.png",
    ]
    assert "<td>nan</td>" in (logs / "report.html").read_text()


def test_a_run_that_ends_before_it_diverges_is_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "line", SimpleNamespace(prepare=_prepare))
    result = _train(tmp_path, steps=3, validations=3)
    assert result.folder == tmp_path / "line" / "1"
    assert result.metrics["test_loss"] == pytest.approx(7.29**2, abs=1e-3)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_options_are_finite(value: float) -> None:
    with pytest.raises(ValueError, match="learning_rate must be a finite number, not"):
        TrainingConfig(learning_rate=value)
