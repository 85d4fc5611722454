"""`trilho publish`: handing a version over to those who serve it."""

from pathlib import Path

import click

from trilho.cli._contract_options import CONTRACT_FILE, proto_path
from trilho.cli._finite import FINITE
from trilho.contract import reading
from trilho.export import publishing
from trilho.export.stores import open_store

__all__ = ["publish"]


@click.command(
    epilog="""\b
Examples:
  trilho publish models/mnist /srv/models              the newest version, as /srv/models/mnist/N
  trilho publish models/mnist/3 /srv/models --margin 0.002
  trilho publish models/mnist/3 /srv/models --version 8 --force
  trilho publish models/mnist /srv/models --contract mnist.desc
"""
)
@click.argument("model_dir", type=click.Path(file_okay=False, exists=True, path_type=Path))
@click.argument("target")
@click.option(
    "--version", type=click.IntRange(1), help="Its number there; by default that of its folder."
)
@click.option(
    "--margin",
    type=FINITE,
    default=0.0,
    show_default=True,
    help="By how much its headline figure may be worse than the live version's.",
)
@click.option(
    "--force", is_flag=True, help="Publish it even if it is worse, or cannot be compared."
)
@click.option(
    "--contract",
    "files",
    type=CONTRACT_FILE,
    multiple=True,
    metavar="FILE",
    help="What those who serve it go by, as for `trilho check`: a version that does not keep it "
    "is not published, also not with --force. May be repeated.",
)
@proto_path
def publish(
    *,
    model_dir: Path,
    target: str,
    version: int | None,
    margin: float,
    force: bool,
    files: tuple[Path, ...],
    proto_paths: tuple[Path, ...],
) -> None:
    """Copy a version to TARGET/NAME/VERSION, where a server finds it.

    MODEL_DIR is a version's folder, or a model's: then its newest version is taken. TARGET is the
    folder that the models' folders are in. The files are compared with the manifest before and
    after; the version appears in one piece, and an existing one is never overwritten. The newest
    version of the model in TARGET counts as live; where there is none, any version is good enough.
    Versions that were measured on other rows, as the digests in their manifests tell, cannot be
    compared.
    """
    done = publishing.publish(
        model_dir,
        open_store(target),
        version=version,
        margin=margin,
        force=force,
        contracts=reading.read(files, proto_paths=proto_paths) if files else (),
    )
    compared = done.comparison
    if compared:
        click.echo(
            f"{compared.metric}  {compared.found:g}, {compared.expected:g} of version "
            f"{compared.live}"
        )
        if compared.same_data is None:
            click.echo("Nobody knows whether both are of the same rows: a manifest does not say")
    if done.not_compared:
        click.echo(f"Not compared with the live version: {done.not_compared}")
    # Said, as with nothing to compare with any version is good enough.
    first = f", the first version of {done.model} there" if done.first else ""
    click.echo(f"Published  {done.place}{first}")
