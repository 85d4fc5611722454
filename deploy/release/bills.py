"""Finds the bill of materials and the licences that an artifact has in it."""

import json
import os
import subprocess
import tarfile
import tempfile
import zipfile
from fnmatch import fnmatch
from pathlib import Path

__all__ = [
    "INSTALLER",
    "installer_licenses",
    "of_artifact",
    "of_staged",
    "staged_licenses",
]

INSTALLER = ".sh"

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
    """Reads the bill of an installer, a wheel or a bundle.

    Args:
        file: The artifact.

    Returns:
        The bill, or None for an archive of files that are all ours.

    Raises:
        ValueError: It is neither an installer nor an archive, or has several bills.
    """
    if file.suffix == INSTALLER:
        return _parsed(_asked(file, "--sbom"), f"{file.name} --sbom")
    if not zipfile.is_zipfile(file):
        raise ValueError(f"{file.name} is no zip archive, and the list names no staged tree for it")
    with zipfile.ZipFile(file) as archive:
        found = [
            name for name in archive.namelist() if any(fnmatch(name, place) for place in _PLACES)
        ]
        if len(found) > 1:
            raise ValueError(f"{file.name} has several bills of materials: {', '.join(found)}")
        return _parsed(archive.read(found[0]), f"{file.name}: {found[0]}") if found else None


def installer_licenses(file: Path) -> str:
    """Asks an installer for its licences: it carries more than the tree that is packed in it."""
    return _asked(file, "--license").decode()


def _asked(installer: Path, option: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="trilho-ask-") as home:
        done = subprocess.run(
            ["sh", str(installer), option],
            capture_output=True,
            check=False,
            env={"HOME": home, "PATH": os.environ.get("PATH", os.defpath), "TMPDIR": home},
        )
    if done.returncode:
        said = done.stderr.decode(errors="replace")
        raise ValueError(f"{installer.name} {option} ended with {done.returncode}: {said}")
    return done.stdout


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
