"""Options that commands on contracts share."""

from pathlib import Path
from typing import Any

import click

from trilho.contract.compiling import INCLUDE

__all__ = ["CONTRACT_FILE", "proto_path"]


class _ContractFile(click.Path):
    """A file; or a contract of trilho's own models by the name that imports give it."""

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:  # noqa: ANN401 - click's
        """Finds trilho/mnist.proto in the package where it is not in this folder."""
        own = INCLUDE / str(value)
        if not Path(str(value)).exists() and own.is_file() and ".." not in own.parts:
            value = str(own)
        return super().convert(value, param, ctx)


CONTRACT_FILE = _ContractFile(dir_okay=False, exists=True, path_type=Path)

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
