"""Adds what the installer itself carries to the tree's licenses and bill of materials."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Package:
    """A Debian package whose files are in the installer's own part."""

    name: str
    version: str
    copyright: str


def read_packages(folder: Path, names: list[str], table: Path) -> list[Package]:
    """Reads versions and copyright files of unpacked packages; a ValueError names what lacks."""
    rows = [line.split("\t") for line in table.read_text().splitlines()]
    versions = {row[0]: row[1] for row in rows if len(row) > 1}
    packages = []
    for name in names:
        file = folder / name / "usr/share/doc" / name / "copyright"
        if not file.exists():
            raise ValueError(f"the package {name} is not unpacked: there is no {file}")
        if name not in versions:
            raise ValueError(f"{table} has no version of {name}")
        packages.append(Package(name, versions[name], file.read_text()))
    return packages


def join_licenses(tree: bytes, packages: list[Package]) -> bytes:
    """The tree's licenses, then those of the installer's own parts."""
    parts = [tree.decode().rstrip() + "\n"]
    for package in packages:
        title = f"{package.name} {package.version} (carried by the installer, Debian)"
        parts.append(f"\n{'=' * 80}\n{title}\n{'=' * 80}\n\n{package.copyright.rstrip()}\n")
    return "".join(parts).encode()


def join_sbom(tree: bytes, packages: list[Package]) -> bytes:
    """The tree's CycloneDX document, with the installer's own parts among its components."""
    document = json.loads(tree or b"{}")
    known = {component.get("bom-ref") for component in document.get("components", [])}
    for package in packages:
        reference = f"pkg:deb/debian/{package.name}@{package.version}?arch=amd64&distro=debian-12"
        if reference not in known:
            component = {
                "bom-ref": reference,
                "type": "application" if package.name in {"busybox-static", "zstd"} else "library",
                "name": package.name,
                "version": package.version,
                "purl": reference,
                "description": "carried by the installer, to unpack with",
            }
            document.setdefault("components", []).append(component)
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
