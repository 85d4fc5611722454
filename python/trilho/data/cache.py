"""Where fetched data sets are kept, outside of any checkout."""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from trilho.errors import TrilhoError

__all__ = ["DataError", "default_directory", "given_directory", "md5", "written_aside"]


class DataError(TrilhoError):
    """A data set cannot be fetched, or its files are not what they should be."""


def default_directory(name: str) -> Path:
    """Returns where a data set is kept.

    Args:
        name: The data set's name.

    Returns:
        The folder of this name in $TRILHO_CACHE, or else in trilho in the user's cache, which is
        $XDG_CACHE_HOME or ~/.cache.

    Raises:
        DataError: None of these variables is set, and the user has no home.
    """
    chosen = os.environ.get("TRILHO_CACHE")
    if chosen:
        return Path(chosen) / name
    cache = os.environ.get("XDG_CACHE_HOME")
    if cache:
        return Path(cache) / "trilho" / name
    try:
        return Path.home() / ".cache" / "trilho" / name
    except RuntimeError as error:
        raise DataError("No place for a cache: set TRILHO_CACHE to a folder") from error


def given_directory(source: str, files: Iterable[str], *, endings: Sequence[str] = ("",)) -> Path:
    """Returns the folder that somebody names, for a data set that is local files.

    Nothing is fetched into it: it is somebody's own, and so may the data be.

    Args:
        source: What was said.
        files: The names of the files.
        endings: What may be behind their names.

    Returns:
        The folder, which has them all.

    Raises:
        DataError: It is no local folder, or lacks one.
    """
    folder = Path(source)
    for name in files:
        if not any((folder / f"{name}{ending}").is_file() for ending in endings):
            raise DataError(
                f"{source}: expected a local folder with {', '.join(files)}, and it has no {name}; "
                "without --data they are fetched"
            )
    return folder


def md5(path: Path) -> str:
    """Returns a file's MD5, which tells a data set's files from damaged ones, no more."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


@contextlib.contextmanager
def written_aside(path: Path) -> Iterator[BinaryIO]:
    """Makes a file appear in one piece, or not at all.

    Args:
        path: The file; its folder is made if missing, a file of this name is replaced.

    Yields:
        A file beside it to write to, which gets its name when the block ends; if the block raises,
        it is removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(descriptor)
    aside = Path(name)
    try:
        with aside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        # mkstemp's files are for their owner alone; a cache may be shared.
        aside.chmod(0o644)
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
