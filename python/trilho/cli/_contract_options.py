"""Options that commands on contracts share."""

from pathlib import Path

import click

__all__ = ["CONTRACT_FILE", "proto_path"]

CONTRACT_FILE = click.Path(dir_okay=False, exists=True, path_type=Path)

proto_path = click.option(
    "--proto-path",
    "-I",
    "proto_paths",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    multiple=True,
    metavar="DIR",
    help="Where a .proto's imports are looked for; may be repeated. By default in the nearest "
    "folder around the .proto below which all of them are.",
)
