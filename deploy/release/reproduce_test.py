import subprocess
import tempfile
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


# Stands in Bazel's place, since a build takes minutes, and releases what it was told and sees.
BAZEL = """\
#!/bin/sh
case "$*" in *shutdown) exit 0 ;; esac
mkdir -p bazel-bin/deploy/release/dist_quick && cd bazel-bin/deploy/release/dist_quick || exit 1
echo "$(umask) $TZ $LC_ALL $*" > build.txt
cp build.txt {seen}
sha256sum build.txt > SHA256SUMS
"""


def test_the_second_build_is_made_differently(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "bazel"
    program.parent.mkdir()
    program.write_text(BAZEL.format(seen=tmp_path / "seen.txt"))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    monkeypatch.setenv("TZ", "UTC")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    tree = tmp_path / "tree"
    git = ["git", "-C", str(tree), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", "init", "--quiet", str(tree)], check=True)
    (tree / ".gitignore").write_text("/bazel-*\n")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "--quiet", "--message=first"], check=True)

    assert reproduce.main(["--quick", "--tree", str(tree)]) == 1
    said = capfd.readouterr()
    assert "release_reproduce: build.txt: " in said.err
    first = (tree / "bazel-bin/deploy/release/dist_quick/build.txt").read_text()
    assert " UTC " in first
    assert "--disk_cache=" not in first
    second = (tmp_path / "seen.txt").read_text()
    assert second.startswith("0077 Pacific/Auckland C ")
    assert "--disk_cache= --action_env=TZ=Pacific/Auckland" in second
    # Nothing is left of the second.
    assert not list(temporary.iterdir())
