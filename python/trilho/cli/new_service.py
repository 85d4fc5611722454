"""`trilho new-service`: the start of a model of one's own."""

from pathlib import Path

import click

from trilho.new_service.writing import write

__all__ = ["new_service"]

_EXAMPLES = """\b
Examples:
  trilho new-service card_fraud            card_fraud/ in this folder
  trilho new-service card_fraud --in /src  /src/card_fraud/
"""


@click.command(name="new-service", epilog=_EXAMPLES)
@click.argument("name")
@click.option(
    "--in",
    "parent",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    metavar="DIR",
    help="Where the folder goes; this folder by default.",
)
def new_service(*, name: str, parent: Path) -> None:
    """Write a folder NAME with the start of a model: contract, trainer, test and client.

    All of it runs as it is, on made-up data: the trainer publishes a version, and the server
    answers the typed service that NAME.proto describes, without any code for it.
    """
    for path in write(name, parent):
        click.echo(path)
    click.echo(f"How to train, serve and ask it: {parent / name / 'README.md'}")
