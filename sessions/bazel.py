"""Helps the sessions of `./dev` to run Bazel, and to find what it and .venv have."""

from __future__ import annotations

import sys
from pathlib import Path

import nox

__all__ = ["ROOT", "bazel", "external", "run_on_files", "site_packages", "tool", "tracked"]

ROOT = Path(__file__).parent.parent


def bazel(session: nox.Session, *args: str, silent: bool = False) -> str:
    """Runs Bazel, without a progress display where nobody watches."""
    command, *rest = args
    options = [] if sys.stdout.isatty() else ["--noshow_progress", "--color=no"]
    if command == "info":
        options = []
    return str(session.run("bazel", command, *options, *rest, external=True, silent=silent) or "")


def external(session: nox.Session, repository: str) -> Path:
    """Returns the folder of a repository that Bazel has fetched."""
    said = bazel(session, "info", "output_base", silent=True)
    # Bazel's remarks come along.
    base = next(line for line in said.splitlines() if line.startswith("/"))
    return Path(base) / "external" / repository


def site_packages(session: nox.Session) -> Path:
    """Returns the folder of the locked packages that Bazel installed."""
    bazel(session, "build", "@pip//:site_packages")
    return external(session, "pip") / "site-packages"


def tool(name: str) -> str:
    """Returns the path of a program of .venv, whether or not that is activated."""
    return str(Path(sys.executable).parent / name)


def tracked(session: nox.Session, *patterns: str) -> list[str]:
    """Lists the files that git knows or does not ignore."""
    out = session.run(
        "git", "ls-files", "-co", "--exclude-standard", *patterns, external=True, silent=True
    )
    return [name for name in str(out).splitlines() if (ROOT / name).exists()]


def run_on_files(session: nox.Session, command: list[str], files: list[str]) -> None:
    """Runs a program without printing the names of all files."""
    session.log(f"{Path(command[0]).name} on {len(files)} files")
    session.run(*command, *files, external=True, log=False)
