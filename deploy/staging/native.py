"""Native code: stripped where that is safe, and complete."""

from __future__ import annotations

import re
import struct
import subprocess
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from deploy.staging.parts import Tree

_ELF = b"\x7fELF"
# The fields of a 64-bit file's header: where the segments' headers start, their size and number.
_HEADER = struct.Struct("<32xQ14xHH")
# The fields of a segment's header: kind, offset in the file, address, alignment.
_SEGMENT = struct.Struct("<I4xQQ24xQ")
_LOAD = 1
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


def may_be_stripped(name: str) -> bool:
    """Returns whether a file is one to try: of a wheel or ours, and not in auditwheel's NAME.libs.

    What auditwheel bundles and patches comes out broken for certain; Debian strips its own.
    """
    ours = name == "libexec/trilho_server" or name.startswith(("lib/python3/", "lib/tensorflow/"))
    return ours and ".libs/" not in name


def strip(tree: Tree, names: Iterable[str]) -> list[str]:
    """Removes symbols that only debuggers read; returns the files that had to stay as they were.

    A file that a wheel's tools have patched may come out with segments that no loader maps: each
    result is looked at before it takes its place.
    """
    kept = []
    for name in names:
        path = tree.path(name)
        stripped = path.with_name(f"{path.name}.stripped")
        subprocess.run(["strip", "--strip-unneeded", "-o", str(stripped), str(path)], check=True)
        if segments_can_be_mapped(stripped):
            stripped.chmod(path.stat().st_mode)
            stripped.replace(path)
        else:
            stripped.unlink()
            kept.append(name)
    return kept


def segments_can_be_mapped(path: Path) -> bool:
    """Returns whether each segment lies in the file as it will lie in a page of memory."""
    with path.open("rb") as file:
        header = file.read(_HEADER.size)
        first, size, count = _HEADER.unpack(header)
        for index in range(count):
            file.seek(first + index * size)
            kind, offset, address, alignment = _SEGMENT.unpack(file.read(_SEGMENT.size))
            if kind == _LOAD and alignment > 1 and (offset - address) % alignment:
                return False
    return True


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
