"""Where versions are published to, by the scheme of a URL."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from trilho.export import manifest
from trilho.export.versions import ExportError, check_version, list_versions, new_version
from trilho.manifest_pb2 import Manifest

__all__ = ["FolderStore", "Store", "open_store"]


class Store(Protocol):
    """Models with their versions."""

    def check_root(self, model: str) -> None:
        """Raises ExportError if this is no place for models, but itself a model's."""

    def versions(self, model: str) -> list[int]:
        """Returns the versions of a model, smallest first; none if it is not there."""

    def manifest(self, model: str, version: int) -> Manifest:
        """Reads a version's manifest; raises ExportError if there is none that can be read."""

    def check_free(self, model: str, version: int) -> None:
        """Raises ExportError if the version exists."""

    def put(self, folder: Path, model: str, version: int) -> str:
        """Makes a version appear in one piece: written aside, verified, renamed.

        Args:
            folder: The version's files, with a manifest.
            model: The model's name.
            version: The version's number.

        Returns:
            Where it is.

        Raises:
            ExportError: The version exists, or what arrived is not what the manifest says.
        """


class FolderStore:
    """A folder, with MODEL/VERSION in it."""

    def __init__(self, root: Path) -> None:
        """Takes the folder, which is made if missing."""
        self._root = root

    def check_root(self, model: str) -> None:
        """Raises ExportError if versions are in the folder itself; a model may be called 1, too."""
        versions = [n for n in list_versions(self._root) if self._is_version(str(n))]
        if versions:
            # Of "." pathlib says that it is its own parent.
            parent = self._root.parent if self._root.name else self._root.resolve().parent
            raise ExportError(
                f"{self._root}: has versions itself, {', '.join(map(str, versions))}, and nobody "
                f"serves {self._root / model}; did you mean {parent}?"
            )

    def _is_version(self, name: str) -> bool:
        files = (manifest.MANIFEST_NAME, "saved_model.pb")
        return any((self._root / name / file).is_file() for file in files)

    def versions(self, model: str) -> list[int]:
        """Returns the versions of a model, smallest first."""
        return list_versions(self._root / model)

    def manifest(self, model: str, version: int) -> Manifest:
        """Reads a version's manifest."""
        return manifest.read(self._root / model / str(version))

    def check_free(self, model: str, version: int) -> None:
        """Raises ExportError if the version exists."""
        check_version(self._root / model, version)

    def put(self, folder: Path, model: str, version: int) -> str:
        """Copies, compares with the manifest, renames."""
        with new_version(self._root / model, version=version) as new:
            shutil.copytree(folder, new.aside, dirs_exist_ok=True)
            manifest.verify(new.aside)
        return str(new.folder)


def _folder(url: str) -> FolderStore:
    parts = urlsplit(url)
    return FolderStore(Path(unquote(parts.path) if parts.scheme else url))


# A store of another kind is a function from its URL.
_STORES: dict[str, Callable[[str], Store]] = {"": _folder, "file": _folder}


def open_store(url: str) -> Store:
    """Opens a store.

    Args:
        url: A folder, or a URL.

    Returns:
        What answers for the URL's scheme.

    Raises:
        ExportError: Nothing does.
    """
    scheme = urlsplit(url).scheme if "://" in url else ""
    make = _STORES.get(scheme)
    if make is None:
        known = ", ".join(f"{name}://" for name in _STORES if name)
        raise ExportError(f"{url}: nothing can be published there; expected a folder or {known}")
    return make(url)
