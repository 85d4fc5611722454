"""`trilho contract`: what is to be known of contracts alone."""

from pathlib import Path

import click

from trilho.cli._contract_options import CONTRACT_FILE, proto_path
from trilho.contract import compiling, reading
from trilho.contract import diff as differences
from trilho.data.cache import written_aside

__all__ = ["contract"]

_COMPILE_EXAMPLES = """\b
Examples:
  trilho contract compile fraud.proto --output fraud.desc    for trilho_server --contracts
  trilho contract compile fraud.proto --python .             fraud_pb2.py, fraud_pb2_grpc.py
"""

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


@contract.command(name="compile", epilog=_COMPILE_EXAMPLES)
@click.argument("files", type=CONTRACT_FILE, nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="The descriptor set to write, with all imports.",
)
@click.option(
    "--python",
    "python_dir",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Where to write the modules of a Python client.",
)
@proto_path
def compile_(
    *,
    files: tuple[Path, ...],
    output: Path | None,
    python_dir: Path | None,
    proto_paths: tuple[Path, ...],
) -> None:
    """Compile contracts: for the server (--output), for Python clients (--python).

    Contradictions are found here, with file and line, and not when the server starts. protoc is
    the one of grpcio-tools; trilho/contract.proto need not be at hand.
    """
    if output is None and python_dir is None:
        raise click.UsageError("nothing to write: give --output or --python")
    if wrong := [file for file in files if file.suffix != ".proto"]:
        raise click.UsageError(f"{wrong[0]}: expected a .proto")
    reading.read(files, proto_paths=proto_paths)
    folders = [folder for file in files for folder in compiling.roots(file, proto_paths)]
    folders = list(dict.fromkeys(folders))
    if output is not None:
        with written_aside(output) as file:
            file.write(compiling.descriptor_set(files, proto_paths=folders))
        click.echo(f"Wrote {output}")
    if python_dir is not None:
        compiling.python_modules(files, proto_paths=folders, folder=python_dir)
        click.echo(f"Wrote modules to {python_dir}")
