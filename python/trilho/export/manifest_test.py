import datetime as dt
import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from trilho.export import manifest
from trilho.export.versions import ExportError
from trilho.manifest_pb2 import Manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "variables").mkdir()
    (tmp_path / "saved_model.pb").write_bytes(b"graph")
    (tmp_path / "variables" / "data").write_bytes(b"weights")
    return tmp_path


def _write(folder: Path) -> Manifest:
    built = manifest.build(
        folder, model="mnist", metrics={"test_accuracy": 0.5}, training={"steps": "7"}
    )
    manifest.write(built, folder)
    return built


def _change(folder: Path, **fields: object) -> None:
    path = folder / manifest.MANIFEST_NAME
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_it_lists_all_files_with_size_and_checksum(folder: Path) -> None:
    files = {file.path: (file.size, file.sha256) for file in _write(folder).files}
    assert files == {
        "saved_model.pb": (5, hashlib.sha256(b"graph").hexdigest()),
        "variables/data": (7, hashlib.sha256(b"weights").hexdigest()),
    }


def test_it_is_written_with_the_contracts_field_names(folder: Path) -> None:
    moment = dt.datetime(2026, 1, 31, 13, 0, 0, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    built = manifest.build(folder, model="mnist", metrics={}, training={"a": "b"}, created=moment)
    built.git_revision = "0123"
    manifest.write(built, folder)
    text = json.loads((folder / manifest.MANIFEST_NAME).read_text())
    assert text["format"] == 1
    assert text["model"] == "mnist"
    assert text["git_revision"] == "0123"
    assert text["created"] == "2026-01-31T12:00:00Z"
    assert text["training"] == {"a": "b"}
    assert set(text["files"][0]) == {"path", "size", "sha256"}


def test_what_is_written_verifies_and_reads_back(folder: Path) -> None:
    built = _write(folder)
    assert manifest.verify(folder) == built
    # The manifest does not list itself, so describing the folder again changes nothing.
    assert [file.path for file in _write(folder).files] == ["saved_model.pb", "variables/data"]


def test_other_files_and_unknown_fields_do_not_matter(folder: Path) -> None:
    _write(folder)
    (folder / "notes").write_text("more")
    _change(folder, future=1)
    manifest.verify(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"graphs", "expected 5 bytes, found 6"), (b"Graph", "expected SHA-256")],
)
def test_a_changed_file_is_named(folder: Path, content: bytes, message: str) -> None:
    _write(folder)
    (folder / "saved_model.pb").write_bytes(content)
    with pytest.raises(ExportError, match=rf"saved_model\.pb: {message}"):
        manifest.verify(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    _write(folder)
    (folder / "variables" / "data").unlink()
    with pytest.raises(ExportError, match="variables/data: the manifest lists it"):
        manifest.verify(folder)


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "a//b", "./a", ""])
def test_a_path_that_leads_out_is_refused(folder: Path, path: str) -> None:
    _write(folder)
    _change(folder, files=[{"path": path, "size": "1", "sha256": "0" * 64}])
    with pytest.raises(ExportError, match="not a path inside it"):
        manifest.verify(folder)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"format": 2}, "is of format 2"),
        ({"format": 0}, "is of format 0"),
        ({"format": "new"}, "does not parse"),
        ({"files": []}, "lists no files"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_refused(
    folder: Path, fields: dict[str, object], message: str
) -> None:
    _write(folder)
    _change(folder, **fields)
    with pytest.raises(ExportError, match=message):
        manifest.verify(folder)


def test_no_manifest_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"Cannot read .*manifest\.json"):
        manifest.read(tmp_path)


def test_the_revision_tells_of_changes(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    assert manifest.git_revision(tmp_path) == ""
    git("init", "-q")
    code = tmp_path / "code.py"
    code.write_text("1")
    assert manifest.git_revision(tmp_path) == ""
    git("add", ".")
    git("commit", "-q", "-m", "first")
    revision = git("rev-parse", "HEAD")
    assert manifest.git_revision(tmp_path) == revision
    code.write_text("2")
    assert manifest.git_revision(tmp_path) == f"{revision}-dirty"


def test_versions_of_packages_that_are_not_there_are_left_out() -> None:
    assert set(manifest.package_versions(["numpy", "no-such-package"])) == {"numpy"}
