"""`trilho evaluate`: measuring a served model with its test split."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress
from rich.table import Table

from trilho.cli._finite import FINITE
from trilho.cli._recipes import RecipeGroup, module_option
from trilho.cli._server_option import make_server_option
from trilho.client import TrilhoClient
from trilho.evaluation.asking import ask, served_version
from trilho.evaluation.comparing import (
    Row,
    check_data,
    compare,
    data_hint,
    trained_manifest,
    trained_options,
)
from trilho.evaluation.evaluation import Question
from trilho.export.figures import as_json, not_finite
from trilho.manifest_pb2 import Manifest
from trilho.training.overrides import parse_assignments, resolve
from trilho.training.recipe import Recipe

__all__ = ["evaluate"]

_FOLDER = click.Path(file_okay=False, exists=True, path_type=Path)


class _Models(RecipeGroup):
    """A command for each recipe that says how its model is evaluated."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Lists the models, without those that cannot be asked."""
        names = super().list_commands(ctx)
        return [name for name in names if self.get_command(ctx, name) is not None]

    def make_command(self, recipe: Recipe, modules: Sequence[str]) -> click.Command | None:
        """Makes a model's command."""
        return _command(recipe, modules) if recipe.evaluation else None


@click.group(cls=_Models)
@module_option
def evaluate() -> None:
    """Send a model's test split through a server, and measure the answers.

    Models are trilho's own, those of installed packages that have an entry point trilho.models, and
    those of --module.
    """


def _command(recipe: Recipe, modules: Sequence[str]) -> click.Command:
    model = " ".join([*(f"--module={module}" for module in modules), recipe.name])

    def run(**given: Any) -> None:  # noqa: ANN401 - click's values
        _run(recipe, **given)

    return click.Command(
        recipe.name,
        params=_parameters(recipe),
        callback=run,
        help=f"Measure the {recipe.name} model that a server answers with.\n\n"
        "All calls go to one version, the newest that is ready, by TensorFlow Serving's Predict. "
        "With --trained the figures are put beside those that the trainer wrote into the "
        "version's manifest, and the command fails if they differ. It asks nothing if the test "
        "split is another one than the trainer's, of which the manifest has a digest.",
        epilog="\n".join(
            [
                "\b",
                "Examples:",
                f"  trilho evaluate {model} --server localhost:8500",
                f"  trilho evaluate {model} --trained /models/{recipe.name}",
                f"  trilho evaluate {model} --version 3 --json figures.json",
            ]
        ),
    )


def _parameters(recipe: Recipe) -> list[click.Parameter]:
    positive = click.FloatRange(0, min_open=True)
    return [
        make_server_option(),
        click.Option(
            ["--model"], default=recipe.name, show_default=True, help="Its name on the server."
        ),
        click.Option(
            ["--version"], type=click.IntRange(1), help="Which version; by default the newest."
        ),
        click.Option(
            ["--trained"],
            type=_FOLDER,
            metavar="DIR",
            help="The model's folder, or the version's: compare with its manifest, and take the "
            "options from there that the test split depends on.",
        ),
        click.Option(
            ["--tolerance"],
            type=FINITE,
            default=1e-4,
            show_default=True,
            help="By how much a served and a trained figure may differ: the last bits of a sum "
            "depend on the size of the batch.",
        ),
        click.Option(["--data"], metavar="SOURCE", help=recipe.data_help),
        click.Option(
            ["--set", "assignments"],
            multiple=True,
            metavar="KEY=VALUE",
            help="An option of `trilho train` that the test split depends on, such as the seed; "
            "may be repeated.",
        ),
        click.Option(
            ["--rows"],
            type=click.IntRange(1),
            default=500,
            show_default=True,
            help="Examples a call.",
        ),
        click.Option(
            ["--concurrency"],
            type=click.IntRange(1, 1000),
            default=4,
            show_default=True,
            help="Calls under way at a time.",
        ),
        click.Option(
            ["--deadline"],
            type=positive,
            default=60.0,
            show_default=True,
            metavar="SECONDS",
            help="How long one call may take, retries included.",
        ),
        click.Option(
            ["--json", "json_file"],
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            help="Also write the figures there.",
        ),
    ]


def _run(
    recipe: Recipe,
    *,
    server: str,
    model: str,
    version: int | None,
    trained: Path | None,
    tolerance: float,
    data: str | None,
    assignments: tuple[str, ...],
    rows: int,
    concurrency: int,
    deadline: float,
    json_file: Path | None,
) -> None:
    given = parse_assignments(assignments)
    with TrilhoClient(server, timeout=deadline, health_checks=False) as client:
        # First of all, as it is what most often fails, and takes no time.
        version = version or served_version(client, model)
        options: Mapping[str, object] = {}
        figures: Mapping[str, float] = {}
        manifest: Manifest | None = None
        if trained is not None:
            manifest = trained_manifest(trained, model=recipe.name, version=version)
            options, figures = trained_options(manifest, recipe.config), manifest.metrics
        config = resolve(recipe.config, options, given)
        evaluation = recipe.prepare_evaluation(config, recipe.fetch(data), rows=rows)
        if manifest:
            check_data(manifest, evaluation)
        started = time.monotonic()
        with _progress(evaluation.questions) as answered:
            answers = ask(
                client,
                evaluation.questions,
                model=model,
                version=version,
                concurrency=concurrency,
                answered=answered,
            )
        seconds = time.monotonic() - started
    compared = compare(evaluation.figures(answers), figures, tolerance=tolerance)
    calls = len(evaluation.questions)
    count = sum(question.rows for question in evaluation.questions)
    _show(compared, title=f"{model}, version {version}, {count} rows in {calls} calls")
    if json_file:
        content = {
            "version": version,
            "calls": calls,
            "rows": count,
            "seconds": round(seconds, 3),
            "figures": as_json({row.name: row.served for row in compared}),
        }
        text = json.dumps(content, indent=2, allow_nan=False)
        json_file.write_text(text + "\n", encoding="utf-8")
    if bad := not_finite({row.name: row.served for row in compared}):
        raise click.ClickException(f"{', '.join(bad)}: the model answers what is not finite")
    if different := [row.name for row in compared if not row.equal]:
        hint = data_hint(manifest, data) if manifest else ""
        raise click.ClickException(
            f"{', '.join(different)}: served and trained differ by more than {tolerance:g}{hint}"
        )


@contextmanager
def _progress(questions: Sequence[Question]) -> Iterator[Any]:
    """Shows a bar on terminals, beside the result: on stderr."""
    console = Console(stderr=True)
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("rows", total=sum(question.rows for question in questions))
        yield lambda rows: bar.advance(task, rows)


def _show(rows: Sequence[Row], *, title: str) -> None:
    known = any(row.trained is not None for row in rows)
    table = Table(box=None, header_style="bold", title=title, title_justify="left")
    table.add_column("figure")
    table.add_column("served", justify="right")
    if known:
        table.add_column("trained", justify="right")
    for row in rows:
        trained = [f"{row.trained:.6f}" if row.trained is not None else ""] if known else []
        name = row.name.replace("_", " ")
        table.add_row(name, f"{row.served:.6f}", *trained, style="" if row.equal else "red")
    Console(highlight=False, soft_wrap=True).print(table)
