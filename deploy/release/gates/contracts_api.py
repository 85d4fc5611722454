"""Compares contracts with the last release's, by `trilho contract diff`."""

import subprocess
import tempfile
import zipfile
from pathlib import Path

__all__ = ["breaks"]

_BREAKS = 1


def breaks(old: Path, new: Path, *, trilho: Path) -> list[str]:
    """Lists what clients and models of the old contracts lose with the new ones.

    Args:
        old: The last release's archive of contracts.
        new: The new one.
        trilho: The command.

    Returns:
        A line a break, behind the name of its contract.

    Raises:
        ValueError: The command failed.
    """
    found = []
    with tempfile.TemporaryDirectory(prefix="trilho-gate-") as temporary:
        before, after = Path(temporary) / "old", Path(temporary) / "new"
        for archive, folder in ((old, before), (new, after)):
            with zipfile.ZipFile(archive) as content:
                content.extractall(folder)
        for contract in sorted(before.glob("*.desc")):
            successor = after / contract.name
            if not successor.exists():
                found.append(f"{contract.name}: breaks clients: it is released no more")
                continue
            done = subprocess.run(
                [str(trilho), "contract", "diff", str(contract), str(successor)],
                check=False,
                capture_output=True,
                text=True,
            )
            if done.returncode not in {0, _BREAKS}:
                raise ValueError(f"trilho contract diff: {contract.name}: {done.stderr}")
            found += [
                f"{contract.name}: {line}"
                for line in done.stdout.splitlines()
                if line.startswith("breaks")
            ]
    return found
