"""Writes the bill of materials of a jar: what it carries, and what Maven fetches for it."""

import argparse
from pathlib import Path

from third_party.sbom import cyclonedx, pip_lock

_WHY = (
    "Carried parts: complete, as the build puts them in; no library is shaded. Declared parts: the "
    "versions that the POM asks for, and all that Maven resolved for these; a build that asks for "
    "others gets others."
)


def bill(
    *,
    coordinates: str,
    direct: list[str],
    resolved: list[str],
    sums: Path,
    carried: list[str],
    locks: list[Path],
) -> bytes:
    """Makes the document.

    Args:
        coordinates: GROUP:ARTIFACT:VERSION of the jar.
        direct: Coordinates that its POM names.
        resolved: COORDINATES=FILE=NEEDS, NEEDS being coordinates with commas between them.
        sums: The lock: `sha256sum`'s output for all of those files.
        carried: What is in the jar though not of this tree; see `pip_lock.carried`.
        locks: pip-compile's output, which has those packages.

    Returns:
        A CycloneDX document.

    Raises:
        ValueError: A file is not in `sums`.
    """
    hashes = {file: digest for digest, file in map(str.split, sums.read_text().splitlines())}
    parts = []
    for entry in resolved:
        name, file, needs = entry.split("=")
        if file not in hashes:
            raise ValueError(f"{sums} has no {file}")
        parts.append(
            _part(
                name, sha256=hashes[file], needs=tuple(map(_purl, filter(None, needs.split(","))))
            )
        )
    inside = pip_lock.carried(carried, pip_lock.read(locks))
    return cyclonedx.document(
        _part(
            coordinates,
            license_="Apache-2.0",
            needs=(*map(_purl, direct), *(part.purl for part in inside)),
        ),
        [*parts, *inside],
        completeness={"assemblies": "complete", "dependencies": "complete", "why": _WHY},
    )


def _part(
    coordinates: str, *, license_: str = "", sha256: str = "", needs: tuple[str, ...] = ()
) -> cyclonedx.Part:
    group, artifact, version = coordinates.split(":")
    return cyclonedx.Part(
        name=artifact,
        version=version,
        purl=_purl(coordinates),
        group=group,
        license=license_,
        sha256=sha256,
        needs=needs,
    )


def _purl(coordinates: str) -> str:
    group, artifact, version = coordinates.split(":")
    return f"pkg:maven/{group}/{artifact}@{version}?type=jar"


def main() -> None:
    """Reads the command line and writes the document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--coordinates", required=True, metavar="GROUP:ARTIFACT:VERSION")
    parser.add_argument("--direct", action="append", default=[], metavar="COORDINATES")
    parser.add_argument("--resolved", action="append", default=[], metavar="COORDINATES=FILE=NEEDS")
    parser.add_argument("--sums", type=Path, required=True)
    parser.add_argument("--carried", action="append", default=[], metavar=pip_lock.CARRIED_OPTION)
    parser.add_argument("--lock", type=Path, action="append", default=[])
    args = parser.parse_args()
    args.output.write_bytes(
        bill(
            coordinates=args.coordinates,
            direct=args.direct,
            resolved=args.resolved,
            sums=args.sums,
            carried=args.carried,
            locks=args.lock,
        )
    )


if __name__ == "__main__":
    main()
