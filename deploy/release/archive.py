"""Packs files into a zip archive without times, owners or an order of their own.

The same files give the same bytes, whoever packs them, when and where.
"""

import argparse
import hashlib
import zipfile
from pathlib import Path

__all__ = ["CHECKSUMS", "pack"]

# The earliest moment that a zip archive can tell.
_TIME = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644
# Hashes that a Maven repository has of each file; central repositories insist on the first two.
CHECKSUMS = ("md5", "sha1", "sha256", "sha512")


def pack(output: Path, files: dict[str, bytes], *, checksums: bool = False) -> None:
    """Writes an archive.

    Args:
        output: The archive.
        files: Contents by name.
        checksums: Adds NAME.md5, .sha1, .sha256 and .sha512 for each of them, signatures excepted.
    """
    entries = dict(files)
    if checksums:
        for name, content in files.items():
            if not name.endswith(".asc"):
                for algorithm in CHECKSUMS:
                    digest = hashlib.new(algorithm, content, usedforsecurity=False).hexdigest()
                    entries[f"{name}.{algorithm}"] = digest.encode()
    with zipfile.ZipFile(output, "w") as archive:
        for name in sorted(entries):
            info = zipfile.ZipInfo(name, _TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # Unix, for the mode
            info.external_attr = _MODE << 16
            archive.writestr(info, entries[name])


def main() -> None:
    """Reads the command line and writes the archive."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--checksums", action="store_true", help="adds what a Maven repository has")
    parser.add_argument("files", nargs="+", metavar="NAME=PATH")
    args = parser.parse_args()
    files = {}
    for entry in args.files:
        name, _, path = entry.partition("=")
        files[name] = Path(path).read_bytes()
    pack(args.output, files, checksums=args.checksums)


if __name__ == "__main__":
    main()
