"""--cache: one install a version, however many ask for it at once and whoever of them is killed."""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.installer.runs import is_half_way, kill_all, start, wait_until, wait_until_tidy
from deploy.installer.small_tree import TIMEOUT_SECONDS, InstallerFile, Workshop

STARTS = 64
AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh")
ENV = {"PATH": os.environ["PATH"]}


def entries(cache: Path) -> list[Path]:
    return sorted(cache.glob("trilho-*"))


def hidden(cache: Path) -> list[Path]:
    return sorted(cache.glob(".trilho*"))


def test_the_path_is_printed_and_the_second_time_is_the_same(
    small: InstallerFile, tmp_path: Path
) -> None:
    first = small.run("--cache", tmp_path)
    assert first.returncode == 0, first.stderr
    (entry,) = entries(tmp_path)
    assert first.stdout == f"{entry}\n"
    inode = entry.stat().st_ino
    assert small.run("--cache", tmp_path).stdout == first.stdout
    assert entry.stat().st_ino == inode
    assert hidden(tmp_path) == []


@pytest.fixture(params=["lock", "no lock"])
def locks(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """Locks as they are, or locks that hold nobody up, as on some file systems."""
    ended = threading.Event()

    def lose_locks() -> None:
        while not ended.wait(0.01):
            for lock in tmp_path.glob(".trilho-lock-*"):
                shutil.rmtree(lock, ignore_errors=True)

    thread = threading.Thread(target=lose_locks)
    if request.param == "no lock":
        thread.start()
    yield
    ended.set()
    if thread.ident:
        thread.join()


@pytest.mark.usefixtures("locks")
def test_64_starts_at_once_make_one_install(small: InstallerFile, tmp_path: Path) -> None:
    runs = [
        subprocess.Popen(
            small.command("-q", "--cache", tmp_path, "--exec", "hello", number),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(STARTS)
    ]
    for number, run in enumerate(runs):
        said, errors = run.communicate(timeout=600)
        assert said == f"hello from 1.2.3: {number}\n", errors
        assert errors == ""
    assert len(entries(tmp_path)) == 1
    wait_until_tidy(tmp_path)


def test_the_lock_saves_work(many: InstallerFile, tmp_path: Path) -> None:
    first = start(many, "--cache", tmp_path)
    wait_until(lambda: is_half_way(tmp_path), "half an install")
    second = start(many, "--cache", tmp_path)
    paths = [run.communicate(timeout=TIMEOUT_SECONDS) for run in (first, second)]
    assert paths[0][0] == paths[1][0]
    assert "unpacking" in paths[0][1]
    assert "unpacking" not in paths[1][1]


def test_the_lock_of_a_killed_run_holds_nobody_up(many: InstallerFile, tmp_path: Path) -> None:
    first = start(many, "--cache", tmp_path)
    wait_until(lambda: is_half_way(tmp_path), "half an install")
    kill_all(first, tmp_path)
    assert any(path.name.startswith(".trilho-lock") for path in hidden(tmp_path))
    done = many.run("--cache", tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(entries(tmp_path)) == 1
    assert hidden(tmp_path) == []


def test_two_versions_and_builds_lie_beside_each_other(
    small: InstallerFile, workshop: Workshop, tmp_path: Path
) -> None:
    other = workshop.make("cache-other", files={"lib/more": b"more"})
    newer = workshop.make("cache-newer", version="1.3.0", profile="core")
    for file in (small, other, newer):
        assert file.run("-q", "--cache", tmp_path).returncode == 0
    names = [path.name.rsplit("-", 1)[0] for path in entries(tmp_path)]
    assert names == ["trilho-1.2.3", "trilho-1.2.3", "trilho-1.3.0-core"]
    assert len(small.run("--cache", tmp_path, "--list").stdout.splitlines()) == 3


def test_gc_removes_what_nobody_uses(
    small: InstallerFile, workshop: Workshop, tmp_path: Path
) -> None:
    old = workshop.make("cache-old", version="1.0.0")
    used = start(old, "--cache", tmp_path, "--exec", "sleep", 600)
    wait_until(lambda: bool(entries(tmp_path)) and len(hidden(tmp_path)) >= 2, "a use")
    assert small.run("-q", "--cache", tmp_path).returncode == 0
    listed = small.run("--cache", tmp_path, "--list").stdout
    assert [line.endswith("in use") for line in listed.splitlines()] == [True, False]
    refused = small.run("--cache", tmp_path, "--uninstall")
    assert refused.returncode == 9
    assert "a command runs from" in refused.stderr
    assert small.run("-q", "--cache", tmp_path).returncode == 0
    assert small.run("--cache", tmp_path, "--gc").returncode == 0
    assert [path.name.split("-")[1] for path in entries(tmp_path)] == ["1.0.0"]
    used.kill()
    used.communicate()
    wait_until_tidy(tmp_path)
    assert small.run("--cache", tmp_path, "--gc").returncode == 0
    assert entries(tmp_path) == []


def test_many_may_collect_at_once(
    small: InstallerFile, many: InstallerFile, tmp_path: Path
) -> None:
    assert small.run("-q", "--cache", tmp_path).returncode == 0
    killed = start(many, "--cache", tmp_path)
    wait_until(lambda: is_half_way(tmp_path), "half an install")
    kill_all(killed, tmp_path)
    for run in [start(small, "--cache", tmp_path, "--gc") for _ in range(8)]:
        _, errors = run.communicate(timeout=TIMEOUT_SECONDS)
        assert run.returncode == 0, errors
        assert "can't" not in errors
        assert "cannot" not in errors
    assert entries(tmp_path) == []
    wait_until_tidy(tmp_path)


def test_gc_by_age_counts_from_the_last_start(
    small: InstallerFile, workshop: Workshop, tmp_path: Path
) -> None:
    for version in ("1.0.0", "1.1.0"):
        file = workshop.make(f"cache-{version}", version=version)
        assert file.run("-q", "--cache", tmp_path).returncode == 0
    long_ago = time.time() - 8 * 86400
    for entry in entries(tmp_path):
        os.utime(entry, (long_ago, long_ago))
    assert file.run("-q", "--cache", tmp_path, "--exec", "true").returncode == 0
    assert small.run("--cache", tmp_path, "--gc", "--days", 7).returncode == 0
    assert [path.name.split("-")[1] for path in entries(tmp_path)] == ["1.1.0"]


def test_folders_of_others_stay_in_a_cache(small: InstallerFile, tmp_path: Path) -> None:
    assert small.run("--cache", tmp_path).returncode == 0
    for name in ("trilho-notes", "trilho-1.2.3"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine").write_text("kept")
    assert small.run("--cache", tmp_path, "--gc").returncode == 0
    assert small.run("--cache", tmp_path, "--uninstall").returncode == 0
    assert [path.name for path in entries(tmp_path)] == ["trilho-1.2.3", "trilho-notes"]
    assert (tmp_path / "trilho-notes/mine").read_text() == "kept"


@pytest.mark.usefixtures("needs_root")
def test_a_cache_of_another_user_serves_what_it_has(small: InstallerFile, public: Path) -> None:
    cache = public / "cache"
    cache.mkdir()
    file = InstallerFile(Path(shutil.copy(small.path, public)))
    words = ("-q", "--cache", cache, "--exec", "hello")
    lacks = file.run(*words, by=AS_NOBODY, env=ENV)
    assert lacks.returncode == 6
    assert f"cannot write to {cache}, and version 1.2.3 is not in it" in lacks.stderr
    assert file.run("-q", "--cache", cache).returncode == 0
    done = file.run(*words, by=AS_NOBODY, env=ENV)
    assert done.stdout == "hello from 1.2.3: \n", done.stderr


@pytest.mark.usefixtures("needs_root")
def test_a_process_that_cannot_be_seen_is_not_taken_for_dead(
    small: InstallerFile, public: Path
) -> None:
    file = InstallerFile(Path(shutil.copy(small.path, public)))
    used = start(file, "--cache", public, "--exec", "sleep", 600)
    wait_until(lambda: bool(entries(public)) and len(hidden(public)) == 2, "a use")
    # Without /proc only a signal tells that a process is there, and another user's takes none.
    script = 'mount -t tmpfs tmpfs /proc && exec "$@"'
    by = ("unshare", "--mount", "sh", "-c", script, "sh", *AS_NOBODY)
    done = file.run("--cache", public, "--list", by=by, env=ENV)
    assert done.stdout.endswith("in use\n"), done.stderr
    used.kill()
    used.communicate()
    wait_until_tidy(public)


def test_uninstall_leaves_nothing_and_nothing_else(small: InstallerFile, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    small.run("--cache", cache)
    assert small.run("--cache", cache, "--uninstall").returncode == 0
    assert not cache.exists()
    small.run("--cache", cache)
    (cache / "mine").write_text("kept")
    assert small.run("--cache", cache, "--uninstall").returncode == 0
    assert [path.name for path in cache.iterdir()] == ["mine"]
