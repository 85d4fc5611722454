"""`trilho train`: training a model and publishing it."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trilho.cli._figures import lines
from trilho.cli._recipes import RecipeGroup, module_option
from trilho.errors import TrilhoError
from trilho.export.provenance import DEFAULT_DATA
from trilho.export.versions import check_version
from trilho.training.config import TrainingConfig
from trilho.training.interrupt import terminable
from trilho.training.leftovers import check_not_interrupted, has_checkpoint
from trilho.training.overrides import describe, parse_assignments, read_file, resolve
from trilho.training.progress import ProgressReporter
from trilho.training.recipe import Recipe
from trilho.training.startup import load_tensorflow
from trilho.training.workers import (
    INTERRUPTED,
    STOPPED,
    StoppedError,
    WorkerError,
    current_task,
    is_launched,
    launch,
    tell_launcher,
)

if TYPE_CHECKING:
    from trilho.training.run import TrainResult

__all__ = ["train"]

_FOLDER = click.Path(file_okay=False, path_type=Path)
# Options of the command that are options of the training, too: the shortest way to say them.
_SHORTCUTS = ("steps", "batch_size", "learning_rate", "seed", "patience")


class _Models(RecipeGroup):
    """A command for each recipe."""

    def make_command(self, recipe: Recipe, modules: Sequence[str]) -> click.Command:
        """Makes a model's command."""
        return _command(recipe, modules)


@click.group(
    cls=_Models,
    epilog="""\b
Examples:
  trilho train mnist --export /models
  trilho train --module card_fraud card_fraud --export /models   a model of your own
""",
)
@module_option
def train() -> None:
    """Train a model and publish it for the server.

    Models are trilho's own, those of installed packages that have an entry point trilho.models, and
    those of --module.
    """


def _command(recipe: Recipe, modules: Sequence[str]) -> click.Command:
    options = describe(recipe.config)
    defaults = {name: default for name, default, _ in options}
    kinds: dict[str, click.ParamType[Any]] = {
        "steps": click.IntRange(1),
        "batch_size": click.IntRange(1),
        "learning_rate": click.FloatRange(0, min_open=True),
        "seed": click.IntRange(0, 2**32 - 1),
        "patience": click.IntRange(0),
    }
    documented = {name: text for name, _, text in options}
    shortcuts = [
        click.Option(
            [f"--{name.replace('_', '-')}"],
            type=kinds[name],
            help=f"{documented[name]}  [default: {defaults[name]}]",
        )
        for name in _SHORTCUTS
    ]

    def run(**given: Any) -> None:  # noqa: ANN401 - click's values
        with terminable():
            _run(recipe, modules, **given)

    return click.Command(
        recipe.name,
        params=[*_common(recipe), *shortcuts],
        callback=run,
        help=recipe.summary,
        epilog=_epilog(" ".join([*_flags(modules), recipe.name]), options),
    )


def _common(recipe: Recipe) -> list[click.Parameter]:
    name = recipe.name
    return [
        click.Option(
            ["--export", "export_dir"],
            type=_FOLDER,
            required=True,
            metavar="DIR",
            help=f"Publish as DIR/{name}/VERSION.",
        ),
        click.Option(
            ["--version"],
            type=click.IntRange(1),
            help="VERSION; by default the next free number.",
        ),
        click.Option(
            ["--logs", "logs_dir"],
            type=_FOLDER,
            metavar="DIR",
            help="Checkpoints, TensorBoard's log and metrics.json; by default "
            f"logs/{name}/VERSION in --export.",
        ),
        click.Option(["--data"], metavar="SOURCE", help=recipe.data_help),
        click.Option(
            ["--resume"],
            is_flag=True,
            help="Go on with the interrupted run in --logs; it ends as if it had not been. With "
            "more --steps a run goes on that has come to its end, too.",
        ),
        click.Option(
            ["--restart"],
            is_flag=True,
            help="Begin anew, and remove the checkpoints of the interrupted run in --logs; neither "
            "this nor --resume is needed where there is none.",
        ),
        click.Option(
            ["--warm-start"],
            type=click.Path(file_okay=False, exists=True, path_type=Path),
            metavar="DIR",
            help="Begin with the weights of a version, or of the newest in a model's folder, and "
            "not with random ones.",
        ),
        click.Option(
            ["--workers"],
            type=click.IntRange(1),
            default=1,
            show_default=True,
            help="Processes of this machine that train together, each with its part of the data "
            "and of a batch. On a cluster, start the same command with TF_CONFIG on each machine.",
        ),
        click.Option(
            ["--config", "config_file"],
            type=click.Path(dir_okay=False, exists=True, path_type=Path),
            metavar="FILE.yaml",
            help="Options, a line `name: value` each.",
        ),
        click.Option(
            ["--set", "assignments"],
            multiple=True,
            metavar="KEY=VALUE",
            help="One option, before what --config says; may be repeated.",
        ),
    ]


