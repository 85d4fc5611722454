"""Reads a staged tree's tar, and writes small ones: the same bytes whenever and wherever."""

from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

# File systems keep files in pages of this size; a tree needs whole ones.
PAGE = 4096
NEEDED = ("VERSION", "PROFILE", "SHA256SUMS", "share/licenses.txt", "share/sbom.cdx.json")


@dataclass(frozen=True)
class Tree:
    """What the installer must know of the tree that it installs."""

    version: str
    profile: str
    size: int
    inodes: int
    sums_sha256: str
    licenses: bytes
    sbom: bytes
    listing: str


def read_tree(tar: Path) -> Tree:
    """Reads a staged tree without unpacking it; a ValueError tells what it lacks."""
    texts: dict[str, bytes] = {}
    names: set[str] = set()
    lines = []
    size = 0
    with tarfile.open(tar, "r:") as archive:
        for member in archive:
            name = member.name.removeprefix("./")
            if name == ".":
                continue
            _check_member(member)
            names.add(name)
            names.update(str(parent) for parent in PurePosixPath(name).parents if parent.name)
            size += -(-member.size // PAGE) * PAGE
            if not member.isdir():
                target = f" -> {member.linkname}" if member.issym() else ""
                lines.append(f"{member.size:>11} {name}{target}\n")
            if name in NEEDED:
                file = archive.extractfile(member)
                assert file  # noqa: S101  # it is a regular file
                texts[name] = file.read()
    if missing := [name for name in NEEDED if name not in texts]:
        raise ValueError(f"{tar} is no staged tree: it has no {', '.join(missing)}")
    return Tree(
        version=texts["VERSION"].decode().strip(),
        profile=texts["PROFILE"].decode().strip(),
        size=size + PAGE * sum(1 for _ in names),
        inodes=len(names),
        sums_sha256=hashlib.sha256(texts["SHA256SUMS"]).hexdigest(),
        licenses=texts["share/licenses.txt"],
        sbom=texts["share/sbom.cdx.json"],
        listing="".join(sorted(lines, key=lambda line: line[12:])),
    )


def _check_member(member: tarfile.TarInfo) -> None:
    """Refuses what an install must not have: it could write elsewhere, or not be read by others."""
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts:
        raise ValueError(f"{member.name} leads out of the tree")
    if not (member.isreg() or member.isdir() or member.issym()):
        raise ValueError(f"{member.name} is neither a file, a folder nor a symbolic link")
    if member.issym() and member.linkname.startswith("/"):
        raise ValueError(f"{member.name} points to {member.linkname}: links must be relative")


def make_tar(files: dict[str, tuple[bytes, int]]) -> bytes:
    """A tar of files by name, each with its bytes and mode, without times and owners."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for folder in sorted({str(p) for name in files for p in PurePosixPath(name).parents}):
            if folder != ".":
                entry = tarfile.TarInfo(folder)
                entry.type = tarfile.DIRTYPE
                entry.mode = 0o755
                archive.addfile(entry)
        for name, (content, mode) in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = mode
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


@dataclass(frozen=True)
class Zstd:
    """The zstd that the installer carries, run under its own C library: one version everywhere."""

    loader: Path
    libraries: Path
    program: Path

    def command(self, *options: str) -> list[str]:
        """The words that start it."""
        own = [str(self.loader), "--inhibit-cache", "--library-path", str(self.libraries)]
        return [*own, str(self.program), "--quiet", *options]

    def compress(self, content: bytes) -> bytes:
        """Packs a small text."""
        return subprocess.run(
            self.command("-19", "-c"), input=content, stdout=subprocess.PIPE, check=True
        ).stdout

    def compress_file(self, source: Path, target: IO[bytes], level: int) -> None:
        """Packs a large file. With workers the bytes do not depend on how many there are."""
        options = [f"-{level}", "--long=27", "-T2", "-c", str(source)]
        subprocess.run(self.command(*options), stdout=target, check=True)


def digest(chunks: Iterator[bytes]) -> str:
    """SHA-256 of what comes in pieces."""
    sha256 = hashlib.sha256()
    for chunk in chunks:
        sha256.update(chunk)
    return sha256.hexdigest()


def read_chunks(file: IO[bytes]) -> Iterator[bytes]:
    """Reads a file in pieces."""
    while chunk := file.read(1 << 20):
        yield chunk
