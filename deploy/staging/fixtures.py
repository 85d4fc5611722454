"""Small inputs for tests of staging: real packages of Debian, few of Python, no TensorFlow."""

from __future__ import annotations

import base64
import hashlib
import shutil
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.staging import stage

# A library and a program that every Debian has: small, and real for strip, readelf and the loader.
LIBRARY = Path("/lib/x86_64-linux-gnu/libutil.so.1")
PROGRAM = Path("/bin/echo")


@dataclass
class Inputs:
    """The inputs of stage.py."""

    folder: Path
    debian: Path
    static: Path

    def site_file(self, name: str) -> Path:
        """Returns a file below site-packages."""
        return self.folder / "site" / name

    def arguments(self, profile: str, output: Path, *more: str) -> list[str]:
        """Returns a command line."""
        return [
            f"--profile={profile}",
            f"--output={output}",
            f"--version={self.folder}/version.bzl",
            f"--licence={self.folder}/LICENSE",
            f"--site-packages={self.folder}/site",
            f"--wheel={self.folder}/trilho-1.2.3-py3-none-any.whl",
            f"--server={self.folder}/trilho_server",
            f"--debian={self.debian}",
            f"--static={self.static}",
            *more,
        ]

    def stage(self, profile: str, output: Path, *more: str) -> Path:
        """Stages in this process, and returns the folder that was kept."""
        kept = output.with_suffix("")
        before = sys.argv
        sys.argv = ["stage", *self.arguments(profile, output, f"--folder={kept}", *more)]
        try:
            stage.main()
        finally:
            sys.argv = before
        return kept


def make_inputs(folder: Path, debian: Path, static: Path) -> Inputs:
    """Writes them into a folder."""
    folder.mkdir(parents=True)
    (folder / "version.bzl").write_text('"""The version."""\n\nVERSION = "1.2.3"\n')
    (folder / "LICENSE").write_text("Our own licence\n")
    shutil.copy(PROGRAM, folder / "trilho_server")
    site = folder / "site"
    site.mkdir()
    library = LIBRARY.read_bytes()
    install(
        site,
        "tensorflow-cpu",
        {
            "tensorflow/__init__.py": b"NAME = 'not the real one'\n",
            "tensorflow/include/c_api.h": b"int f();\n",
            "tensorflow/libtensorflow_cc.so.2": library,
            "tensorflow/libtensorflow_framework.so.2": library,
            "tensorflow/THIRD_PARTY_NOTICES.txt": b"-----\n== Some Codec\n\nIts licence\n",
        },
        requires=["bundler", "libclang", "tensorboard"],
    )
    install(
        site,
        "bundler",
        {
            "bundler/__init__.py": b"def add(a, b):\n    return a + b\n",
            "bundler/__init__.pyi": b"def add(a: int, b: int) -> int: ...\n",
            "bundler/tests/test_bundler.py": b"assert True\n",
            "bundler.libs/libgadget-0123abcd.so.4.5": library,
            "bundler-1.0.dist-info/licenses/LICENSE": b"The licence of bundler\n",
        },
    )
    install(site, "libclang", {"clang/__init__.py": b"\n"})
    install(site, "tzdata", {"tzdata/zoneinfo/UTC": b"TZif2"})
    command = b"import sys\n\n\ndef main():\n    print('trilho', *sys.argv[1:])\n"
    files = {
        "trilho/__init__.py": b"",
        "trilho/cli/__init__.py": b"",
        "trilho/cli/main.py": command,
    }
    requires = [f'{name}; extra == "train"' for name in ("tensorboard", "tensorflow-cpu")]
    content = distribution("trilho", "1.2.3", files, requires)
    with zipfile.ZipFile(folder / "trilho-1.2.3-py3-none-any.whl", "w") as wheel:
        for name, data in content.items():
            wheel.writestr(name, data)
    tensorboard = {
        "tensorboard/__init__.py": b"",
        "tensorboard/main.py": b"def run_main():\n    print('tensorboard')\n",
        "tensorboard/webfiles.zip": b"pages",
    }
    install(site, "tensorboard", tensorboard)
    return Inputs(folder, debian, static)


def distribution(
    name: str, version: str, files: Mapping[str, bytes], requires: list[str]
) -> dict[str, bytes]:
    """Returns a distribution's files, with its metadata and RECORD."""
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", "License: MIT"]
    lines += [f"Requires-Dist: {line}" for line in requires]
    lines += ["Provides-Extra: train", ""]
    content = {**files, f"{info}/METADATA": "\n".join(lines).encode()}
    rows = []
    for file, data in content.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.append(f"{file},sha256={digest},{len(data)}\n")
    return {**content, f"{info}/RECORD": ("".join(rows) + f"{info}/RECORD,,\n").encode()}


def install(
    site: Path, name: str, files: Mapping[str, bytes], requires: list[str] | None = None
) -> None:
    """Puts a distribution into site-packages, as pip would have."""
    for file, data in distribution(name, "1.0", files, requires or []).items():
        path = site / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
