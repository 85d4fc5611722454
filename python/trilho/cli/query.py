"""`trilho query`: calling a served model with real data."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from trilho.cli._replay import Answer, AnswerError, ReplayResult, replay
from trilho.cli._server_option import server_option
from trilho.client import TrilhoClient
from trilho.data import mnist as mnist_data
from trilho.mnist_pb2 import ClassifyRequest
from trilho.mnist_pb2_grpc import MnistServiceStub

__all__ = ["query"]

_EXAMPLES = """\b
Examples:
  trilho query mnist --server localhost:8500
  trilho query mnist --api predict --calls 10000 --concurrency 20 --json result.json
  trilho query mnist --duration 60
"""
_CALLS = 1000
_DIGITS = 10
_REASONS = 5

Pixels = np.ndarray[Any, np.dtype[np.float32]]


@click.group()
def query() -> None:
    """Call a served model and tell how well it does."""


@query.command(epilog=_EXAMPLES)
@server_option
@click.option(
    "--api",
    type=click.Choice(["typed", "predict"]),
    default="typed",
    show_default=True,
    help="typed: trilho.mnist.MnistService; predict: TensorFlow Serving's Predict, which also "
    "tells the versions that answer.",
)
@click.option("--model", default="mnist", show_default=True, help="What --api predict asks for.")
@click.option(
    "--calls",
    "--count",
    "calls",
    type=click.IntRange(1),
    help="One image each; 1000 unless --duration is given.",
)
@click.option(
    "--duration",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="Go on for so long; with --calls, for what ends first.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 1000),
    default=10,
    show_default=True,
    help="Calls under way at a time.",
)
@click.option(
    "--deadline",
    type=click.FloatRange(0, min_open=True),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long one call may take, retries included.",
)
@click.option(
    "--data",
    "data_dir",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    metavar="DIR",
    help="The IDX files; by default where `trilho data mnist` puts them.",
)
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write the result there.",
)
@click.pass_context
def mnist(
    context: click.Context,
    *,
    server: str,
    api: str,
    model: str,
    calls: int | None,
    duration: float | None,
    concurrency: int,
    deadline: float,
    data_dir: Path | None,
    json_file: Path | None,
) -> None:
    """Send MNIST's test images to a server.

    The error rate is the part of the answers that name the wrong digit; failed calls, which have no
    answer, are counted apart. Latencies are those of answered calls.
    """
    folder = data_dir or mnist_data.fetch(mnist_data.default_directory())
    images, labels = mnist_data.load_test(folder)
    rows = mnist_data.pixels(images)

    with TrilhoClient(server, timeout=deadline, health_checks=False) as client:
        ask = _typed(client) if api == "typed" else _predict(client, model)

        def call(number: int) -> Answer:
            index = number % len(rows)
            scores, version = ask(rows[index])
            if len(scores) != _DIGITS:
                raise AnswerError(f"expected {_DIGITS} scores, found {len(scores)}")
            if not np.isfinite(scores).all():
                # NumPy takes NaN for the largest of all.
                raise AnswerError("expected finite scores, found NaN or an infinity")
            return Answer(right=int(np.argmax(scores)) == int(labels[index]), version=version)

        if calls is None and duration is None:
            calls = _CALLS
        with _progress(calls) as watch:
            result = replay(
                call, calls=calls, concurrency=concurrency, duration=duration, watch=watch
            )
    _show(result)
    if json_file:
        json_file.write_text(json.dumps(result.as_dict()) + "\n", encoding="utf-8")
    if result.failed:
        context.exit(1)


_Ask = Callable[[Pixels], tuple[Any, int | None]]


def _typed(client: TrilhoClient) -> _Ask:
    stub = client.stub(MnistServiceStub)
    return lambda row: (stub.Classify(ClassifyRequest(image_data=row)).value, None)


def _predict(client: TrilhoClient, model: str) -> _Ask:
    def ask(row: Pixels) -> tuple[Any, int | None]:
        answer = client.predict(model, {"image_data": row[np.newaxis]})
        return answer.outputs["value"].ravel(), answer.version

    return ask


@contextmanager
def _progress(calls: int | None) -> Iterator[Callable[[int], None]]:
    """Shows a bar on terminals, beside the result: on stderr."""
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("calls", total=calls)
        yield lambda done: bar.update(task, completed=done)


def _show(result: ReplayResult) -> None:
    click.echo(f"calls         {result.calls}")
    click.echo(f"failed        {result.failed}")
    if result.answered:
        click.echo(f"error rate    {result.error_rate:.2%}")
        click.echo(f"calls/s       {result.calls_per_second:.1f}")
        click.echo(
            f"latency       p50 {result.millis(0.5):.2f} ms, p99 {result.millis(0.99):.2f} ms"
        )
    if result.versions:
        versions = ", ".join(f"{v}: {n}" for v, n in sorted(result.versions.items()))
        click.echo(f"versions      {versions}")
    for reason, count in result.reasons.most_common(_REASONS):
        click.echo(f"{count} failed: {reason}", err=True)
