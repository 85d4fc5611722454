"""`trilho models`: what a server serves."""

import click
import grpc
from rich.console import Console
from rich.table import Table

from trilho.cli._server_option import server_option
from trilho.client import ModelState, Signature, TensorSpec, TrilhoClient

__all__ = ["models"]


@click.command(
    epilog="""\b
Example:
  trilho models mnist --server localhost:8500
"""
)
@click.argument("name")
@server_option
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
)
def models(*, name: str, server: str, timeout: float) -> None:
    """Show the versions of the model NAME that a server knows, and how to call the newest."""
    table = Table("version", "state", "what went wrong", box=None, header_style="bold")
    # A server that still loads its models is asked what it has so far.
    with TrilhoClient(server, timeout=timeout, health_checks=False) as client:
        versions = client.model_status(name)
        for version in versions:
            wrong = version.code is not grpc.StatusCode.OK
            reason = f"{version.code.name}: {version.message}" if wrong else ""
            table.add_row(str(version.version), version.state, reason)
        ready = any(version.state is ModelState.AVAILABLE for version in versions)
        signatures = client.model_metadata(name).signatures if ready else {}
    Console(highlight=False).print(table)
    for alias, signature in signatures.items():
        click.echo(f"{alias}: {_signature(signature)}")


def _signature(signature: Signature) -> str:
    return f"{_tensors(signature.inputs)} -> {_tensors(signature.outputs)}"


def _tensors(specs: dict[str, TensorSpec]) -> str:
    return ", ".join(f"{name} {spec.dtype}{_shape(spec)}" for name, spec in specs.items())


def _shape(spec: TensorSpec) -> str:
    if spec.shape is None:
        return ""
    return "[" + ", ".join("?" if size is None else str(size) for size in spec.shape) + "]"
