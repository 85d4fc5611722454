"""Pins the newest versions that apt has of the packages in runtime_lock.txt, with SHA-256."""

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

LOCK = Path(__file__).parent / "runtime_lock.txt"


def _pin(name: str, folder: Path) -> str:
    """Downloads a package and returns its line of the lock."""
    command = ["apt-get", "download", "--quiet", name]
    # apt wants to give downloads to a user of its own, and complains where that one may not write.
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed; are apt's lists there?\n{done.stdout}{done.stderr}")
    (archive,) = folder.glob(f"{name}_*.deb")
    field = ["dpkg-deb", "--field", str(archive), "Version"]
    version = subprocess.run(field, capture_output=True, text=True, check=True).stdout.strip()
    return f"{name} {version} {hashlib.sha256(archive.read_bytes()).hexdigest()}"


def main() -> None:
    """Rewrites the lock, keeping its comments and order."""
    lines = LOCK.read_text().splitlines()
    with tempfile.TemporaryDirectory(prefix="trilho-lock-") as folder:
        pinned = [
            line if not line or line.startswith("#") else _pin(line.split()[0], Path(folder))
            for line in lines
        ]
    LOCK.write_text("\n".join(pinned) + "\n")


if __name__ == "__main__":
    main()
