"""manifest.json: what a version consists of, and how it came to be."""

import datetime as dt
import hashlib
import importlib.metadata
import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from google.protobuf import json_format

from trilho.export.figures import not_finite
from trilho.export.provenance import Splits
from trilho.export.versions import ExportError
from trilho.manifest_pb2 import Manifest, ManifestFile

__all__ = [
    "FORMAT",
    "MANIFEST_NAME",
    "build",
    "git_revision",
    "package_versions",
    "read",
    "verify",
    "write",
]

FORMAT = 1
MANIFEST_NAME = "manifest.json"

_PACKAGES = ("keras", "numpy", "protobuf", "tensorflow", "tensorflow-cpu", "trilho")


def build(
    folder: Path,
    *,
    model: str,
    metrics: Mapping[str, float],
    training: Mapping[str, str],
    splits: Splits | None = None,
    created: dt.datetime | None = None,
) -> Manifest:
    """Describes the files of a version.

    Args:
        folder: The version's folder, with all its files except the manifest.
        model: The model's name.
        metrics: What was measured on the test split, by name.
        training: What the model was trained with, by name.
        splits: The rows it was trained and measured with.
        created: When the export ended, with a time zone; now by default.

    Returns:
        The manifest, its files in the order of their paths.

    Raises:
        ExportError: A figure is NaN or infinite.
    """
    if bad := not_finite(metrics):
        raise ExportError(
            f"{model}: expected figures that are finite numbers, but {', '.join(bad)}"
        )
    moment = created or dt.datetime.now(tz=dt.UTC)
    return Manifest(
        format=FORMAT,
        model=model,
        files=[_describe(folder, path) for path in _files(folder)],
        metrics=dict(metrics),
        git_revision=git_revision(Path(__file__).resolve().parent),
        packages=package_versions(_PACKAGES),
        created=moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        training=dict(training),
        splits=splits or {},
    )


def write(manifest: Manifest, folder: Path) -> None:
    """Writes manifest.json, and returns when it is on the disk.

    Args:
        manifest: What to write.
        folder: The version's folder.
    """
    text = json_format.MessageToJson(
        manifest, preserving_proto_field_name=True, indent=2, sort_keys=True
    )
    with (folder / MANIFEST_NAME).open("w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(folder: Path) -> Manifest:
    """Reads manifest.json; fields that this code does not know are ignored.

    Args:
        folder: The version's folder.

    Returns:
        The manifest as it stands there; `verify` compares it with the files.

    Raises:
        ExportError: There is none, it does not parse, or its format is newer than this code.
    """
    path = folder / MANIFEST_NAME
    try:
        text = path.read_text(encoding="utf-8")
        manifest = json_format.Parse(text, Manifest(), ignore_unknown_fields=True)
    except OSError as error:
        raise ExportError(f"Cannot read {path}: {error.strerror}") from error
    except (json_format.ParseError, UnicodeDecodeError) as error:
        raise ExportError(f"{path} does not parse: {error}") from error
    if not 1 <= manifest.format <= FORMAT:
        raise ExportError(f"{path} is of format {manifest.format}; only 1 to {FORMAT} can be read")
    return manifest


def verify(folder: Path) -> Manifest:
    """Compares the files of a version with its manifest, as the server does.

    Args:
        folder: The version's folder.

    Returns:
        The manifest.

    Raises:
        ExportError: It cannot be read, or names a file that is missing, has another size or
            another checksum, or lies outside of the folder.
    """
    manifest = read(folder)
    if not manifest.files:
        raise ExportError(f"{folder / MANIFEST_NAME} lists no files")
    for expected in manifest.files:
        if not _stays_inside(expected.path):
            raise ExportError(
                f'The manifest of {folder} lists "{expected.path}", which is not a path inside it'
            )
        path = folder / expected.path
        if not path.is_file():
            raise ExportError(f"{path}: the manifest lists it, but there is no such file")
        found = _describe(folder, path)
        if found.size != expected.size:
            raise ExportError(f"{path}: expected {expected.size} bytes, found {found.size}")
        if found.sha256 != expected.sha256:
            raise ExportError(f"{path}: expected SHA-256 {expected.sha256}, found {found.sha256}")
    return manifest


def git_revision(folder: Path) -> str:
    """Names the commit that `folder` is a checkout of.

    Args:
        folder: A folder of the code in question.

    Returns:
        The commit's 40 digits, with "-dirty" behind them if tracked files of the work tree have
        changes; "" if the folder's files are not under git's control, or git is missing.
    """
    try:
        # A package installed into a folder that some checkout ignores is no part of it.
        _git(folder, "ls-files", "--error-unmatch", ".")
        revision = _git(folder, "rev-parse", "HEAD")
        changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return ""
    return f"{revision}-dirty" if changes else revision


def package_versions(names: Iterable[str]) -> dict[str, str]:
    """Looks up the versions of packages.

    Args:
        names: Distributions, as PyPI calls them.

    Returns:
        The versions of those that are installed, by name.
    """
    versions = {}
    for name in names:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()


def _files(folder: Path) -> list[Path]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in paths if path != folder / MANIFEST_NAME)


def _describe(folder: Path, path: Path) -> ManifestFile:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    relative = path.relative_to(folder).as_posix()
    return ManifestFile(path=relative, size=path.stat().st_size, sha256=sha256)


def _stays_inside(path: str) -> bool:
    parts = path.split("/")
    return not ({"", ".", ".."} & set(parts)) and PurePosixPath(path).as_posix() == path
