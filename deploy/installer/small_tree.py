"""Small trees for tests: as staged ones in all that the installer sees."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.installer.pack import pack

LONG_AGO = 315532800
TIMEOUT_SECONDS = 120.0


def write_tree(
    tar: Path, *, version: str = "1.2.3", profile: str = "full", files: Mapping[str, bytes]
) -> None:
    """Writes the tar of a tree with these files and those that every tree has."""
    contents = {
        "VERSION": f"{version}\n".encode(),
        "PROFILE": f"{profile}\n".encode(),
        "share/licenses.txt": b"The licenses of the tree.\n",
        "share/sbom.cdx.json": json.dumps({"bomFormat": "CycloneDX", "components": []}).encode(),
        "bin/hello": f'#!/bin/sh\necho "hello from {version}: $*"\n'.encode(),
        **files,
    }
    sums = [f"{hashlib.sha256(contents[name]).hexdigest()}  {name}\n" for name in sorted(contents)]
    contents["SHA256SUMS"] = "".join(sums).encode()
    with tarfile.open(tar, "w", format=tarfile.GNU_FORMAT) as archive:
        link = tarfile.TarInfo("bin/hi")
        link.type = tarfile.SYMTYPE
        link.linkname = "hello"
        archive.addfile(link)
        for name, content in sorted(contents.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mtime = LONG_AGO
            entry.mode = 0o755 if name.startswith("bin/") else 0o644
            archive.addfile(entry, io.BytesIO(content))


@dataclass(frozen=True)
class InstallerFile:
    """A self-extracting file that was made for a test."""

    path: Path

    def command(self, *words: object, by: tuple[str, ...] = ("sh",)) -> list[str]:
        """The words that start it."""
        return [*by, str(self.path), *map(str, words)]

    def run(
        self,
        *words: object,
        by: tuple[str, ...] = ("sh",),
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        umask: int = -1,
        stdin: str = "",
    ) -> subprocess.CompletedProcess[str]:
        """Runs it to its end."""
        return subprocess.run(
            self.command(*words, by=by),
            env=dict(os.environ) if env is None else dict(env),
            cwd=cwd,
            umask=umask,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )

    def install(self, prefix: Path) -> None:
        """Installs it quietly."""
        done = self.run("--prefix", prefix, "--quiet")
        assert done.returncode == 0, done.stderr  # noqa: S101  # for tests


@dataclass(frozen=True)
class Workshop:
    """Makes self-extracting files of small trees, with the real header and the real tools."""

    folder: Path
    packages: Path
    versions: Path

    def make(
        self,
        name: str,
        *,
        version: str = "1.2.3",
        profile: str = "full",
        files: Mapping[str, bytes] | None = None,
    ) -> InstallerFile:
        """Makes one."""
        tar = self.folder / f"{name}.tar"
        write_tree(tar, version=version, profile=profile, files=files or {})
        out = self.folder / f"{name}.sh"
        pack(tar, self.packages, self.versions, out, 1)
        tar.unlink()
        return InstallerFile(out)


def everything_below(folder: Path) -> list[str]:
    """The names of all that is in a folder, hidden ones too, also while some of it goes away."""
    found = []
    for place, folders, files in os.walk(folder):
        found += [str((Path(place) / name).relative_to(folder)) for name in folders + files]
    return sorted(found)
