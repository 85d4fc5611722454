"""A staged tree of a few bytes, for tests of what is made of such trees."""

import hashlib
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

__all__ = ["LINKS", "PROGRAMS", "TEXTS", "write_tree"]

TEXTS = {
    "PROFILE": "server\n",
    "VERSION": "1.2.3\n",
    "bin/trilho_server": "#!/bin/sh\nexec true\n",
    "lib/native/libc.so.6": "library",
    "lib/tensorflow/libtensorflow_cc.so.2": "TensorFlow" * 10_000,
    "libexec/trilho_server": "program",
    "share/licenses.txt": "Licences of all parts",
    "share/parts.tsv": "parts",
    "share/sbom.cdx.json": "{}",
}
PROGRAMS = ("bin/trilho_server", "libexec/trilho_server")
LINKS = {"lib/native/libc.so": "libc.so.6"}


def write_tree(output: Path, *, texts: Mapping[str, str] = TEXTS, sums: str | None = None) -> Path:
    """Writes a tree as //deploy/staging does; `sums` takes the place of the right ones."""
    right = [
        f"{hashlib.sha256(text.encode()).hexdigest()}  {path}\n" for path, text in texts.items()
    ]
    files = {**texts, "SHA256SUMS": "".join(sorted(right)) if sums is None else sums}
    with tarfile.open(output, "w") as tar:
        for path, text in sorted(files.items()):
            member = tarfile.TarInfo(path)
            member.size = len(text.encode())
            member.mode = 0o755 if path in PROGRAMS else 0o644
            tar.addfile(member, io.BytesIO(text.encode()))
        for path, target in LINKS.items():
            member = tarfile.TarInfo(path)
            member.type = tarfile.SYMTYPE
            member.linkname = target
            tar.addfile(member)
    return output
