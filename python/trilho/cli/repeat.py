"""`trilho repeat`: one training several times, to tell what is chance."""

import json
import math
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from trilho.cli._recipes import RecipeGroup, module_option
from trilho.export import manifest
from trilho.export.versions import next_version
from trilho.training.interrupt import terminable
from trilho.training.overrides import resolve
from trilho.training.recipe import Recipe
from trilho.training.workers import launch

__all__ = ["repeat"]

_FORWARDED = {"ignore_unknown_options": True, "allow_extra_args": True}


class _Models(RecipeGroup):
    """A command for each recipe."""

    def make_command(self, recipe: Recipe, modules: Sequence[str]) -> click.Command:
        """Makes a model's command."""

        def run(**given: Any) -> None:  # noqa: ANN401 - click's values
            with terminable():
                _run(recipe, modules, **given)

        return click.Command(
            recipe.name,
            params=_parameters(recipe),
            callback=run,
            context_settings=_FORWARDED,
            help=f"Train {recipe.name} once for each value of an option, one after the other, and "
            "show each figure's mean with its standard error.\n\n"
            f"All other options are those of `trilho train {recipe.name}`. Each run publishes a "
            "version below --export; figures come from the manifests.",
            epilog="\n".join(
                [
                    "\b",
                    "Examples:",
                    f"  trilho repeat {recipe.name} --vary seed=1,2,3 --export /tmp/runs",
                    f"  trilho repeat {recipe.name} --vary seed=1,2,3 --export /tmp/runs --set "
                    "steps=400 --json table.json",
                ]
            ),
        )


@click.group(cls=_Models)
@module_option
def repeat() -> None:
    """Train a model several times, and tell what of its figures is chance.

    The seed is varied, or how data is split (`--vary split_seed=1,2,3,4,5` of the census).
    """


def _parameters(recipe: Recipe) -> list[click.Parameter]:
    return [
        click.Option(
            ["--vary"],
            required=True,
            metavar="KEY=V1,V2,...",
            help="The option that differs, and its values, at least two.",
        ),
        click.Option(
            ["--export", "export_dir"],
            type=click.Path(file_okay=False, path_type=Path),
            required=True,
            metavar="DIR",
            help=f"Gets a version of {recipe.name} for each value.",
        ),
        click.Option(
            ["--json", "json_file"],
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            help="Also write the figures of all runs there.",
        ),
        click.Argument(["options"], nargs=-1, type=click.UNPROCESSED),
    ]


def _run(
    recipe: Recipe,
    modules: Sequence[str],
    *,
    vary: str,
    export_dir: Path,
    json_file: Path | None,
    options: tuple[str, ...],
) -> None:
    name, equals, text = vary.partition("=")
    values = [value for value in text.split(",") if value]
    if not equals or len(values) < 2:  # noqa: PLR2004 - one value has no error
        raise click.UsageError(f'--vary {vary}: expected at least two values, e.g. "seed=1,2,3"')
    for value in values:
        # Rather now than after the first runs.
        resolve(recipe.config, {name: _yaml(value)})
    runs: dict[str, Mapping[str, float]] = {}
    for value in values:
        folder = export_dir / recipe.name / str(next_version(export_dir / recipe.name))
        click.echo(f"{name}={value}: {folder}", err=True)
        launch(
            [
                *(sys.executable, "-m", "trilho", "train"),
                *(f"--module={module}" for module in modules),
                *(recipe.name, f"--export={export_dir}", f"--version={folder.name}"),
                *(*options, f"--set={name}={value}"),
            ],
            workers=1,
            resumable=lambda: False,
        )
        runs[value] = dict(manifest.read(folder).metrics)
    _show(f"{recipe.name}, {len(values)} runs, {name}={text}", runs)
    if json_file:
        content = {"model": recipe.name, "vary": name, "runs": runs, "figures": _summary(runs)}
        json_file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _yaml(value: str) -> object:
    try:
        return json.loads(value)
    except ValueError:
        return value


def _summary(runs: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Returns each figure's mean, the standard error of that, the least and the greatest."""
    figures = {}
    for name in next(iter(runs.values())):
        values = [run[name] for run in runs.values()]
        figures[name] = {
            "mean": round(statistics.fmean(values), 6),
            "error": round(statistics.stdev(values) / math.sqrt(len(values)), 6),
            "least": min(values),
            "greatest": max(values),
        }
    return figures


def _show(title: str, runs: Mapping[str, Mapping[str, float]]) -> None:
    table = Table(box=None, header_style="bold", title=title, title_justify="left")
    table.add_column("figure")
    for column in ("mean", "error", "least", "greatest"):
        table.add_column(column, justify="right")
    for name, found in sorted(_summary(runs).items()):
        cells = [f"{found[column]:.4f}" for column in ("mean", "error", "least", "greatest")]
        table.add_row(name.replace("_", " "), *cells)
    Console(highlight=False, soft_wrap=True).print(table)
