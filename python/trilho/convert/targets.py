"""What a conversion may take the place of: nothing that is not one itself."""

from pathlib import Path

from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem

from trilho.convert.plan import SHARD_NAME
from trilho.convert.problems import ConvertError, first_of
from trilho.convert.schema import SCHEMA_FILE
from trilho.convert.sources import Table, open_file_system

__all__ = ["STATISTICS_FILE", "SUCCESS_FILE", "check_apart", "check_replaceable"]

STATISTICS_FILE = "statistics.json"
SUCCESS_FILE = "_SUCCESS"


def check_replaceable(file_system: AbstractFileSystem, path: str, *, name: str) -> None:
    """Makes sure that nothing but an earlier conversion gets lost.

    Args:
        file_system: fsspec's.
        path: What is to be replaced; may be missing.
        name: Of it, for errors.

    Raises:
        ConvertError: It is there, and is neither an empty folder nor one of a conversion's files
            alone; or it is the working directory, or has that in it.
    """
    if not file_system.exists(path):
        return
    if not file_system.isdir(path) or (_is_local(file_system) and Path(path).is_symlink()):
        raise ConvertError(f"{name}: exists already, and is no folder; choose another name")
    if _is_local(file_system) and _holds(_resolved(file_system, path), _working_directory()):
        raise ConvertError(f"{name}: is the folder you are in; choose another one")
    files = {_last(one["name"]): one["type"] for one in file_system.ls(path, detail=True)}
    others = sorted(file for file, kind in files.items() if kind != "file" or not _is_ours(file))
    if files and not others and SCHEMA_FILE not in files:
        raise ConvertError(
            f"{name}: exists already, and is no earlier conversion, as it has no {SCHEMA_FILE}; "
            "choose another folder"
        )
    if others:
        raise ConvertError(
            f"{name}: exists already, and is no earlier conversion, as it has "
            f"{first_of(others)}; choose another folder"
        )


def check_apart(table: Table, file_system: AbstractFileSystem, path: str, *, name: str) -> None:
    """Makes sure that a table and what is made of it are not within one another.

    Args:
        table: The table.
        file_system: fsspec's, of the target.
        path: The target on it.
        name: The target's, for errors.

    Raises:
        ConvertError: They are.
    """
    source, folder = open_file_system(table.url)
    if source != file_system:
        return
    target = _resolved(file_system, path)
    within = source.isdir(folder) and _holds(_resolved(source, folder), target)
    if within or any(_holds(target, _resolved(source, file.path)) for file in table.files):
        raise ConvertError(f"{name}: {table.url} is converted, and is apart; choose another folder")


def _is_ours(file: str) -> bool:
    return file in {SCHEMA_FILE, STATISTICS_FILE, SUCCESS_FILE} or bool(SHARD_NAME.fullmatch(file))


def _is_local(file_system: AbstractFileSystem) -> bool:
    return isinstance(file_system, LocalFileSystem)


def _working_directory() -> str:
    try:
        return str(Path.cwd().resolve())
    except FileNotFoundError:
        # Was removed, and so is in no folder.
        return ""


def _resolved(file_system: AbstractFileSystem, path: str) -> str:
    return str(Path(path).resolve()) if _is_local(file_system) else path.rstrip("/")


def _holds(folder: str, path: str) -> bool:
    return f"{path}/".startswith(f"{folder.rstrip('/')}/")


def _last(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]
