"""Reads what pip-compile has locked."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from third_party.sbom import cyclonedx

__all__ = ["CARRIED_OPTION", "Locked", "carried", "closure", "normalized", "purl", "read"]

# The form of an option that names content of a package on PyPI.
CARRIED_OPTION = "PACKAGE=LICENSE=DESCRIPTION"
_PACKAGE = re.compile(r"^([A-Za-z0-9._-]+)==([^\s\\;]+)")
_REASON = re.compile(r"^    #(?: via)?\s+(\S.*)$")


@dataclass(frozen=True)
class Locked:
    """A package of a lock.

    Attributes:
        version: The version that is locked.
        needs: Names of the locked packages that it needs.
    """

    version: str
    needs: tuple[str, ...]


def read(locks: Iterable[Path]) -> dict[str, Locked]:
    """Reads locks, whose comments tell which package is there because of which.

    Args:
        locks: pip-compile's output.

    Returns:
        Each package by its normalized name.

    Raises:
        ValueError: Two locks disagree on a version.
    """
    versions: dict[str, str] = {}
    needs: dict[str, set[str]] = {}
    for lock in locks:
        current = ""
        for line in lock.read_text().splitlines():
            if found := _PACKAGE.match(line):
                current = normalized(found[1])
                if versions.setdefault(current, found[2]) != found[2]:
                    raise ValueError(
                        f"{lock}: {current} is {found[2]}, elsewhere {versions[current]}"
                    )
            elif current and (reason := _REASON.match(line)) and not reason[1].startswith("-r "):
                # "pkg[extra]" asks for the extra's packages; the edge is the package's.
                needs.setdefault(normalized(reason[1].partition("[")[0]), set()).add(current)
    return {
        name: Locked(version, tuple(sorted(needs.get(name, ()))))
        for name, version in versions.items()
    }


def closure(names: Iterable[str], locked: Mapping[str, Locked]) -> set[str]:
    """Returns `names` and all that they need, by normalized names.

    Raises:
        KeyError: A name is not locked.
    """
    found: set[str] = set()
    waiting = [normalized(name) for name in names]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += locked[name].needs
    return found


def normalized(name: str) -> str:
    """Returns a package's name as PEP 503 compares names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def purl(name: str, version: str) -> str:
    """Returns the package URL of a package on PyPI."""
    return f"pkg:pypi/{normalized(name)}@{version}"


def carried(entries: Iterable[str], locked: Mapping[str, Locked]) -> list[cyclonedx.Part]:
    """Makes parts of what is in an artifact, though it came in another package.

    Args:
        entries: Each as CARRIED_OPTION says.
        locked: The packages that it came from.

    Returns:
        The parts. They need nothing: content taken out of a package needs not what that needs.
    """
    parts = []
    for entry in entries:
        name, license_, description = entry.split("=", 2)
        version = locked[normalized(name)].version
        parts.append(
            cyclonedx.Part(
                name=name,
                version=version,
                purl=purl(name, version),
                license=license_,
                how=cyclonedx.CARRIED,
                description=description,
            )
        )
    return parts
