"""Publishing versions as a trainer does: aside, manifest last, one rename."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from e2e.models import Export

__all__ = ["MANIFEST", "manifest_of", "publish", "remove", "write_manifest"]

MANIFEST = "manifest.json"


def publish(
    export: Export, base: Path, version: int, *, manifest: dict[str, Any] | None = None
) -> Path:
    """Makes BASE/VERSION appear as a whole.

    Args:
        export: The model.
        base: The model's folder; made if missing.
        version: The version's number.
        manifest: What to write instead of a truthful manifest.

    Returns:
        BASE/VERSION.
    """
    aside = base / f".tmp-{version}"
    base.mkdir(parents=True, exist_ok=True)
    export.write(aside, version)
    write_manifest(aside, manifest or manifest_of(aside, base.name))
    return aside.rename(base / str(version))


def remove(folder: Path) -> None:
    """Takes a version away, with one rename too."""
    aside = folder.with_name(f".removed-{folder.name}")
    folder.rename(aside)
    shutil.rmtree(aside)


def manifest_of(folder: Path, model: str) -> dict[str, Any]:
    """Describes the files below a version's folder.

    Args:
        folder: The folder.
        model: The model's name.

    Returns:
        What manifest.json should hold.
    """
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {
        "format": 1,
        "model": model,
        "files": [
            {
                "path": path.relative_to(folder).as_posix(),
                # Proto3's JSON has 64-bit numbers as strings.
                "size": str(path.stat().st_size),
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }
            for path in files
        ],
        "created": "2026-01-31T12:00:00Z",
    }


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Writes manifest.json."""
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2), encoding="utf-8")
