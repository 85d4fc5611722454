"""Native code: stripped where that is safe, and complete."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import PurePosixPath

from deploy.staging.parts import Tree

_ELF = b"\x7fELF"
# Many files a call, and calls of a length that every system takes.
_BATCH = 200
# Names that the kernel or nobody has to resolve.
_VIRTUAL = {"linux-vdso.so.1"}


def elf_files(tree: Tree) -> list[str]:
    """Returns the names of programs and shared libraries, sorted."""
    found = []
    for name in sorted(tree.owners):
        path = tree.path(name)
        if path.is_symlink() or not path.is_file():
            continue
        with path.open("rb") as file:
            if file.read(len(_ELF)) == _ELF:
                found.append(name)
    return found


def strip(tree: Tree, names: Iterable[str]) -> int:
    """Removes symbols that only debuggers read, and returns the bytes saved.

    Not for the libraries in NAME.libs that auditwheel has patched: those come out broken, with load
    commands that are not page-aligned.
    """
    paths = [tree.path(name) for name in names]
    before = sum(path.stat().st_size for path in paths)
    for start in range(0, len(paths), _BATCH):
        batch = [str(path) for path in paths[start : start + _BATCH]]
        subprocess.run(["strip", "--strip-unneeded", *batch], check=True)
    return before - sum(path.stat().st_size for path in paths)


def missing_libraries(tree: Tree) -> list[str]:
    """Returns a line for each shared library that a file needs and the tree has not."""
    names = elf_files(tree)
    there = {PurePosixPath(name).name for name in tree.owners} | _VIRTUAL
    wanted: dict[str, list[str]] = {}
    for start in range(0, len(names), _BATCH):
        batch = [str(tree.path(name)) for name in names[start : start + _BATCH]]
        command = ["readelf", "--dynamic", "--wide", *batch]
        out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        file = batch[0]
        for line in out.splitlines():
            # readelf names files only where it reads several.
            if line.startswith("File: "):
                file = line.removeprefix("File: ")
            elif found := re.search(r"\(NEEDED\)\s+Shared library: \[(.+)\]", line):
                wanted.setdefault(found[1], []).append(file)
    return [
        f"{library}, which {len(files)} files need, {PurePosixPath(files[0]).name} among them"
        for library, files in sorted(wanted.items())
        if library not in there
    ]