def _epilog(model: str, options: list[tuple[str, str, str]]) -> str:
    width = max(len(f"{name}={default}") for name, default, _ in options)
    lines = [f"  {f'{name}={default}':{width}}  {text}" for name, default, text in options]
    return "\n".join(
        [
            "\b",
            "Keys of --set and --config, with their defaults:",
            *lines,
            "",
            "\b",
            "Examples:",
            f"  trilho train {model} --export /models",
            f"  trilho train {model} --export /models --set patience=3 --set validations=20",
            f"  trilho train {model} --export /models --resume",
            f"  trilho train {model} --export /models --warm-start /models/NAME/1",
        ]
    )


def _run(
    recipe: Recipe,
    modules: Sequence[str],
    *,
    export_dir: Path,
    version: int | None,
    logs_dir: Path | None,
    data: str | None,
    resume: bool,
    restart: bool,
    warm_start: Path | None,
    workers: int,
    config_file: Path | None,
    assignments: tuple[str, ...],
    **shortcuts: float | None,
) -> None:
    if resume and restart:
        raise click.UsageError("--resume and --restart exclude one another")
    if resume and warm_start:
        raise click.UsageError("--resume goes on with a run's own weights: leave out --warm-start")
    config = _options(recipe, config_file, assignments, shortcuts)
    number = check_version(export_dir / recipe.name, version)
    logs_dir = logs_dir or export_dir / "logs" / recipe.name / str(number)
    if not (resume or restart) and current_task().is_chief:
        # The run itself looks again; here nothing is started yet.
        check_not_interrupted(logs_dir)
    source = recipe.fetch(data)
    places: dict[str, object] = {"export": export_dir, "logs": logs_dir, "data": data}
    if workers > 1:
        flags = [name for name, given in (("--resume", resume), ("--restart", restart)) if given]
        places |= {"version": number, "warm-start": warm_start}
        _launch(recipe, modules, config, places, flags, workers=workers)
        return
    load_tensorflow()
    result = _train(
        recipe,
        config,
        source=source,
        export_dir=export_dir,
        logs_dir=logs_dir,
        data=DEFAULT_DATA if data is None else data,
        version=version,
        resume=resume,
        restart=restart,
        warm_start=warm_start,
    )
    if current_task().is_chief:
        _show(result)


def _flags(modules: Sequence[str]) -> list[str]:
    return [f"--module={module}" for module in modules]


def _launch(
    recipe: Recipe,
    modules: Sequence[str],
    config: TrainingConfig,
    places: Mapping[str, object],
    flags: Sequence[str],
    *,
    workers: int,
) -> None:
    """Starts workers; the data has been fetched by now, and they are told no more of it."""
    command = [sys.executable, "-m", "trilho", "train", *_flags(modules), recipe.name]
    command += [f"--{name}={value}" for name, value in places.items() if value is not None]
    command += [f"--set={name}={json.dumps(value)}" for name, value in asdict(config).items()]
    try:
        launch(
            [*command, *flags],
            workers=workers,
            resumable=lambda: has_checkpoint(Path(str(places["logs"]))),
        )
    except StoppedError:
        raise click.exceptions.Exit(1) from None


def _train(
    recipe: Recipe,
    config: TrainingConfig,
    *,
    logs_dir: Path,
    **options: Any,  # noqa: ANN401 - run.train's
) -> "TrainResult":
    """Trains in this process, and says once, of several workers, why they stop."""
    # Only now, as this imports TensorFlow, which --help and a wrong option need not wait for.
    from trilho.training.divergence import DivergedError  # noqa: PLC0415
    from trilho.training.run import train as run  # noqa: PLC0415

    task = current_task()
    try:
        return run(recipe, config, logs_dir=logs_dir, reporter=ProgressReporter(), **options)
    except KeyboardInterrupt:
        if task.is_chief and has_checkpoint(logs_dir):
            click.echo(f"A checkpoint is in {logs_dir}; --resume goes on from there", err=True)
        if task.count > 1 or is_launched():
            # Who has started them says the rest, once.
            raise click.exceptions.Exit(INTERRUPTED) from None
        raise
    except (TrilhoError, OSError) as error:
        if isinstance(error, DivergedError) and task.count > 1:
            if task.is_chief:
                click.echo(f"Error: {error}", err=True)
            raise click.exceptions.Exit(STOPPED) from None
        # All workers may fail for the same reason, and who has started them says it once.
        if isinstance(error, WorkerError) or not tell_launcher(str(error)):
            raise
        raise click.exceptions.Exit(1) from None


def _show(result: "TrainResult") -> None:
    figures = {name: f"{value:.4f}" for name, value in result.metrics.items()}
    rest = {
        "steps": str(result.steps),
        "seconds": f"{result.seconds:.1f}",
        "version": str(result.folder),
        "log": f"tensorboard --logdir {result.logs}",
    }
    for line in lines({**figures, **rest}):
        click.echo(line)


def _options(
    recipe: Recipe,
    config_file: Path | None,
    assignments: tuple[str, ...],
    shortcuts: dict[str, float | None],
) -> TrainingConfig:
    return resolve(
        recipe.config,
        read_file(config_file) if config_file else {},
        {name: value for name, value in shortcuts.items() if value is not None},
        parse_assignments(assignments),
    )
