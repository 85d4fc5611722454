"""`trilho contract`: what is to be known of contracts alone."""

from pathlib import Path

import click

from trilho.cli._contract_options import CONTRACT_FILE, proto_path
from trilho.contract import diff as differences

__all__ = ["contract"]

_EXAMPLES = """\b
Examples:
  git show main:protos/trilho/mnist.proto > old.proto
  trilho contract diff old.proto protos/trilho/mnist.proto
  trilho contract diff released.desc bazel-bin/protos/mnist.desc

\b
What each line starts with:
  breaks clients  one built with OLD is refused, or misunderstands what it gets:
                  a type or number changed, a field removed, a limit made narrower
  breaks models   one that keeps OLD does not keep NEW, so export a new version first:
                  an alias, dtype, shape, signature or model changed, an input added
  compatible      everybody may stay as they are
"""


@click.group()
def contract() -> None:
    """Work on contracts: the .proto files that say which model answers which method."""


@contract.command(epilog=_EXAMPLES)
@click.argument("old", type=CONTRACT_FILE)
@click.argument("new", type=CONTRACT_FILE)
@proto_path
@click.pass_context
def diff(context: click.Context, *, old: Path, new: Path, proto_paths: tuple[Path, ...]) -> None:
    """Tell what a change of a contract from OLD to NEW breaks, before it is released.

    OLD and NEW are .proto files, or descriptor sets with all imports. Ends with 1 if a change
    breaks clients or models, else with 0.
    """
    changes = differences.diff(old, new, proto_paths=proto_paths)
    for change in changes:
        click.echo(str(change))
    if not changes:
        click.echo("No difference")
    if any(change.breaks for change in changes):
        context.exit(1)
