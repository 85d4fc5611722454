import os
import resource
from pathlib import Path

import pytest

from deploy.release import copy, sums
from deploy.release.made_up import VERSION, made_up_release

INSTALLER = f"trilho-{VERSION}-linux-x86_64.sh"


def test_files_get_the_modes_that_people_expect(tmp_path: Path) -> None:
    release = made_up_release(tmp_path)
    umask = os.umask(0o077)
    try:
        names = copy.copy(release, tmp_path / "dist")
    finally:
        os.umask(umask)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "dist").iterdir()}
    assert sorted(modes) == sorted(names)
    assert modes.pop(INSTALLER) == 0o755
    assert set(modes.values()) == {0o644}
    assert (tmp_path / "dist").stat().st_mode & 0o777 == 0o755


def test_a_release_is_replaced_with_all_that_it_had(tmp_path: Path) -> None:
    release = made_up_release(tmp_path)
    dist = tmp_path / "dist"
    copy.copy(release, dist)
    (dist / f"{sums.NAME}.minisig").write_text("of before")
    copy.copy(release, dist)
    assert not (dist / f"{sums.NAME}.minisig").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_what_is_no_release_is_not_replaced(tmp_path: Path) -> None:
    release = made_up_release(tmp_path)
    dist = tmp_path / "dist"
    dist.mkdir()
    (dist / "thesis.txt").write_text("mine")
    with pytest.raises(ValueError, match="dist is no release and is not replaced"):
        copy.copy(release, dist)
    assert (dist / "thesis.txt").read_text() == "mine"


def test_a_damaged_release_leaves_the_one_before(tmp_path: Path) -> None:
    release = made_up_release(tmp_path)
    dist = tmp_path / "dist"
    copy.copy(release, dist)
    before = (dist / INSTALLER).read_bytes()
    (release / INSTALLER).write_text("damaged")
    with pytest.raises(ValueError, match="its hash differs"):
        copy.copy(release, dist)
    assert (dist / INSTALLER).read_bytes() == before
    assert sums.check(dist)


def test_a_copy_that_cannot_be_written_leaves_the_one_before_and_no_rest(tmp_path: Path) -> None:
    release = made_up_release(tmp_path)
    dist = tmp_path / "dist"
    copy.copy(release, dist)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # The kernel refuses to write more, as it does where the disk is full.
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            copy.copy(release, dist)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert sums.check(dist)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
