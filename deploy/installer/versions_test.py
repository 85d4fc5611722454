"""Versions beside each other in a prefix: switched, rolled back, collected, removed."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from deploy.installer.small_tree import InstallerFile, Workshop, everything_below


@pytest.fixture(scope="module")
def newer(workshop: Workshop) -> InstallerFile:
    return workshop.make("newer", version="2.0.0")


@pytest.fixture(scope="module")
def newest(workshop: Workshop) -> InstallerFile:
    return workshop.make("newest", version="3.0.0", profile="core")


@pytest.fixture
def prefix(
    small: InstallerFile, newer: InstallerFile, newest: InstallerFile, tmp_path: Path
) -> Path:
    for file in (small, newer, newest):
        file.install(tmp_path / "p")
    return tmp_path / "p"


def setup(prefix: Path) -> InstallerFile:
    """The part of the file that an install keeps."""
    return InstallerFile(prefix / "setup.sh")


def said_by(prefix: Path) -> str:
    return subprocess.run([prefix / "bin/hello"], capture_output=True, text=True, check=True).stdout


def versions(prefix: Path) -> list[str]:
    return sorted(path.name for path in (prefix / "versions").iterdir())


def test_the_newest_install_is_current_and_the_others_stay(prefix: Path) -> None:
    assert versions(prefix) == ["1.2.3", "2.0.0", "3.0.0-core"]
    assert said_by(prefix) == "hello from 3.0.0: \n"
    lines = setup(prefix).run("--list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == versions(prefix)
    assert [line.split()[-1] for line in lines[1:]] == ["previous", "current"]


def test_switch_and_roll_back_and_forth(prefix: Path) -> None:
    assert setup(prefix).run("--switch", "1.2.3").returncode == 0
    assert said_by(prefix) == "hello from 1.2.3: \n"
    for version in ("3.0.0", "1.2.3"):
        assert setup(prefix).run("--rollback").returncode == 0
        assert said_by(prefix) == f"hello from {version}: \n"


def test_an_unknown_version_is_refused_and_the_known_ones_are_named(prefix: Path) -> None:
    done = setup(prefix).run("--switch", "9.9.9")
    assert done.returncode == 9
    assert "version 9.9.9 is not in" in done.stderr
    assert "there are 1.2.3 2.0.0 3.0.0-core" in done.stderr
    assert setup(prefix).run("--switch", "../..").returncode == 2
    assert said_by(prefix) == "hello from 3.0.0: \n"


def test_without_a_version_before_there_is_nothing_to_roll_back_to(
    small: InstallerFile, tmp_path: Path
) -> None:
    small.install(tmp_path / "p")
    done = setup(tmp_path / "p").run("--rollback")
    assert done.returncode == 9
    assert "there is no version to go back to" in done.stderr


def test_gc_keeps_the_current_and_the_one_before(prefix: Path) -> None:
    assert setup(prefix).run("--gc", "--days", 1).returncode == 0
    assert len(versions(prefix)) == 3
    old = time.time() - 2 * 86400
    os.utime(prefix / "versions/1.2.3", (old, old))
    done = setup(prefix).run("--gc", "--days", 1)
    assert versions(prefix) == ["2.0.0", "3.0.0-core"]
    assert "removing" in done.stderr
    assert setup(prefix).run("--gc").returncode == 0
    assert versions(prefix) == ["2.0.0", "3.0.0-core"]


def test_a_moved_folder_goes_on(prefix: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved é elsewhere"
    shutil.move(prefix, moved)
    assert said_by(moved) == "hello from 3.0.0: \n"
    assert setup(moved).run("--rollback").returncode == 0
    assert said_by(moved) == "hello from 2.0.0: \n"
    assert setup(moved).run("--verify").returncode == 0


def test_uninstall_removes_all_versions_and_what_it_made(prefix: Path, tmp_path: Path) -> None:
    assert setup(prefix).run("--uninstall").returncode == 0
    assert everything_below(tmp_path) == []


def test_uninstall_leaves_what_others_put_there(prefix: Path) -> None:
    (prefix / "notes").write_text("mine")
    done = setup(prefix).run("--uninstall")
    assert done.returncode == 0
    assert "what else is there stays" in done.stderr
    assert everything_below(prefix) == ["notes"]


@pytest.mark.parametrize("words", [["--uninstall"], ["--gc"], ["--verify"], ["--force"]])
def test_a_folder_of_another_program_is_left_alone(
    small: InstallerFile, tmp_path: Path, words: list[str]
) -> None:
    project = tmp_path / "project"
    (project / "versions").mkdir(parents=True)
    (project / "setup.sh").write_text("echo mine\n")
    assert small.run("--prefix", project, *words).returncode == 9
    (project / "versions/1").mkdir()
    assert small.run("--prefix", project, *words).returncode == 9
    assert everything_below(project) == ["setup.sh", "versions", "versions/1"]


def test_what_needs_the_archive_is_refused_by_what_has_none(prefix: Path, tmp_path: Path) -> None:
    for words in (["--prefix", tmp_path / "q"], ["--exec", "true"], ["--extract", tmp_path / "x"]):
        done = setup(prefix).run(*words)
        assert done.returncode == 2
        assert "this file is what an install keeps, without the archive" in done.stderr
