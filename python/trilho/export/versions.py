"""The numbered folders in which a model's versions are published."""

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from trilho.errors import TrilhoError

__all__ = [
    "ExportError",
    "NewVersion",
    "check_version",
    "list_versions",
    "new_version",
    "next_version",
]

# What the server takes for a version: decimal, positive, in 63 bits.
_VERSION = re.compile(r"[1-9][0-9]{0,18}")
_LARGEST = 2**63 - 1


class ExportError(TrilhoError):
    """A model cannot be published, or a published version is not what it should be."""


@dataclass(kw_only=True)
class NewVersion:
    """A version in the making.

    Attributes:
        aside: The folder to write the version's files to; empty at first.
        folder: Where `aside` goes when the block ends: NAME/VERSION.
        version: VERSION; may grow when the block ends if the caller left the number open and
            another export took it in the meantime.
    """

    aside: Path
    folder: Path
    version: int


def list_versions(folder: Path) -> list[int]:
    """Lists the versions of a model.

    Args:
        folder: The model's folder; may be missing.

    Returns:
        The numbers of its versions, smallest first.
    """
    if not folder.is_dir():
        return []
    numbers = (int(path.name) for path in folder.iterdir() if _VERSION.fullmatch(path.name))
    return sorted(number for number in numbers if number <= _LARGEST)


def next_version(folder: Path) -> int:
    """Returns one more than the largest version in `folder`, 1 if there is none."""
    return max(list_versions(folder), default=0) + 1


def check_version(folder: Path, version: int | None) -> int:
    """Tells which version an export would make.

    Args:
        folder: The model's folder; may be missing.
        version: The version's number; None for the next free one.

    Returns:
        The version's number.

    Raises:
        ExportError: The version exists already, or is no valid number.
    """
    number = next_version(folder) if version is None else version
    if not 1 <= number <= _LARGEST:
        raise ExportError(f"{number} is no version: versions are 1, 2, ... {_LARGEST}")
    if os.path.lexists(folder / str(number)):
        raise ExportError(
            f"{folder / str(number)} exists already; a published version is never overwritten"
        )
    return number


@contextmanager
def new_version(folder: Path, *, version: int | None = None) -> Iterator[NewVersion]:
    """Makes a version appear in one piece, or not at all.

    The block writes to a folder beside the version, which the server does not look at; when the
    block ends, the folder gets the version's name. If the block raises, KeyboardInterrupt
    included, nothing stays behind.

    Args:
        folder: The model's folder, made if missing.
        version: The version's number; by default the next free one.

    Yields:
        Where to write, and what it will become.

    Raises:
        ExportError: The version exists already, or is no valid number.
    """
    number = check_version(folder, version)
    made = _make_folders(folder)
    aside = folder / f".tmp-{number}-{os.getpid()}"
    new = NewVersion(aside=aside, folder=folder / str(number), version=number)
    try:
        aside.mkdir()
        yield new
        _sync_tree(aside)
        while not _rename(aside, new.folder):
            new.version = check_version(folder, version)
            new.folder = folder / str(new.version)
        _sync(folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        for path in reversed(made):
            with suppress(OSError):
                path.rmdir()
        raise


def _make_folders(folder: Path) -> list[Path]:
    missing: list[Path] = []
    while not folder.is_dir():
        missing.insert(0, folder)
        folder = folder.parent
    for path in missing:
        path.mkdir(exist_ok=True)
    return missing


def _rename(aside: Path, folder: Path) -> bool:
    """Renames unless `folder` exists, and tells whether it did."""
    # rename(2) itself replaces an empty folder.
    if os.path.lexists(folder):
        return False
    try:
        aside.rename(folder)
    except OSError as error:
        if error.errno in {errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR}:
            return False
        raise
    return True


def _sync_tree(folder: Path) -> None:
    # Else a power cut after the rename could leave a version with empty files.
    for path in folder.rglob("*"):
        _sync(path)
    _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
