"""The tarball on a machine without a C library: unpacked by what is there, checked, and serving."""

import re
import subprocess
from pathlib import Path

import pytest

from deploy.testing.bare_root import USER, BareRoot, busybox_root
from deploy.testing.runfile import runfile
from deploy.testing.served import MODEL, ask, copy_model, served

# Promised by the release.
MOST_BYTES = 150_000_000
HOME = "/srv/a folder, ã/trilho-server-0.1.0"


@pytest.fixture(scope="module")
def tarball() -> Path:
    """What was built."""
    (found,) = runfile("deploy/server").glob("*.tar.xz")
    return found


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, tarball: Path) -> BareRoot:
    """A root of busybox, in which nobody in particular has unpacked the tarball."""
    made = busybox_root(tmp_path_factory.mktemp("root") / "busybox")
    (made.path / "srv").mkdir(mode=0o777)
    (made.path / "srv").chmod(0o1777)
    made.put(tarball, "/tarball.tar.xz")
    made.run("mkdir", "-p", HOME.rpartition("/")[0], user=USER)
    # -J: busybox does not look at names.
    made.run("tar", "-xJf", "/tarball.tar.xz", "-C", HOME.rpartition("/")[0], user=USER)
    (made.path / "tarball.tar.xz").unlink()
    return made


def test_it_is_as_small_as_promised(tarball: Path) -> None:
    assert tarball.stat().st_size <= MOST_BYTES


def test_every_file_is_what_the_sums_say(root: BareRoot) -> None:
    root.run("sh", "-c", 'cd "$1" && sha256sum -c -s SHA256SUMS', "sh", HOME, user=USER)
    folder = root.path / HOME.lstrip("/")
    named = {line.split("  ", 1)[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert named == there - {"SHA256SUMS"}


def test_its_programs_need_nothing_that_it_has_not(root: BareRoot) -> None:
    folder = root.path / HOME.lstrip("/")
    programs = [
        path
        for path in folder.rglob("*")
        if path.is_file() and path.open("rb").read(4) == b"\x7fELF"
    ]
    own = {path.name for path in programs}
    assert {"trilho_server", "healthcheck", "libtensorflow_cc.so.2", "libc.so.6"} <= own
    for program in programs:
        read = subprocess.run(
            ["readelf", "-d", program], check=True, capture_output=True, text=True
        )
        needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", read.stdout))
        assert needed <= own, program


def test_it_runs_where_there_is_no_c_library(root: BareRoot) -> None:
    version = root.run(f"{HOME}/bin/trilho_server", "--version", user=USER).stdout
    assert re.match(r"Trilho \d+\.\d+\.\d+\nTensorFlow ", version)
    root.run("ln", "-s", f"{HOME}/bin/trilho_server", "/srv/trilho_server", user=USER)
    assert root.run("/srv/trilho_server", "--version", user=USER).stdout == version


def test_it_serves_there_and_after_a_move(root: BareRoot, tmp_path: Path) -> None:
    copy_model(root.path / "srv/models" / MODEL)
    flags = ["--port=0", "--rest_api_port=-1", "--bind_address=127.0.0.1"]
    model = [f"--model_name={MODEL}", f"--model_base_path=/srv/models/{MODEL}"]
    moved = "/srv/moved"
    for home in (HOME, moved):
        words = root.words(f"{home}/bin/trilho_server", *flags, *model, user=USER)
        with served(words, tmp_path / "log") as ports:
            ask(ports)
            health = [
                f"{home}/lib/native/ld-linux-x86-64.so.2",
                "--library-path",
                f"{home}/lib/native",
            ]
            root.run(*health, f"{home}/libexec/healthcheck", ports.http, user=USER)
        if home == HOME:
            root.run("mv", HOME, moved, user=USER)
