"""Debian's packages, as third_party/debian unpacked them."""

from __future__ import annotations

import re
from pathlib import Path

from deploy.staging.parts import EXECUTABLE, PLAIN, Part, Text, Tree

MULTIARCH = "x86_64-linux-gnu"
LOADER = "ld-linux-x86-64.so.2"
NATIVE = "lib/native"

# The shared libraries that are carried, by package: what TensorFlow and the server need, and then
# what Python's own modules need. libreadline is not among them: it is GPL-3, and would bind whoever
# hands the tree on.
SERVER_LIBRARIES = {
    "libc6": (
        LOADER,
        "libc.so.6",
        "libdl.so.2",
        "libm.so.6",
        "libmvec.so.1",
        "libnss_compat.so.2",
        "libnss_dns.so.2",
        "libnss_files.so.2",
        "libpthread.so.0",
        "libresolv.so.2",
        "librt.so.1",
    ),
    "libgcc-s1": ("libgcc_s.so.1",),
    "libstdc++6": ("libstdc++.so.6",),
}
PYTHON_LIBRARIES = {
    "libc6": (*SERVER_LIBRARIES["libc6"], "libanl.so.1", "libutil.so.1"),
    "libgcc-s1": SERVER_LIBRARIES["libgcc-s1"],
    "libstdc++6": SERVER_LIBRARIES["libstdc++6"],
    "libbz2-1.0": ("libbz2.so.1.0",),
    "libcrypt1": ("libcrypt.so.1",),
    "libexpat1": ("libexpat.so.1",),
    "libffi8": ("libffi.so.8",),
    "liblzma5": ("liblzma.so.5",),
    "libncursesw6": ("libncursesw.so.6", "libpanelw.so.6"),
    "libsqlite3-0": ("libsqlite3.so.0",),
    "libssl3": ("libcrypto.so.3", "libssl.so.3"),
    "libtinfo6": ("libtinfo.so.6",),
    "libuuid1": ("libuuid.so.1",),
    "zlib1g": ("libz.so.1",),
}

# In copyright files that programs can read; the others have no such line.
_LICENCE = re.compile(r"^License: *(\S.*?) *$", re.MULTILINE)
_COMMON_LICENCES = "/usr/share/common-licenses/"


class Packages:
    """A folder with packages/NAME/ and packages.tsv, as third_party/debian makes it."""

    def __init__(self, folder: Path) -> None:
        table = folder / "packages.tsv"
        if not table.is_file():
            raise FileNotFoundError(
                f"{folder} has no packages.tsv; is it the folder of @debian_runtime?"
            )
        self._folder = folder / "packages"
        self._rows = {
            row[0]: row for row in (line.split("\t") for line in table.read_text().splitlines())
        }

    @property
    def names(self) -> list[str]:
        """All of them, sorted."""
        return sorted(self._rows)

    def folder(self, name: str) -> Path:
        """Returns where a package is unpacked."""
        if name not in self._rows:
            raise KeyError(
                f"no Debian package {name} in {self._folder}; there are {', '.join(self.names)}"
            )
        return self._folder / name

    def find(self, name: str, *places: str) -> Path:
        """Returns the package's file at the first of some places that has one, links followed."""
        root = self.folder(name)
        for place in places:
            path = root / place
            while path.is_symlink():
                target = path.readlink()
                path = (
                    root / target.relative_to("/") if target.is_absolute() else path.parent / target
                )
            if path.exists():
                return path
        raise FileNotFoundError(f"Debian's package {name} has no {' nor '.join(places)}")

    def part(self, name: str, kind: str = "debian") -> Part:
        """Describes a package as a part of a tree."""
        _, version, source, sha256, depends = self._rows[name]
        text = self._copyright(name)
        wanted = re.findall(r"(?:^|[,|])\s*([a-z0-9.+-]+)", depends)
        return Part(
            name,
            version,
            kind,
            licence=", ".join(sorted(set(_LICENCE.findall(text)))),
            source=source,
            sha256="" if sha256 == "-" else sha256,
            needs=tuple(f"{kind}:{other}" for other in sorted(set(wanted) & set(self._rows))),
            texts=[Text("copyright", text)],
        )

    def common_licence(self, name: str) -> str:
        """Returns one of the licences that Debian's copyright files only refer to."""
        return self.find("base-files", _COMMON_LICENCES.lstrip("/") + name).read_text()

    def _copyright(self, name: str) -> str:
        # Packages from the same source may have one folder of documents for all of them.
        source = self._rows[name][2]
        siblings = [other for other in self._rows if self._rows[other][2] == source]
        for other in (name, *siblings):
            file = self.folder(other) / "usr/share/doc" / other / "copyright"
            if file.is_file():
                return file.read_text()
        raise FileNotFoundError(
            f"no copyright file in Debian's package {name}, nor in {', '.join(siblings)}"
        )


def referred_licences(text: str) -> set[str]:
    """Returns the names of the common licences that a copyright file leaves out."""
    found = re.findall(re.escape(_COMMON_LICENCES) + r"([A-Za-z0-9][A-Za-z0-9.-]*)", text)
    return {name.rstrip(".") for name in found}


def stage_libraries(tree: Tree, packages: Packages, libraries: dict[str, tuple[str, ...]]) -> None:
    """Copies shared libraries into one folder, under the names that programs ask for."""
    for name, files in libraries.items():
        part = tree.add_part(packages.part(name))
        for file in files:
            source = packages.find(name, f"lib/{MULTIARCH}/{file}", f"usr/lib/{MULTIARCH}/{file}")
            mode = EXECUTABLE if file == LOADER else PLAIN
            tree.copy(source, f"{NATIVE}/{file}", part, mode)


def stage_locale(tree: Tree, packages: Packages) -> None:
    """Copies the one locale that is carried; the C library has its encoding built in."""
    part = tree.add_part(packages.part("libc-bin"))
    folder = packages.folder("libc-bin") / "usr/lib/locale/C.utf8"
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            tree.copy(file, f"lib/locale/C.utf8/{file.relative_to(folder)}", part)
    tree.write("lib/gconv/gconv-modules", "# UTF-8 and ASCII are built into the C library.\n", part)
