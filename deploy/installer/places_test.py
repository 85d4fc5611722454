"""Full, read-only, noexec and foreign places are refused by name, and left as they were."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.installer.roots.root import Root, make_bare_root
from deploy.installer.runs import is_half_way, start, wait_until, wait_until_tidy
from deploy.installer.small_tree import (
    TIMEOUT_SECONDS,
    InstallerFile,
    Workshop,
    everything_below,
)

Mount = Callable[..., Path]

pytestmark = pytest.mark.usefixtures("needs_root")


@pytest.fixture
def mount(public: Path) -> Iterator[Mount]:
    """Mounts file systems in memory."""
    mounted: list[Path] = []

    def mount_one(options: str) -> Path:
        place = public / f"mount-{len(mounted)}"
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"mode=755,{options}", "tmpfs", str(place)]
        subprocess.run(command, check=True)
        mounted.append(place)
        return place

    yield mount_one
    for place in mounted:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.parametrize("option", ["--prefix", "--cache", "TMPDIR", "--check"])
def test_noexec_is_refused_by_name_before_unpacking(
    small: InstallerFile, mount: Mount, option: str
) -> None:
    place = mount("noexec")
    choices: dict[str, list[object]] = {
        "TMPDIR": ["--exec", "true"],
        "--check": ["--check", "--prefix", place / "p"],
    }
    words = choices.get(option, [option, place / "p"])
    env = {**os.environ, "TMPDIR": str(place)} if option == "TMPDIR" else None
    done = small.run(*words, env=env)
    assert done.returncode == 7
    assert f"{place}" in done.stderr
    assert "runs no programs: its file system is mounted noexec" in done.stderr
    assert "unpacking" not in done.stderr
    assert everything_below(place) == []


def test_extract_needs_no_place_where_programs_run(small: InstallerFile, mount: Mount) -> None:
    place = mount("noexec")
    done = small.run("--extract", place / "x", env={**os.environ, "TMPDIR": str(place)})
    assert done.returncode == 0, done.stderr
    assert (place / "x/bin/hello").exists()


def test_what_only_tells_finds_a_place_of_its_own(small: InstallerFile, mount: Mount) -> None:
    done = small.run("--list", env={**os.environ, "TMPDIR": str(mount("noexec"))})
    assert done.returncode == 0
    assert "bin/hello" in done.stdout


def test_too_little_room_is_told_before_unpacking(many: InstallerFile, mount: Mount) -> None:
    place = mount("size=16m")
    for words in ([], ["--check"]):
        done = many.run("--prefix", place / "p", *words)
        assert done.returncode == 5
        said = done.stdout + done.stderr
        assert f"no room in {place}/p" in said or f"no room in {place}:" in said
        assert "MB needed" in said
        assert "unpacking" not in said
        assert everything_below(place) == []


def test_too_few_inodes_are_told_before_unpacking(many: InstallerFile, mount: Mount) -> None:
    place = mount("nr_inodes=1000")
    done = many.run("--prefix", place / "p")
    assert done.returncode == 5
    assert "inodes needed" in done.stderr
    assert everything_below(place) == []


@pytest.mark.parametrize("size", ["64k", "1m", "4m"])
def test_room_for_nothing_is_told_too(small: InstallerFile, mount: Mount, size: str) -> None:
    place = mount(f"size={size}")
    done = small.run("--prefix", place / "p")
    assert done.returncode == 5, done.stderr
    assert "no room in" in done.stderr
    assert everything_below(place) == []


def fill_bytes(place: Path) -> None:
    with (place / "others").open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


def fill_inodes(place: Path) -> None:
    (place / "others").mkdir()
    try:
        for number in range(100_000):
            (place / "others" / str(number)).touch()
    except OSError:
        return


@pytest.mark.parametrize(
    ("options", "fill"),
    [("size=80m", fill_bytes), ("nr_inodes=9000", fill_inodes)],
    ids=["bytes", "inodes"],
)
def test_a_disk_that_becomes_full_meanwhile_leaves_nothing(
    many: InstallerFile, mount: Mount, options: str, fill: Callable[[Path], None]
) -> None:
    place = mount(options)
    run = start(many, "--prefix", place / "p")
    wait_until(lambda: is_half_way(place / "p"), "half an install")
    fill(place)
    _, errors = run.communicate(timeout=TIMEOUT_SECONDS)
    assert run.returncode == 5, errors
    assert "became full while unpacking; nothing was left" in errors
    assert [path.name for path in place.iterdir()] == ["others"]


AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sh")


def test_somebody_elses_folder_is_refused(small: InstallerFile, public: Path) -> None:
    file = shared(small, public)
    for option in ("--prefix", "--cache"):
        for folder in (public, public / "new/p"):
            done = file.run(option, folder, by=AS_NOBODY)
            assert done.returncode == 6
            assert f"{folder}" in done.stderr
    assert everything_below(public) == ["file.sh"]


def shared(file: InstallerFile, public: Path) -> InstallerFile:
    """A copy that every user can read."""
    copy = public / "file.sh"
    shutil.copy(file.path, copy)
    return InstallerFile(copy)


def test_a_read_only_home_is_no_hindrance(small: InstallerFile, public: Path, mount: Mount) -> None:
    file = shared(small, public)
    home = mount("ro")
    own = mount("uid=65534,mode=700")
    env = {**os.environ, "HOME": str(home), "TMPDIR": str(own)}
    done = file.run(by=AS_NOBODY, env=env)
    assert done.returncode == 6
    assert f"cannot make the folder {home}/trilho" in done.stderr
    assert file.run("-q", "--prefix", own / "p", by=AS_NOBODY, env=env).returncode == 0
    said = file.run("-q", "--exec", "hello", by=AS_NOBODY, env=env).stdout
    assert said == "hello from 1.2.3: \n"


@pytest.mark.parametrize("option", ["--prefix", "--cache"])
def test_who_may_not_write_runs_what_is_installed(
    small: InstallerFile, public: Path, option: str
) -> None:
    file = shared(small, public)
    place = public / "shared"
    assert file.run("-q", option, place, umask=0o077).returncode == 0
    done = file.run("-q", option, place, "--exec", "hello", "you", by=AS_NOBODY)
    assert done.stdout == "hello from 1.2.3: you\n", done.stderr


@pytest.fixture
def bare(public: Path, workshop: Workshop) -> Root:
    """A root without a C library, /proc and /dev/shm."""
    return make_bare_root(public / "root", workshop.packages)


def test_a_root_without_c_library_and_proc_is_enough(
    bare: Root, small: InstallerFile, many: InstallerFile
) -> None:
    file = bare.put(small.path, "/srv/small.sh")
    other = bare.put(many.path, "/srv/many.sh")
    prefix = "/home/user/a prefix with é"
    assert not bare.path("/proc/self").exists()
    for words in (
        ["--check", "--prefix", prefix],
        ["--prefix", prefix],
        ["--verify", "--prefix", prefix],
        ["--cache", "/srv/cache"],
        ["--list", "--cache", "/srv/cache"],
        ["--license"],
    ):
        done = bare.run("sh", file, *words)
        assert done.returncode == 0, done.stderr
    for words in ([], ["--prefix", prefix], ["--cache", "/srv/cache"]):
        done = bare.run("sh", file, "-q", *words, "--exec", "hello", "you")
        assert done.stdout == "hello from 1.2.3: you\n", done.stderr
    stopped = bare.run("timeout", "-s", "INT", "0.3", "sh", other, "--prefix", "/srv/new/p")
    assert stopped.returncode in {0, 130, 143}, stopped.stderr
    done = bare.run("sh", f"{prefix}/setup.sh", "--uninstall")
    assert done.returncode == 0, done.stderr
    assert bare.run("sh", file, "--cache", "/srv/cache", "--uninstall").returncode == 0
    for folder in ("srv", "tmp"):
        wait_until_tidy(bare.path(folder))
    assert everything_below(bare.path("/home/user")) == []
    assert {path.name for path in bare.path("srv").iterdir()} <= {"small.sh", "many.sh", "new"}
