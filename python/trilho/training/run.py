"""A run: from the data to a published version."""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import tensorflow as tf
from google.protobuf.descriptor import FileDescriptor

from trilho.contract.definitions import Contract
from trilho.export import saved_model
from trilho.export.descriptors import contracts_in
from trilho.export.figures import not_finite
from trilho.export.provenance import DATA
from trilho.export.publishing import contracts_of
from trilho.export.versions import check_version
from trilho.training import curves
from trilho.training.beginning import begin, check_options, go_on
from trilho.training.checkpoints import Checkpoints
from trilho.training.cluster import alone, make_strategy, meet, peer_errors
from trilho.training.config import TrainingConfig
from trilho.training.curves import CurveReporter
from trilho.training.interrupt import interrupts
from trilho.training.job import Job, Models, Shard, Stage
from trilho.training.leftovers import CHECKPOINTS, TrainError, has_checkpoint
from trilho.training.loop import Loop, Plan, Reporter
from trilho.training.metrics import (
    TensorBoardReporter,
    write_hyperparameters,
    write_metrics,
)
from trilho.training.recipe import Recipe
from trilho.training.report import write_report
from trilho.training.reporters import Reporters
from trilho.training.same_data import check_data, keep_data
from trilho.training.warm_start import Weights
from trilho.training.workers import Task, current_task

__all__ = ["TrainError", "TrainResult", "train"]

_WARM_START = "warm_start"
_PLOTS = "plots"
# The packages that the module plots imports.
_DRAWING = ("matplotlib", "sklearn")


@dataclass(frozen=True, kw_only=True)
class TrainResult:
    """What a run came to.

    Attributes:
        folder: The published version.
        version: Its number.
        logs: The run's TensorBoard log, checkpoints and metrics.json.
        metrics: All figures, as in metrics.json.
        steps: The steps whose weights were published, of all stages together.
        seconds: Wall time of training and export, without loading TensorFlow.
    """

    folder: Path
    version: int
    logs: Path
    metrics: Mapping[str, float]
    steps: int
    seconds: float


def train(
    recipe: Recipe,
    config: TrainingConfig,
    *,
    source: str,
    export_dir: Path,
    logs_dir: Path,
    data: str | None = None,
    version: int | None = None,
    resume: bool = False,
    restart: bool = False,
    warm_start: Path | None = None,
    reporter: Reporter,
) -> TrainResult:
    """Trains a model, measures it and publishes it.

    With TF_CONFIG in the environment it is one of several workers, which all call this with the
    same arguments, `logs_dir` being a folder of all of them. Worker 0 does all that is done once.

    Seeds Python's, NumPy's and TensorFlow's random numbers and makes TensorFlow's operations
    deterministic, for the whole process.

    Args:
        recipe: The model.
        config: Its options, of `recipe.config`.
        source: Where the data is; see `Recipe.fetch`.
        export_dir: Gets NAME/VERSION.
        logs_dir: The run's folder, made if missing.
        data: What the manifest calls the data; by default `source`.
        version: VERSION; by default the next free number.
        resume: Whether to go on with the run that `logs_dir` has a checkpoint of; it may be given
            more steps, also when it has come to its end.
        restart: Whether to begin anew though that run was interrupted; its checkpoints are removed.
        warm_start: A version, or a model's folder, whose weights the networks begin with; not with
            `resume`.
        reporter: Is told how it goes.

    Returns:
        The run's figures and where everything is.

    Raises:
        TrilhoError: The data cannot be read, the options leave nothing to train with, there is no
            run of these options and these rows to resume, an interrupted one is neither to be
            resumed nor to be begun anew, the run diverges, one of its figures is not finite, the
            model does not keep its contract, or the version exists already.
        KeyboardInterrupt: After Ctrl-C or SIGTERM, which any of the workers may get; once there
            are steps done, with a checkpoint to resume from.
    """
    with peer_errors(lambda: has_checkpoint(logs_dir)):
        return _train(
            recipe,
            config,
            source=source,
            export_dir=export_dir,
            logs_dir=logs_dir,
            data=source if data is None else data,
            version=version,
            resume=resume,
            restart=restart,
            warm_start=warm_start,
            reporter=reporter,
        )


def _train(
    recipe: Recipe,
    config: TrainingConfig,
    *,
    source: str,
    export_dir: Path,
    logs_dir: Path,
    data: str,
    version: int | None,
    resume: bool,
    restart: bool,
    warm_start: Path | None,
    reporter: Reporter,
) -> TrainResult:
    started = time.monotonic()
    # Rather now than after the training.
    number = check_version(export_dir / recipe.name, version)
    task = current_task()
    strategy = make_strategy(task)
    weights = Weights(warm_start)
    if resume:
        check_options(logs_dir, config)
    elif task.is_chief:
        begin(logs_dir, config, restart=restart)
    keras.utils.set_random_seed(config.seed)
    tf.config.experimental.enable_op_determinism()
    job = recipe.prepare(config, source)
    _check_sharing(job, config, task)
    contracts = _contracts(job, recipe.name)
    _check_and_keep(logs_dir, config, job, task, resume=resume)
    models: dict[str, keras.Model] = {}
    metrics: dict[str, float] = {}
    steps = 0
    for position, stage in enumerate(job.stages):
        # So that a stage is the same whether those before it were trained or restored.
        keras.utils.set_random_seed((config.seed + position) % 2**32)
        with strategy.scope():
            loop = _make_loop(stage)
            weights.give(loop.model, is_last=position == len(job.stages) - 1)
        # Outside of the scope, in which each new variable would be made by all workers.
        steps += _fit(stage, loop, config, job, logs_dir, reporter, task, resume=resume)
        metrics |= _measure(stage, loop, prefix=_prefix(stage, job))
        models[stage.name] = loop.model if task.count == 1 else alone(loop.model, stage.build)
    folder = export_dir / recipe.name / str(number)
    if task.is_chief:
        metrics |= job.evaluate(models)
        seconds = time.monotonic() - started
        _report(recipe, config, job, models, metrics, logs_dir, seconds)
        training = {**config.as_strings(), DATA: data}
        if warm_start:
            training[_WARM_START] = str(warm_start)
        folder = _export(recipe, job, models, contracts, metrics, training, export_dir, version)
    if task.count > 1:
        meet(strategy)
    return TrainResult(
        folder=folder,
        version=int(folder.name),
        logs=logs_dir,
        metrics=metrics,
        steps=steps,
        seconds=time.monotonic() - started,
    )


