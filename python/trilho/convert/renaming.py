"""Giving files and folders their names, at once or not at all."""

from pathlib import Path

from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem

from trilho.convert.hdfs import Hdfs

__all__ = ["rename"]


def rename(file_system: AbstractFileSystem, source: str, target: str, *, replace: bool) -> None:
    """Renames a file or folder.

    fsspec's `mv` is no rename everywhere: it puts a folder into one that is there, and on HDFS
    does nothing, silently, if a file is there.

    Args:
        file_system: fsspec's.
        source: What.
        target: Its new path.
        replace: Whether a file may be there; a folder that is not empty never.

    Raises:
        FileExistsError: `target` is there. Where neither POSIX nor HDFS say so, in an object store
            e.g., one that comes just now goes unnoticed.
    """
    if isinstance(file_system, Hdfs):
        file_system.rename(source, target, replace=replace)
        return
    if file_system.exists(target) and not (replace and file_system.isfile(target)):
        raise FileExistsError(f"{target}: exists already")
    if isinstance(file_system, LocalFileSystem):
        Path(source).replace(target)
        return
    file_system.mv(source, target, recursive=file_system.isdir(source))
