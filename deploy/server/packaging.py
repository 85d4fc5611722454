"""The frame of a run that makes a package: a folder, a tool, a file that is whole or not there."""

import argparse
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.server.package_tree import EPOCH, PackageTree, TarballError, lay_out


class PackageError(Exception):
    """Why a package could not be made, as a sentence."""


@dataclass(frozen=True)
class Job:
    """Names what a run makes, and of what."""

    options: argparse.Namespace
    # A folder of this run, which goes with it.
    work: Path
    tree: PackageTree
    version: str
    # Where the package is written; it is renamed once it is whole.
    aside: Path


def run_tool(words: Sequence[str | Path]) -> None:
    """Runs a tool that takes the time and all locale matters from its environment.

    Raises:
      PackageError: with its output, if it fails or is not there.
    """
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "TZ": "UTC",
        "SOURCE_DATE_EPOCH": str(EPOCH),
    }
    try:
        done = subprocess.run(
            [str(word) for word in words],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise PackageError(f"{words[0]} is not installed: `./dev packages` installs it") from None
    if done.returncode:
        raise PackageError(f"{words[0]} ended with {done.returncode}:\n{done.stdout}")


def run_job(program: str, options: argparse.Namespace, make: Callable[[Job], None]) -> int:
    """Unpacks the tarball, has `make` write the package beside its place, and renames it.

    Whatever happens, only a whole package is left; also after SIGTERM and Ctrl-C.

    Returns:
      The exit code.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # Modes are part of the result.
    os.umask(0o022)
    output: Path = options.output.absolute()
    try:
        # Beside the output, where there is room for a package: /tmp may be memory.
        with tempfile.TemporaryDirectory(prefix=f".{output.name}.", dir=output.parent) as folder:
            work = Path(folder)
            root = work / "tree"
            root.mkdir()
            tree = lay_out(options.tarball, root)
            aside = work / output.name
            make(Job(options, work, tree, options.version or tree.version, aside))
            aside.rename(output)
    except (PackageError, TarballError, OSError, tarfile.TarError) as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 1
    return 0
