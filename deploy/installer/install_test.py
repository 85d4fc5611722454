"""An install with --prefix: where things go, what is said, and what is refused."""

import os
import pty
import re
import stat
import subprocess
from pathlib import Path

import pytest

from deploy.installer.small_tree import InstallerFile, Workshop, everything_below

SHELLS = ["dash", "bash", "bash --posix", "busybox sh"]


@pytest.mark.parametrize("shell", SHELLS)
def test_any_shell_installs(
    small: InstallerFile, workshop: Workshop, tmp_path: Path, shell: str
) -> None:
    prefix = tmp_path / "a prefix with é"
    busybox = str(workshop.packages / "busybox-static/bin/busybox")
    by = tuple(busybox if word == "busybox" else word for word in shell.split())
    done = small.run("--prefix", prefix, by=by)
    assert done.returncode == 0, done.stderr
    assert (prefix / "current").readlink() == Path("versions/1.2.3")
    assert (prefix / "bin").readlink() == Path("current/bin")
    said = subprocess.run([prefix / "bin/hello", "you"], capture_output=True, text=True, check=True)
    assert said.stdout == "hello from 1.2.3: you\n"
    assert f"{prefix}/bin/trilho --help" in done.stdout
    assert sorted(path.name for path in prefix.iterdir()) == [
        "bin",
        "current",
        "setup.sh",
        "versions",
    ]


def test_the_environment_may_be_empty(small: InstallerFile, tmp_path: Path) -> None:
    done = small.run("--prefix", tmp_path / "p", by=("/bin/sh",), env={})
    assert done.returncode == 0, done.stderr


