"""Publishing versions as a trainer does: aside, manifest last, one rename."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from e2e.models import Export

__all__ = [
    "MANIFEST",
    "manifest_of",
    "publish",
    "publish_warmed",
    "remove",
    "warm_up_file",
    "write_manifest",
]

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


def publish_warmed(export: Export, base: Path, version: int, requests: bytes) -> Path:
    """Makes a version appear that is warmed up by what a file of requests holds.

    Args:
        export: The model.
        base: The model's folder, which is there.
        version: The version's number.
        requests: The file, TFRecords of PredictionLog.

    Returns:
        BASE/VERSION.
    """
    aside = base / ".aside"
    export.write(aside, version)
    extra = aside / "assets.extra"
    extra.mkdir()
    (extra / "tf_serving_warmup_requests").write_bytes(requests)
    return aside.rename(base / str(version))


def warm_up_file(folder: Path, *requests: Any) -> bytes:
    """Makes a file of recorded requests.

    Args:
        folder: Where the file may be written on the way.
        *requests: PredictRequests.

    Returns:
        What it holds.
    """
    file = folder / "warm_up"
    with tf.io.TFRecordWriter(str(file)) as writer:
        for request in requests:
            log = prediction_log_pb2.PredictionLog()
            log.predict_log.request.CopyFrom(request)
            writer.write(log.SerializeToString())
    return file.read_bytes()


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