def _check_and_keep(
    logs_dir: Path, config: TrainingConfig, job: Job, task: Task, *, resume: bool
) -> None:
    """Refuses to go on with other rows, and writes down what the run is of."""
    if resume:
        check_data(logs_dir, job.splits)
    if not task.is_chief:
        return
    if resume:
        go_on(logs_dir, config)
    keep_data(logs_dir, job.splits)
    write_hyperparameters(logs_dir, asdict(config))


def _contracts(job: Job, model: str) -> Sequence[Contract]:
    if isinstance(job.contract, FileDescriptor):
        return contracts_in(job.contract, model=model)
    return contracts_of(model, job.contract or ())


def _check_sharing(job: Job, config: TrainingConfig, task: Task) -> None:
    for stage in job.stages:
        size = stage.batch_size or config.batch_size
        if size % task.count:
            raise TrainError(
                f"{stage.name} has batches of {size}, which {task.count} workers cannot share "
                "evenly"
            )


def _export(
    recipe: Recipe,
    job: Job,
    models: Models,
    contracts: Sequence[Contract],
    metrics: Mapping[str, float],
    training: Mapping[str, str],
    export_dir: Path,
    version: int | None,
) -> Path:
    return saved_model.export(
        *models.values(),
        name=recipe.name,
        directory=export_dir,
        signatures=job.signatures(models),
        contracts=contracts,
        metrics=metrics,
        training=training,
        splits=job.splits,
        headline=job.headline.name,
        better=job.headline.better,
        version=version,
    ).folder


def _make_loop(stage: Stage) -> Loop:
    return Loop(
        stage.build(), optimizer=stage.optimizer(), loss=stage.loss(), metrics=stage.metrics()
    )


def _fit(
    stage: Stage,
    loop: Loop,
    config: TrainingConfig,
    job: Job,
    logs_dir: Path,
    reporter: Reporter,
    task: Task,
    *,
    resume: bool,
) -> int:
    plan = Plan(
        steps=stage.steps or config.steps,
        validations=config.validations,
        patience=config.patience,
        best_weights=config.best_weights,
        watch=stage.watch,
        stop_on_nan=config.stop_on_nan,
        name=stage.name if len(job.stages) > 1 else "",
    )
    reporters = []
    if task.is_chief:
        board = _stage_logs(stage, job, logs_dir)
        reporters = [reporter, TensorBoardReporter(board), CurveReporter(board)]
    directory = logs_dir / CHECKPOINTS / stage.name
    with interrupts() as interrupted:
        return loop.fit(
            stage.train(Shard(index=task.index, count=task.count)),
            plan=plan,
            validation=stage.validation,
            reporter=Reporters(*reporters),
            checkpoints=Checkpoints(directory, reads=resume, writes=task.is_chief),
            interrupted=interrupted,
        )


def _report(
    recipe: Recipe,
    config: TrainingConfig,
    job: Job,
    models: Models,
    metrics: Mapping[str, float],
    logs_dir: Path,
    seconds: float,
) -> None:
    """Writes figures and report, and refuses figures that nothing can be compared by."""
    if job.headline.name not in metrics:
        raise ValueError(f'headline is "{job.headline.name}"; it can be {", ".join(metrics)}')
    write_metrics(logs_dir, metrics)
    report = write_report(
        logs_dir,
        model=recipe.name,
        metrics=metrics,
        options=config.as_strings(),
        plots=_draw(job, models, logs_dir),
        seconds=seconds,
    )
    if bad := not_finite(metrics):
        raise TrainError(f"no version is published, as {', '.join(bad)}; see {report}")


def _draw(job: Job, models: Models, logs_dir: Path) -> list[Path]:
    """Draws the plots; where nothing can draw, as in a small container, there are none."""
    try:
        from trilho.training.plots import draw_curves, draw_predictions  # noqa: PLC0415
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _DRAWING:
            raise
        print(f"No plots: {package} is not installed", file=sys.stderr)
        return []
    folder = logs_dir / _PLOTS
    drawn = []
    for stage in job.stages:
        points = curves.read(_stage_logs(stage, job, logs_dir))
        drawn += draw_curves(points, folder, stage=stage.name)
    if job.predictions:
        drawn += draw_predictions(job.predictions(models), folder)
    return drawn


def _stage_logs(stage: Stage, job: Job, logs_dir: Path) -> Path:
    return logs_dir if len(job.stages) == 1 else logs_dir / stage.name


def _prefix(stage: Stage, job: Job) -> str:
    return "" if len(job.stages) == 1 else f"{stage.name}_"


def _measure(stage: Stage, loop: Loop, *, prefix: str) -> dict[str, float]:
    splits = {"validation": stage.validation, "test": stage.test}
    return {
        f"{prefix}{split}_{name}": value
        for split, batches in splits.items()
        if batches is not None
        for name, value in loop.evaluate(batches).items()
    }
