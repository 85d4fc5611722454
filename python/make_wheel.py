"""Writes a wheel: a zip archive as the PyPA's binary distribution format wants it.

The same input gives the same bytes.
"""

import argparse
import base64
import hashlib
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from third_party.sbom import pip_lock

# The earliest moment that a zip archive can tell.
_TIME = (1980, 1, 1, 0, 0, 0)
_FILE_MODE = 0o100644


class _Wheel:
    """A wheel being written."""

    def __init__(self, path: Path) -> None:
        self._archive = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
        self._record: list[str] = []

    def add(self, name: str, content: bytes) -> None:
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        self._record.append(f"{name},sha256={digest},{len(content)}")
        self._write(name, content)

    def finish(self, record: str) -> None:
        lines = [*self._record, f"{record},,", ""]
        self._write(record, "\n".join(lines).encode())
        self._archive.close()

    def _write(self, name: str, content: bytes) -> None:
        info = zipfile.ZipInfo(name, _TIME)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.create_system = 3  # Unix, for the mode
        info.external_attr = _FILE_MODE << 16
        self._archive.writestr(info, content)


def _requirements(names: Iterable[str], locked: Mapping[str, pip_lock.Locked]) -> Iterable[str]:
    """What was built and tested with is the least that will do: generated code refuses less."""
    for name in names:
        package, _, extra = name.partition(";")
        marker = f'; extra == "{extra}"' if extra else ""
        yield f"{package}>={locked[pip_lock.normalized(package)].version}{marker}"


def _metadata(args: argparse.Namespace) -> str:
    extras = sorted({name.partition(";")[2] for name in args.require} - {""})
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {args.name}",
        f"Version: {args.version}",
        f"Summary: {args.summary}",
        "License-Expression: Apache-2.0",
        *(f"License-File: {path.name}" for path in args.license_file),
        f"Requires-Python: {args.requires_python}",
        "Classifier: Typing :: Typed",
    ]
    lines += [f"Provides-Extra: {extra}" for extra in extras]
    lines += [
        f"Requires-Dist: {requirement}"
        for requirement in _requirements(args.require, pip_lock.read(args.lock))
    ]
    lines += ["Description-Content-Type: text/markdown", "", args.readme.read_text()]
    return "\n".join(lines)


def main() -> None:
    """Reads the command line and writes the wheel."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--summary", required=True)
    parser.add_argument("--readme", type=Path, required=True)
    parser.add_argument(
        "--lock", type=Path, action="append", default=[], help="names the least versions"
    )
    parser.add_argument("--license-file", type=Path, action="append", default=[])
    parser.add_argument(
        "--sbom", type=Path, action="append", default=[], help="a bill of materials, PEP 770"
    )
    parser.add_argument("--requires-python", required=True)
    parser.add_argument("--require", action="append", default=[], metavar="PACKAGE[;EXTRA]")
    parser.add_argument("--script", action="append", default=[], metavar="NAME=MODULE:FUNCTION")
    parser.add_argument("--file", action="append", default=[], metavar="NAME=PATH")
    args = parser.parse_args()

    info = f"{args.name}-{args.version}.dist-info"
    wheel = _Wheel(args.output)
    for name, _, path in sorted(file.partition("=") for file in args.file):
        wheel.add(name, Path(path).read_bytes())
    wheel.add(f"{info}/METADATA", _metadata(args).encode())
    wheel.add(
        f"{info}/WHEEL",
        b"Wheel-Version: 1.0\nGenerator: trilho\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    )
    scripts = "".join(script.replace("=", " = ", 1) + "\n" for script in sorted(args.script))
    wheel.add(f"{info}/entry_points.txt", f"[console_scripts]\n{scripts}".encode())
    for path in args.license_file:
        wheel.add(f"{info}/licenses/{path.name}", path.read_bytes())
    for path in args.sbom:
        wheel.add(f"{info}/sboms/{path.name}", path.read_bytes())
    wheel.finish(f"{info}/RECORD")


if __name__ == "__main__":
    main()
