"""`trilho train`: training a model and publishing it."""

from pathlib import Path

import click

from trilho.data import mnist as mnist_data
from trilho.export.versions import check_version
from trilho.models.mnist.config import MnistConfig
from trilho.training.progress import ProgressReporter
from trilho.training.startup import load_tensorflow

__all__ = ["train"]

_DEFAULT = MnistConfig()
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group()
def train() -> None:
    """Train a model and publish it for the server."""


@train.command()
@click.option("--steps", type=click.IntRange(1), default=_DEFAULT.steps, show_default=True)
@click.option(
    "--export",
    "export_dir",
    type=_FOLDER,
    required=True,
    metavar="DIR",
    help="Publish as DIR/mnist/VERSION.",
)
@click.option("--version", type=click.IntRange(1), help="VERSION; by default the next free number.")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=_DEFAULT.seed,
    show_default=True,
    help="The same seed gives the same model.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(1),
    default=_DEFAULT.batch_size,
    show_default=True,
    help="Images a step.",
)
@click.option(
    "--learning-rate",
    type=click.FloatRange(0, min_open=True),
    default=_DEFAULT.learning_rate,
    show_default=True,
)
@click.option(
    "--logs",
    "logs_dir",
    type=_FOLDER,
    metavar="DIR",
    help="TensorBoard's log and metrics.json; by default logs/mnist/VERSION in --export.",
)
@click.option(
    "--data",
    "data_dir",
    type=_FOLDER,
    metavar="DIR",
    help="The IDX files, fetched if missing; by default where `trilho data mnist` puts them.",
)
def mnist(
    *,
    steps: int,
    export_dir: Path,
    version: int | None,
    seed: int,
    batch_size: int,
    learning_rate: float,
    logs_dir: Path | None,
    data_dir: Path | None,
) -> None:
    """Train the network for handwritten digits."""
    number = check_version(export_dir / "mnist", version)
    data_dir = mnist_data.fetch(data_dir or mnist_data.default_directory())
    load_tensorflow()
    # Only now, as this imports TensorFlow, which --help and a wrong option need not wait for.
    from trilho.models.mnist.train import train as run  # noqa: PLC0415

    result = run(
        MnistConfig(steps=steps, batch_size=batch_size, learning_rate=learning_rate, seed=seed),
        data_dir=data_dir,
        export_dir=export_dir,
        logs_dir=logs_dir or export_dir / "logs" / "mnist" / str(number),
        version=version,
        reporter=ProgressReporter(),
    )
    click.echo(f"Test accuracy  {result.test.accuracy:.4f}")
    click.echo(f"Error rate     {1 - result.test.accuracy:.2%}")
    click.echo(f"Steps          {result.steps}")
    click.echo(f"Seconds        {result.seconds:.1f}")
    click.echo(f"Version        {result.folder}")
    click.echo(f"Log            tensorboard --logdir {result.logs}")
