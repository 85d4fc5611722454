"""The built programs, run as somebody would who has them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
from runfiles import Runfiles


def program(path: str) -> Path:
    """Finds what Bazel built.

    Args:
        path: In the workspace, e.g. "cpp_server/trilho_server".

    Raises:
        ClickException: It is not there.
    """
    runfiles = Runfiles.Create()
    found = runfiles and runfiles.Rlocation(f"trilho/{path}")
    if not found or not Path(found).exists():
        raise click.ClickException(f"{path} is not built: bazel build //demo")
    return Path(found)


def run(command: list[str], *, capture: bool = False) -> str:
    """Runs a program; its output is shown, or returned if `capture` is set.

    Raises:
        ClickException: It failed.
    """
    runfiles = Runfiles.Create()
    # What Java programs are made of is among this one's runfiles; they may have none of their own.
    environment = {**os.environ, **(runfiles.EnvVars() if runfiles else {})}
    output = subprocess.PIPE if capture else None
    done = subprocess.run(command, check=False, env=environment, stdout=output, text=True)
    if done.returncode:
        raise click.ClickException(f"{' '.join(command)} ended with {done.returncode}")
    return done.stdout or ""


def trilho(*args: str) -> list[str]:
    """Returns the command `trilho` with arguments."""
    # The interpreter and the path that Bazel gave this program serve the command, too.
    return [sys.executable, "-m", "trilho", *args]
