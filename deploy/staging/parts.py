"""The parts that a tree consists of, and which file of it came from which part."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

EXECUTABLE = 0o755
PLAIN = 0o644


@dataclass(frozen=True)
class Text:
    """A licence or a notice: where it was found, and what it says."""

    name: str
    content: str


@dataclass
class Part:
    """Something that others made, or we, and that is carried along."""

    name: str
    version: str
    # "debian", "wheel", "static" (inside our server) or "ours".
    kind: str
    # As the part's own metadata says, in SPDX's words if those are known.
    licence: str = ""
    # Debian's source package.
    source: str = ""
    # SHA-256 of the archive that the part came in, if there was one.
    sha256: str = ""
    # Keys of the parts that it needs.
    needs: tuple[str, ...] = ()
    texts: list[Text] = field(default_factory=list)
    # Files of the tree that are libraries of somebody else again, bundled by the part.
    bundled: list[str] = field(default_factory=list)
    # Software bills of materials that the part brought along itself, in CycloneDX's JSON.
    boms: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The part's name in a tree's records."""
        return f"{self.kind}:{self.name}"


class Tree:
    """A folder being filled, which remembers whose each file is.

    Names are relative to its top, with slashes. A name is given once: two parts with the same file
    are an error.
    """

    def __init__(self, top: Path) -> None:
        top.mkdir(parents=True)
        self.top = top
        self.parts: dict[str, Part] = {}
        self.owners: dict[str, str] = {}

    def add_part(self, part: Part) -> Part:
        """Registers a part; its files follow."""
        if part.key in self.parts:
            raise ValueError(f"{part.key} is staged twice")
        self.parts[part.key] = part
        return part

    def path(self, name: str) -> Path:
        """Returns where a file of the tree lies."""
        return self.top / name

    def copy(self, source: Path, name: str, part: Part, mode: int = PLAIN) -> None:
        """Copies a file; of a symbolic link, what it points to."""
        shutil.copyfile(source, self._claim(name, part))
        self.path(name).chmod(mode)

    def write(self, name: str, content: str | bytes, part: Part, mode: int = PLAIN) -> None:
        """Writes a file."""
        data = content.encode() if isinstance(content, str) else content
        self._claim(name, part).write_bytes(data)
        self.path(name).chmod(mode)

    def link(self, name: str, target: str, part: Part) -> None:
        """Makes a symbolic link, relative as all are here."""
        if PurePosixPath(target).is_absolute():
            raise ValueError(f"{name} -> {target}: links of a tree that can be moved are relative")
        self._claim(name, part).symlink_to(target)

    def adopt(self, name: str, owner: str) -> None:
        """Registers a file that some program has written into the tree."""
        self.owners[name] = owner

    def files_of(self, part: Part) -> Iterator[str]:
        """Yields the names of a part's files and links, sorted."""
        return (name for name in sorted(self.owners) if self.owners[name] == part.key)

    def bytes_of(self) -> dict[str, int]:
        """Returns what the files of each part weigh."""
        sizes = dict.fromkeys(self.parts, 0)
        for name, owner in self.owners.items():
            sizes[owner] += self.path(name).lstat().st_size
        return sizes

    def _claim(self, name: str, part: Part) -> Path:
        owner = self.owners.setdefault(name, part.key)
        path = self.path(name)
        if owner != part.key or path.is_symlink() or path.exists():
            raise ValueError(f"{name} of {part.key} is there already, from {owner}")
        path.parent.mkdir(parents=True, exist_ok=True)
        return path
