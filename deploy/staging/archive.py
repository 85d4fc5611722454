"""The tree as one file, whose bytes depend on the tree alone."""

from __future__ import annotations

import hashlib
import os
import tarfile
from pathlib import Path

from deploy.staging.parts import EXECUTABLE, PLAIN

# 1980-01-01, the earliest time that every kind of archive can tell.
_TIME = 315532800
SUMS = "SHA256SUMS"


def write_sums(top: Path) -> None:
    """Writes SHA256SUMS, of every regular file but itself."""
    lines = []
    for name in _names(top):
        path = top / name
        if path.is_file() and not path.is_symlink() and name != SUMS:
            with path.open("rb") as file:
                lines.append(f"{hashlib.file_digest(file, 'sha256').hexdigest()}  {name}\n")
    (top / SUMS).write_text("".join(lines))


def write_tar(top: Path, target: Path) -> None:
    """Writes a tar of what is in a folder; it appears under its name when it is whole."""
    part = target.with_name(f"{target.name}.part{os.getpid()}")
    try:
        with tarfile.open(part, "w", format=tarfile.GNU_FORMAT) as archive:
            for name in _names(top):
                _add(archive, top, name)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _names(top: Path) -> list[str]:
    """Returns the names of all files, links and folders, by their bytes."""
    found = [path.relative_to(top).as_posix() for path in top.rglob("*")]
    return sorted(found, key=os.fsencode)


def _add(archive: tarfile.TarFile, top: Path, name: str) -> None:
    path = top / name
    entry = tarfile.TarInfo(name)
    entry.mtime = _TIME
    entry.mode = EXECUTABLE
    if path.is_symlink():
        entry.type = tarfile.SYMTYPE
        entry.linkname = str(path.readlink())
        entry.mode = 0o777
        archive.addfile(entry)
    elif path.is_dir():
        entry.type = tarfile.DIRTYPE
        archive.addfile(entry)
    elif not path.is_file():
        raise ValueError(f"{name} is neither a file nor a folder nor a link")
    else:
        if not path.stat().st_mode & 0o100:
            entry.mode = PLAIN
        entry.size = path.stat().st_size
        with path.open("rb") as file:
            archive.addfile(entry, file)
