"""`trilho models`: what a server serves."""

import click
import grpc
from rich.console import Console
from rich.table import Table

from trilho.client import TrilhoClient

__all__ = ["models"]


@click.command(
    epilog="""\b
Example:
  trilho models mnist --server localhost:8500
"""
)
@click.argument("name")
@click.option("--server", default="localhost:8500", show_default=True, metavar="HOST:PORT")
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
)
def models(*, name: str, server: str, timeout: float) -> None:
    """Show the versions of the model NAME that a server knows."""
    table = Table("version", "state", "what went wrong", box=None, header_style="bold")
    with TrilhoClient(server, timeout=timeout) as client:
        for version in client.model_status(name):
            wrong = version.code is not grpc.StatusCode.OK
            reason = f"{version.code.name}: {version.message}" if wrong else ""
            table.add_row(str(version.version), version.state, reason)
    Console(highlight=False).print(table)
