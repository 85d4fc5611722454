"""Writes and checks SHA256SUMS, in the format of sha256sum."""

import hashlib
from pathlib import Path

__all__ = ["NAME", "check", "sha256", "write"]

NAME = "SHA256SUMS"


def sha256(file: Path) -> str:
    """Returns the hash of a file, which may be larger than memory."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def write(folder: Path) -> None:
    """Writes the hashes of all files of a folder, sorted by name."""
    names = sorted(file.name for file in folder.iterdir() if file.name != NAME)
    lines = [f"{sha256(folder / name)}  {name}\n" for name in names]
    (folder / NAME).write_text("".join(lines))


def check(folder: Path) -> list[str]:
    """Checks that every file which SHA256SUMS names is there unaltered.

    Args:
        folder: A release.

    Returns:
        The names, in the order of the file.

    Raises:
        ValueError: A file is missing or altered, or SHA256SUMS is missing, empty or damaged.
    """
    try:
        lines = (folder / NAME).read_text().splitlines()
    except FileNotFoundError as error:
        raise ValueError(f"{folder} is no release: it has no {NAME}") from error
    if not lines:
        raise ValueError(f"{folder / NAME} is empty")
    names = []
    for number, line in enumerate(lines, start=1):
        digest, separator, name = line.partition("  ")
        if not separator or len(digest) != 64 or "/" in name:  # noqa: PLR2004 - of SHA-256
            raise ValueError(f"{folder / NAME}:{number}: expected HASH, two spaces, NAME: {line!r}")
        if not (folder / name).is_file():
            raise ValueError(f"{folder} lacks {name}, which {NAME} names")
        if sha256(folder / name) != digest:
            raise ValueError(f"{folder / name} is not the file that {NAME} names: its hash differs")
        names.append(name)
    return names
