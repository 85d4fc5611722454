"""`trilho import`: a SavedModel of others becomes a version."""

from pathlib import Path
from typing import Any, Literal

import click

from trilho.cli._contract_options import CONTRACT_FILE, proto_path
from trilho.contract import reading
from trilho.training.startup import load_tensorflow

__all__ = ["import_model"]

_FILE = click.Path(dir_okay=False, exists=True, path_type=Path)


class _Figure(click.ParamType[tuple[str, float]]):
    """NAME=VALUE, a finite number."""

    name = "figure"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[str, float]:
        """Splits it; NaN and infinities are refused with the version, as everywhere."""
        name, equals, text = str(value).partition("=")
        try:
            number = float(text)
        except ValueError:
            number, equals = 0.0, ""
        if not equals or not name:
            self.fail(f'"{value}": expected NAME=NUMBER, e.g. test_accuracy=0.93', param, ctx)
        return name, number


@click.command(
    name="import",
    epilog="""\b
Examples:
  trilho import half_plus_two --name half_plus_two --export /models
  trilho import export/7 --name fraud --export /models --requests calls.json
  trilho import export/7 --name fraud --export /models --requests logs/requests.tfrecord
  trilho import export/7 --name fraud --export /models --contract fraud.proto \\
      --figure test_auc=0.93 --headline test_auc

\b
What is in calls.json, a body of TensorFlow Serving's REST API, or a list of such:
  {"signature_name": "serving_default", "instances": [[1.0, 2.0]]}
  {"signature_name": "serving_default", "inputs": {"age": [39], "pay": [2.5]}}
  {"signature_name": "classify", "examples": [{"age": 39, "pay": 2.5}]}
""",
)
@click.argument("savedmodel", type=click.Path(exists=True, path_type=Path))
@click.option("--name", required=True, help="What the model is called.")
@click.option(
    "--export",
    "export_dir",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    metavar="DIR",
    help="Publish as DIR/NAME/VERSION.",
)
@click.option("--version", type=click.IntRange(1), help="VERSION; by default the next free number.")
@click.option(
    "--requests",
    type=_FILE,
    multiple=True,
    metavar="FILE",
    help="Real requests, which it must answer, and which become its warm-up: JSON as below "
    "(*.json), or a warm-up file or request log. May be repeated.",
)
@click.option(
    "--untried",
    multiple=True,
    metavar="SIGNATURE",
    help="A signature not to be called with zeros, which it cannot answer. May be repeated.",
)
@click.option(
    "--contract",
    "files",
    type=CONTRACT_FILE,
    multiple=True,
    metavar="FILE",
    help="What its callers go by, as for `trilho check`: what does not keep it is not published.",
)
@click.option(
    "--figure",
    "figures",
    type=_Figure(),
    multiple=True,
    metavar="NAME=NUMBER",
    help="A figure of it that is known, for its manifest. May be repeated.",
)
@click.option(
    "--headline",
    metavar="NAME",
    help="The figure by which `trilho publish` compares its versions.",
)
@click.option(
    "--better",
    type=click.Choice(["higher", "lower"]),
    default="higher",
    show_default=True,
    help="Which values of the headline are better.",
)
@click.option(
    "--op-library",
    "libraries",
    type=_FILE,
    multiple=True,
    metavar="FILE.so",
    help="Custom operations of its graph, as the server's flag of that name.",
)
@proto_path
def import_model(
    *,
    savedmodel: Path,
    name: str,
    export_dir: Path,
    version: int | None,
    requests: tuple[Path, ...],
    untried: tuple[str, ...],
    files: tuple[Path, ...],
    figures: tuple[tuple[str, float], ...],
    headline: str | None,
    better: Literal["higher", "lower"],
    libraries: tuple[Path, ...],
    proto_paths: tuple[Path, ...],
) -> None:
    """Publish the SavedModel of somebody else in the folder SAVEDMODEL as a version.

    It may come from Keras 2 (model.save), Keras 3 (model.export), a tf.Module
    (tf.saved_model.save) or TensorFlow 1 (SavedModelBuilder). It is copied, loaded as a server
    loads it, and each of its signatures is called: with your requests, with those that it brings as
    warm-up, or with zeros. So a model that loads and fails at its first call is found here. The
    version has a manifest and warm-up requests, and appears in one piece; SAVEDMODEL stays as it
    is.
    """
    contracts = reading.read(files, proto_paths=proto_paths) if files else []
    load_tensorflow()
    # Only now, as this imports TensorFlow, which --help and a wrong option need not wait for.
    import tensorflow as tf  # noqa: PLC0415

    from trilho.importing import importing  # noqa: PLC0415

    for library in libraries:
        tf.load_op_library(str(library.resolve()))
    done = importing.import_model(
        savedmodel,
        name=name,
        directory=export_dir,
        version=version,
        requests=requests,
        untried=untried,
        contracts=contracts,
        metrics=dict(figures),
        headline=headline,
        better=better,
    )
    width = max(len(one.signature) for one in done.tried)
    for one in done.tried:
        how = "not tried"
        if one.requests:
            how = f"answers {one.requests} request{'s' if one.requests > 1 else ''}"
        elif one.zeros:
            how = "answers zeros"
        warm = ", which are its warm-up" if one.is_recorded else ""
        click.echo(f"{one.signature:{width}}  {how}{warm}")
    click.echo(f"Version  {done.folder}")
