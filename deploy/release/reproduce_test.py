import subprocess
from pathlib import Path

import pytest

from deploy.release import reproduce, sums
from deploy.release.made_up import VERSION, made_up_release


def release(folder: Path) -> Path:
    folder.mkdir()
    return made_up_release(folder)


def test_two_releases_of_the_same_artifacts_are_the_same(tmp_path: Path) -> None:
    assert reproduce.differences(release(tmp_path / "a"), release(tmp_path / "b")) == []


def test_each_file_that_differs_is_named(tmp_path: Path) -> None:
    one, other = release(tmp_path / "a"), release(tmp_path / "b")
    installer, bill = f"trilho-{VERSION}-linux-x86_64.sh", f"trilho-{VERSION}.cdx.json"
    (other / installer).write_text("#!/bin/sh\n# built on another day\n")
    (other / bill).unlink()
    sums.write(other)
    altered, missing = reproduce.differences(one, other)
    assert altered.startswith(f"{installer}: ")
    assert missing == f"{bill}: {sums.sha256(one / bill)} and missing"


def test_what_is_not_committed_is_no_release(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    (tmp_path / "new.txt").touch()
    assert reproduce.main(["--quick", "--tree", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "commit first" in said
    assert "new.txt" in said


def test_a_user_that_is_nobody_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        reproduce.main(["--user", "no-such-user"])
    assert "--user" in capsys.readouterr().err