def test_without_a_prefix_it_goes_below_home(small: InstallerFile, tmp_path: Path) -> None:
    done = small.run("--quiet", env={**os.environ, "HOME": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "trilho/bin/hello").exists()
    done = small.run(env={"PATH": os.environ["PATH"]})
    assert done.returncode == 2
    assert "HOME is not set: say where with --prefix DIR" in done.stderr


def test_a_relative_prefix_is_one_of_the_working_folder(
    small: InstallerFile, tmp_path: Path
) -> None:
    assert small.run("--prefix=some/where/", "-q", cwd=tmp_path).returncode == 0
    assert (tmp_path / "some/where/bin/hello").exists()


def test_others_can_read_what_a_careful_umask_installs(
    small: InstallerFile, tmp_path: Path
) -> None:
    done = small.run("--prefix", tmp_path / "new/p", umask=0o077)
    assert done.returncode == 0, done.stderr
    for path in [tmp_path / "new", *(tmp_path / "new").rglob("*")]:
        mode = path.lstat().st_mode
        wanted = 0o755 if stat.S_ISDIR(mode) else 0o444
        assert stat.S_ISLNK(mode) or mode & wanted == wanted, path


def test_twice_is_once(small: InstallerFile, tmp_path: Path) -> None:
    small.install(tmp_path / "p")
    before = everything_below(tmp_path)
    done = small.run("--prefix", tmp_path / "p")
    assert done.returncode == 0
    assert "version 1.2.3 is there already" in done.stderr
    assert everything_below(tmp_path) == before


def test_another_build_of_a_version_is_taken_by_force_only(
    small: InstallerFile, workshop: Workshop, tmp_path: Path
) -> None:
    other = workshop.make("other-build", files={"lib/more": b"more"})
    small.install(tmp_path / "p")
    done = other.run("--prefix", tmp_path / "p")
    assert done.returncode == 9
    assert "is there and differs from this file; --force replaces it" in done.stderr
    assert not (tmp_path / "p/current/lib/more").exists()
    assert other.run("--prefix", tmp_path / "p", "--force").returncode == 0
    assert (tmp_path / "p/current/lib/more").exists()


def test_a_folder_with_something_else_is_left_alone(small: InstallerFile, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for words in ([], ["--check"], ["--uninstall"]):
        done = small.run("--prefix", tmp_path, *words)
        assert done.returncode == 9
        assert str(tmp_path) in done.stdout + done.stderr
        assert everything_below(tmp_path) == ["bin"]


def test_quiet_says_nothing(small: InstallerFile, tmp_path: Path) -> None:
    done = small.run("--prefix", tmp_path / "p", "--quiet")
    assert (done.stdout, done.stderr) == ("", "")


def test_progress_is_lines_in_a_file(many: InstallerFile, tmp_path: Path) -> None:
    lines = many.run("--prefix", tmp_path / "p").stderr.splitlines()
    assert re.fullmatch(r"trilho: unpacking, 100 % of \d+ MB", lines[-1])
    assert len(lines) <= 4


def test_progress_is_a_bar_on_a_terminal(small: InstallerFile, tmp_path: Path) -> None:
    ours, its = pty.openpty()
    subprocess.run(small.command("--prefix", tmp_path / "p"), stderr=its, stdin=its, check=True)
    os.close(its)
    shown = os.read(ours, 10000).decode()
    os.close(ours)
    assert re.search(r"\rtrilho: unpacking \[#{40}\] 100 % of \d+ MB", shown)


def test_check_changes_nothing_and_tells_what_it_found(
    small: InstallerFile, tmp_path: Path
) -> None:
    done = small.run("--check", "--prefix", tmp_path / "not/there/yet")
    assert done.returncode == 0, done.stderr
    assert everything_below(tmp_path) == []
    for found in ("Linux", "AVX", "room: ", "inodes: ", "can be written, and programs run there"):
        assert re.search(f"^ok .*{found}", done.stdout, re.MULTILINE), done.stdout


def test_an_old_kernel_is_refused_with_a_sentence(small: InstallerFile, tmp_path: Path) -> None:
    old = ("setarch", "x86_64", "--uname-2.6", "sh")
    done = small.run("--prefix", tmp_path / "p", by=old)
    assert done.returncode == 4
    assert re.search(r"kernel is 2\.6\.\S+; the C library in this file needs 3\.2", done.stderr)
    assert everything_below(tmp_path) == []


def test_another_architecture_is_refused(small: InstallerFile, tmp_path: Path) -> None:
    done = small.run("--prefix", tmp_path / "p", by=("setarch", "i686", "sh"))
    assert done.returncode == 4
    assert "this file is for x86_64; this machine is i686" in done.stderr


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--prefx", "x"], "unknown option or word --prefx; there are --prefix, --cache"),
        (["--prefix"], "--prefix needs a folder"),
        (["--prefix", "--quiet"], "--prefix needs a folder"),
        (["--prefix="], "--prefix needs a folder"),
        (["--prefix", "a\nb"], "a name with a line break is not taken"),
        (["--exec"], "--exec needs a command"),
        (["--list", "--verify"], "--verify and --list cannot go together; choose one"),
        (["--prefix", "a", "--cache", "b"], "--prefix and --cache cannot go together"),
        (["--days", "3"], "--days goes with --gc"),
        (["--gc", "--days", "soon"], "--days needs a number of days"),
        (["--cache", "c", "--rollback"], "--rollback goes with --prefix"),
    ],
)
def test_wrong_options_are_explained(
    small: InstallerFile, tmp_path: Path, words: list[str], reason: str
) -> None:
    done = small.run(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert reason in done.stderr
    assert everything_below(tmp_path) == []


def test_what_only_tells_leaves_nothing(small: InstallerFile, tmp_path: Path) -> None:
    env = {**os.environ, "TMPDIR": str(tmp_path), "HOME": str(tmp_path)}
    assert small.run("--version", env=env).stdout == "Trilho 1.2.3 (full)\n"
    assert "exit codes:" in small.run("--help", env=env).stdout
    assert re.search(r" 0?\d+ bin/hello\n", small.run("--list", env=env).stdout)
    assert "bin/hi -> hello" in small.run("--list", env=env).stdout
    assert small.run("--license", env=env).returncode == 0
    info = small.run("--info", env=env).stdout
    assert everything_below(tmp_path) == []
    by_hand = re.search("unpack by hand (.*)", info)
    assert by_hand
    script = by_hand[1].replace("FILE", str(small.path)).replace("DIR", str(tmp_path))
    subprocess.run(["sh", "-c", script], check=True)
    assert (tmp_path / "bin/hello").exists()


def test_extract_unpacks(small: InstallerFile, tmp_path: Path) -> None:
    done = small.run("--extract", tmp_path / "x")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "x/bin/hello").read_text().endswith('echo "hello from 1.2.3: $*"\n')
    again = small.run("--extract", tmp_path / "x")
    assert again.returncode == 9


def test_extract_says_what_it_lacks(small: InstallerFile, tmp_path: Path) -> None:
    for name in ("sh", "dd", "wc", "mkdir", "rm", "uname"):
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / "bin" / name).symlink_to(f"/usr/bin/{name}")
    done = small.run(
        "--extract", tmp_path / "x", env={"PATH": str(tmp_path / "bin")}, by=("/bin/sh",)
    )
    assert done.returncode == 10
    assert "this machine has no zstd" in done.stderr
    assert not (tmp_path / "x").exists()
