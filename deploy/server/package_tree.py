"""Lays the tarball out as packages install it."""

import gzip
import os
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path

# The time of every installed file; the tarball has it too.
EPOCH = 315532800
HOME = "usr/lib/trilho"
DOCUMENTS = "usr/share/doc/trilho-server"
# Each path of the tarball by the first of these that it begins with, and what takes the place of
# that beginning in a package; None leaves the file out. dpkg and rpm have their own sums, and the
# image is made of the tarball.
PLACES: tuple[tuple[str, str | None], ...] = (
    ("etc/", "etc/"),
    ("systemd/", "usr/lib/systemd/system/"),
    ("share/man/", "usr/share/man/"),
    ("share/licenses.txt", f"{DOCUMENTS}/copyright"),
    ("share/", f"{DOCUMENTS}/"),
    ("SHA256SUMS", None),
    ("Containerfile", None),
    ("README.md", None),
    ("", f"{HOME}/"),
)
MAN_PAGE = re.compile(r"usr/share/man/.*\.\d")
# The command that operators type.
COMMAND = "usr/bin/trilho_server"
COMMAND_TARGET = "../lib/trilho/bin/trilho_server"


class TarballError(Exception):
    """Says what is wrong with the tarball, as a sentence."""


@dataclass(frozen=True)
class PackageTree:
    """A folder with the files of a package, as they lie in the root of a machine."""

    root: Path
    version: str
    # Relative to the root, sorted; all that is installed but folders.
    files: tuple[str, ...]

    def configuration(self) -> list[str]:
        """Names the files that belong to the operator once they are installed."""
        return [path for path in self.files if path.startswith("etc/")]

    def size(self) -> int:
        """Adds up the bytes of all files."""
        return sum((self.root / path).lstat().st_size for path in self.files)

    def own_folders(self) -> list[str]:
        """Names the folders that no other package has, sorted."""
        shared = {"etc", "etc/logrotate.d"}
        found = set()
        for path in self.files:
            for parent in Path(path).parents:
                name = str(parent)
                if "trilho" in name or (name.startswith("etc/") and name not in shared):
                    found.add(name)
        return sorted(found)


def installed_path(path: str) -> str | None:
    """Tells where a file of the tarball lies on a machine, or None if packages do not have it."""
    for beginning, place in PLACES:
        if path.startswith(beginning):
            return (
                None
                if place is None
                else place + ("" if beginning == path else path[len(beginning) :])
            )
    raise AssertionError(path)


def lay_out(tarball: Path, root: Path) -> PackageTree:
    """Unpacks the tarball into `root`, which must be there and empty.

    Raises:
      TarballError: if it is none that make_tarball made.
    """
    version = ""
    with tarfile.open(tarball, "r|*") as tar:
        for member in tar:
            folder, _, path = member.name.partition("/")
            if not (named := re.fullmatch(r"trilho-server-(\d[\w.]*)", folder)):
                raise TarballError(
                    f"{tarball}: {member.name} is not below a folder trilho-server-VERSION"
                )
            version = named[1]
            place = installed_path(path) if path and not member.isdir() else None
            if place is not None:
                _unpack(tar, member, root / place)
    if not (root / HOME / "bin" / "trilho_server").exists():
        raise TarballError(f"{tarball}: has no bin/trilho_server")
    link = root / COMMAND
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(COMMAND_TARGET)
    for found in sorted(root.rglob("*")):
        if MAN_PAGE.fullmatch(str(found.relative_to(root))):
            page = found.with_name(f"{found.name}.gz")
            page.write_bytes(gzip.compress(found.read_bytes(), mtime=0))
            found.unlink()
    files = []
    for found in sorted(root.rglob("*")):
        if found.is_symlink():
            files.append(str(found.relative_to(root)))
        elif found.is_dir():
            found.chmod(0o755)
        else:
            files.append(str(found.relative_to(root)))
            found.chmod(0o755 if found.stat().st_mode & 0o100 else 0o644)
        os.utime(found, (EPOCH, EPOCH), follow_symlinks=False)
    root.chmod(0o755)
    return PackageTree(root, version, tuple(sorted(files)))


def _unpack(tar: tarfile.TarFile, member: tarfile.TarInfo, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if member.issym():
        place.symlink_to(member.linkname)
        return
    source = tar.extractfile(member)
    if not source:
        raise TarballError(f"{member.name} is no file, folder or symbolic link")
    with place.open("xb") as file:
        while data := source.read(1 << 20):
            file.write(data)
    place.chmod(member.mode)
