"""Finds the bill of materials that an artifact has in it."""

import json
import tarfile
import zipfile
from fnmatch import fnmatch
from pathlib import Path

__all__ = ["LICENSES", "of_artifact", "of_staged", "staged_licenses"]

BILL = "share/sbom.cdx.json"
LICENSES = "share/licenses.txt"
# Where it is in a wheel, and in a bundle for a Maven repository.
_PLACES = ("*.dist-info/sboms/*.cdx.json", "*-cyclonedx.json")


def of_staged(tree: Path) -> dict[str, object]:
    """Reads the bill of a staged tree."""
    return _parsed(_member(tree, BILL), f"{tree}: {BILL}")


def staged_licenses(tree: Path) -> str:
    """Reads the licences of a staged tree."""
    return _member(tree, LICENSES).decode()


def of_artifact(file: Path) -> dict[str, object] | None:
    """Reads the bill of a wheel or a bundle; an archive of files that are all ours has none.

    Raises:
        ValueError: It is no archive, or has several bills.
    """
    if not zipfile.is_zipfile(file):
        raise ValueError(f"{file.name} is no zip archive, and the list names no staged tree for it")
    with zipfile.ZipFile(file) as archive:
        found = [
            name for name in archive.namelist() if any(fnmatch(name, place) for place in _PLACES)
        ]
        if len(found) > 1:
            raise ValueError(f"{file.name} has several bills of materials: {', '.join(found)}")
        return _parsed(archive.read(found[0]), f"{file.name}: {found[0]}") if found else None


def _member(tree: Path, name: str) -> bytes:
    with tarfile.open(tree) as archive:
        try:
            content = archive.extractfile(name)
        except KeyError as error:
            raise ValueError(f"{tree.name} has no {name}") from error
        if content is None:
            raise ValueError(f"{tree.name}: {name} is no file")
        return content.read()


def _parsed(content: bytes, where: str) -> dict[str, object]:
    bill = json.loads(content)
    if not isinstance(bill, dict) or bill.get("bomFormat") != "CycloneDX":
        raise ValueError(f"{where} is no CycloneDX document")
    return bill
