"""Gathers a release: copies its artifacts into a folder and writes what is about all of them.

Besides the artifacts the folder has trilho-VERSION.cdx.json, the bill of materials of all of them;
trilho-VERSION-licenses.txt, the licences of Trilho and of what others made; and SHA256SUMS.
"""

import argparse
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.release import bills, sums
from third_party.sbom import cyclonedx

__all__ = ["Artifact", "gather"]

_WHY = (
    "Files: complete. Parts: as complete as the bill of each file says; files without one hold "
    "nothing but what was written for Trilho. All bills are made from the locks of the build and "
    "from the list of Debian's packages."
)
_LICENSES_HEAD = """\
Licences of what Trilho {version} consists of.

Trilho itself is under the Apache License 2.0. What others made and its files carry
is under the licences further below; {name} tells which file carries what.

"""
_RULE = "=" * 78 + "\n"
# A heading in the licences of a staged tree or an installer has a line before and behind it.
_HEADING = "\n" + "=" * 80 + "\n"
_SECTION = re.compile(r"\n={80,100}\n(.+)\n={80,100}\n")


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A file of a release.

    Attributes:
        path: Where it was built.
        file: Its name in the release.
        title: What it is.
        staged: The staged tree that is packed in it, or nothing.
    """

    path: Path
    file: str
    title: str
    staged: str


def gather(
    output: Path,
    *,
    version: str,
    artifacts: list[Artifact],
    staged: dict[str, Path],
    license_: Path,
) -> None:
    """Makes the folder.

    Args:
        output: The folder, which is empty or not there.
        version: The release's.
        artifacts: What it consists of.
        staged: The staged trees that they name.
        license_: Trilho's own.

    Raises:
        ValueError: An artifact is not named as the list says, or its bill is not to be used.
    """
    output.mkdir(parents=True, exist_ok=True)
    files = []
    for artifact in sorted(artifacts, key=lambda artifact: artifact.file):
        if artifact.path.name != artifact.file:
            raise ValueError(f"{artifact.path} is to be named {artifact.file}: rename one of them")
        copy = output / artifact.file
        shutil.copyfile(artifact.path, copy)
        tree = staged.get(artifact.staged)
        bill = bills.of_staged(tree) if tree else bills.of_artifact(copy)
        files.append((_part(copy, artifact.title, version), bill))
    bill_name = f"trilho-{version}.cdx.json"
    (output / bill_name).write_bytes(
        cyclonedx.merged(
            cyclonedx.Part(
                name="trilho-release",
                version=version,
                purl=f"pkg:generic/trilho-release@{version}",
                license="Apache-2.0",
                kind="application",
            ),
            files,
            why=_WHY,
        )
    )
    texts = {
        copy.name: bills.installer_licenses(copy)
        for copy in sorted(output.glob(f"*{bills.INSTALLER}"))
    }
    texts |= {tree.name: bills.staged_licenses(tree) for tree in staged.values()}
    (output / f"trilho-{version}-licenses.txt").write_text(
        _licenses(_LICENSES_HEAD.format(version=version, name=bill_name), license_, texts)
    )
    sums.write(output)


def _part(file: Path, title: str, version: str) -> cyclonedx.Part:
    return cyclonedx.Part(
        name=file.name,
        version=version,
        purl=f"pkg:generic/{file.name}@{version}",
        kind="file",
        sha256=sums.sha256(file),
        description=title,
    )


def _licenses(head: str, license_: Path, texts: Mapping[str, str]) -> str:
    """Joins the licences of all that carries something; what several carry comes once."""
    parts = [head, _RULE, "Trilho\n", _RULE, license_.read_text()]
    written: set[tuple[str, str]] = set()
    for name, text in texts.items():
        title, *pieces = _SECTION.split(text)
        parts += ["\n", _RULE, f"Carried in {name}\n", _RULE, title]
        sections = list(zip(pieces[::2], pieces[1::2], strict=True))
        new = [section for section in sections if section not in written]
        written |= set(new)
        parts += [f"{_HEADING}{part}{_HEADING}{text}" for part, text in new]
        if len(new) < len(sections):
            parts.append(f"\nTexts of it that are above already: {len(sections) - len(new)}.\n")
    return "".join(parts)


def main() -> None:
    """Reads the command line and gathers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--license", type=Path, required=True)
    parser.add_argument(
        "--artifact", action="append", default=[], metavar="JSON", help="path, file, title, staged"
    )
    parser.add_argument("--staged", action="append", default=[], metavar="NAME=TAR")
    args = parser.parse_args()
    artifacts = []
    for text in args.artifact:
        fields = json.loads(text)
        artifacts.append(Artifact(**{**fields, "path": Path(fields["path"])}))
    staged = {}
    for entry in args.staged:
        name, _, path = entry.partition("=")
        staged[name] = Path(path)
    gather(
        args.output,
        version=args.version,
        artifacts=artifacts,
        staged=staged,
        license_=args.license,
    )


if __name__ == "__main__":
    main()
