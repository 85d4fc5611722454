"""`trilho`: the commands together, and how they fail."""

import click

import trilho
from trilho.cli.check import check
from trilho.cli.contract import contract
from trilho.cli.convert import convert
from trilho.cli.data import data
from trilho.cli.evaluate import evaluate
from trilho.cli.import_model import import_model
from trilho.cli.models import models
from trilho.cli.new_service import new_service
from trilho.cli.publish import publish
from trilho.cli.query import query
from trilho.cli.repeat import repeat
from trilho.cli.train import train
from trilho.contract.report import nearest
from trilho.errors import TrilhoError
from trilho.training.overrides import OptionError

__all__ = ["main"]

_EXAMPLES = """\b
Examples:
  trilho data mnist                                    fetch the images
  trilho train mnist --steps 2000 --export /models     publish /models/mnist/1
  trilho convert table.parquet records                 TFRecord from Parquet
  trilho publish models/mnist /models                  hand it over, if it is no worse
  trilho import exported --name fraud --export /models a SavedModel of others
  trilho check /models/mnist --contract mnist.proto    does it keep its contract?
  trilho models mnist --server localhost:8500          is it served?
  trilho query mnist --server localhost:8500           how well does it do?
  trilho evaluate mnist --trained /models/mnist        as well as it was trained?
  trilho repeat mnist --vary seed=1,2,3 --export runs  how much of that is chance?
  trilho new-service card_fraud                        start a model of your own

\b
Exit codes:
  0 done    1 failed, or a call failed    2 wrong usage    130 interrupted
"""
_COMMANDS = [
    *(check, contract, convert, data, evaluate, import_model, models, new_service, publish),
    *(query, repeat, train),
]
# Modules that not everybody has: what needs them, and the extra that brings them.
_TRAINING = ("Training needs TensorFlow", "train")
_TABLES = ("Reading tables needs pyarrow", "convert")
_EXTRAS = {
    "fsspec": _TABLES,
    "implicit": ("Comparing with ALS needs implicit", "compare"),
    "keras": _TRAINING,
    "matplotlib": ("Drawing needs matplotlib", "train"),
    "pyarrow": _TABLES,
    "sklearn": ("Measuring needs scikit-learn", "train"),
    "tensorflow": _TRAINING,
}
# What a shell tells of a program that SIGINT ended.
_INTERRUPTED = 130


class _WrongUsage(click.ClickException):
    """What is wrong is said in full, so the usage would only be in its way."""

    exit_code = 2


class _Commands(click.Group):
    """Commands that fail with one line."""

    def invoke(self, ctx: click.Context) -> object:
        """Runs the command; what goes wrong is told without a traceback, but for --debug."""
        try:
            return super().invoke(ctx)
        except click.exceptions.NoSuchCommand as error:
            # Of any group below: here for all of them.
            raise _no_such_command(error) from error
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except KeyboardInterrupt as error:
            click.echo("Interrupted", err=True)
            raise click.exceptions.Exit(_INTERRUPTED) from error
        except Exception as error:
            if ctx.params["debug"]:
                raise
            if isinstance(error, OptionError):
                raise _WrongUsage(str(error)) from error
            raise click.ClickException(_line(error)) from error


def _no_such_command(error: click.exceptions.NoSuchCommand) -> click.ClickException:
    group = error.ctx
    if group is None or not isinstance(group.command, click.Group):
        return error
    names = group.command.list_commands(group)
    near = nearest(error.command_name, names)
    hint = f'did you mean "{near}"? There' if near else "there"
    return click.UsageError(
        f'No such command "{error.command_name}"; {hint} are {", ".join(names)}', ctx=group
    )


def _line(error: Exception) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name in _EXTRAS:
        need, extra = _EXTRAS[error.name]
        return f"{need}: pip install 'trilho[{extra}]'"
    if isinstance(error, TrilhoError | OSError):
        return str(error)
    return f"{type(error).__name__}: {error} (a bug; `trilho --debug ...` shows where)"


@click.group(
    cls=_Commands,
    commands=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EXAMPLES,
)
@click.option("--debug", is_flag=True, help="Show where an error comes from.")
@click.version_option(trilho.__version__, prog_name="trilho", message="%(prog)s %(version)s")
def main(*, debug: bool) -> None:
    """Train TensorFlow models, publish them for the server, and call them there."""
