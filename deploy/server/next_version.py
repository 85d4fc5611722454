"""A later version of a tarball, for tests of upgrades."""

import io
import tarfile
from pathlib import Path

__all__ = ["NEW_LINE", "VERSION", "make_next_version"]

VERSION = "0.1.1"
# Ends the later version's example of flags.
NEW_LINE = "# Of the next version.\n"


def make_next_version(tarball: Path, output: Path) -> Path:
    """Writes the tarball uncompressed, under a later version and with another example of flags."""
    with tarfile.open(tarball, "r|*") as old, tarfile.open(output, "w") as new:
        for member in old:
            source = old.extractfile(member)
            path = member.name.partition("/")[2]
            member.name = f"trilho-server-{VERSION}/{path}".rstrip("/")
            if source and path == "etc/trilho-server/flags":
                content = source.read() + NEW_LINE.encode()
                member.size = len(content)
                source = io.BytesIO(content)
            new.addfile(member, source)
    return output
