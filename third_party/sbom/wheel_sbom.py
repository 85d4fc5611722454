"""Writes the bill of materials of the wheel: what it carries, and what pip fetches for it."""

import argparse
from pathlib import Path

from third_party.sbom import cyclonedx, pip_lock

_WHY = (
    "Carried parts: complete, as the build puts them in. Declared parts: the versions that were "
    "locked when the wheel was built and tested, and all that these need; whoever installs it may "
    "get newer ones."
)


def bill(
    *, name: str, version: str, requires: list[str], carried: list[str], locks: list[Path]
) -> bytes:
    """Makes the document.

    Args:
        name: The distribution.
        version: Its version.
        requires: PACKAGE, or PACKAGE;EXTRA for what only an extra needs.
        carried: What is in the wheel though not of this tree; see `pip_lock.carried`.
        locks: pip-compile's output, which has all of them.

    Returns:
        A CycloneDX document.
    """
    locked = pip_lock.read(locks)
    inside = pip_lock.carried(carried, locked)
    always = [entry for entry in requires if ";" not in entry]
    direct = {pip_lock.normalized(entry.partition(";")[0]) for entry in requires}
    required = pip_lock.closure(always, locked)

    def reference(package: str) -> str:
        return pip_lock.purl(package, locked[package].version)

    parts = [
        cyclonedx.Part(
            name=package,
            version=locked[package].version,
            purl=reference(package),
            scope="required" if package in required else "optional",
            needs=tuple(map(reference, locked[package].needs)),
        )
        for package in pip_lock.closure(direct, locked)
    ]
    return cyclonedx.document(
        cyclonedx.Part(
            name=name,
            version=version,
            purl=pip_lock.purl(name, version),
            license="Apache-2.0",
            needs=(*map(reference, direct), *(part.purl for part in inside)),
        ),
        [*parts, *inside],
        completeness={
            "assemblies": "complete",
            "dependencies": "incomplete_third_party_only",
            "why": _WHY,
        },
    )


def main() -> None:
    """Reads the command line and writes the document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--lock", type=Path, action="append", default=[])
    parser.add_argument("--require", action="append", default=[], metavar="PACKAGE[;EXTRA]")
    parser.add_argument("--carried", action="append", default=[], metavar=pip_lock.CARRIED_OPTION)
    args = parser.parse_args()
    args.output.write_bytes(
        bill(
            name=args.name,
            version=args.version,
            requires=args.require,
            carried=args.carried,
            locks=args.lock,
        )
    )


if __name__ == "__main__":
    main()
