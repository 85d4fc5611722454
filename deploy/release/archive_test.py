import hashlib
import os
import zipfile
from pathlib import Path

from deploy.release import archive

FILES = {"z.txt": b"last", "a/b.txt": b"first" * 1000}


def test_names_are_sorted_and_nothing_tells_when_or_by_whom(tmp_path: Path) -> None:
    umask = os.umask(0o077)
    try:
        archive.pack(tmp_path / "one.zip", FILES)
    finally:
        os.umask(umask)
    archive.pack(tmp_path / "two.zip", dict(reversed(FILES.items())))
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as packed:
        assert packed.namelist() == ["a/b.txt", "z.txt"]
        assert {info.date_time for info in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {info.external_attr >> 16 for info in packed.infolist()} == {0o100644}
        assert packed.read("z.txt") == b"last"


def test_checksums_are_of_files_and_not_of_signatures(tmp_path: Path) -> None:
    archive.pack(tmp_path / "one.zip", {"a.jar": b"jar", "a.jar.asc": b"sig"}, checksums=True)
    with zipfile.ZipFile(tmp_path / "one.zip") as packed:
        assert packed.namelist() == [
            "a.jar",
            *("a.jar.asc", "a.jar.md5", "a.jar.sha1", "a.jar.sha256", "a.jar.sha512"),
        ]
        assert packed.read("a.jar.sha1").decode() == hashlib.sha1(b"jar").hexdigest()  # noqa: S324
