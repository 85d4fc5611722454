"""The real files in real systems: without a C library, with musl, Debian's oldest and newest.

In each: check, install, verify, and the main job: convert, train, export, serve, query by gRPC and
REST. The job runs on this machine, too.
"""

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from runfiles import Runfiles

from deploy.installer.roots import root as roots
from deploy.installer.roots.root import Root
from deploy.installer.runs import wait_until_tidy
from deploy.installer.small_tree import InstallerFile, Workshop

PREFIX = "/home/user/a prefix with é"
FILE = "/srv/trilho.sh"
STARTS = 64
# The archive's oldest suite is the oldest that it still serves.
OLDEST, NEWEST = "bullseye", "sid"

pytestmark = pytest.mark.usefixtures("needs_root")


def runfile(path: str) -> Path:
    runfiles = Runfiles.Create()
    found = runfiles and runfiles.Rlocation(path)
    assert found, path
    return Path(found)


@pytest.fixture(scope="session")
def files() -> dict[str, InstallerFile]:
    """The real files, by profile."""
    made = [InstallerFile(runfile(f"trilho/{name}")) for name in os.environ["INSTALLERS"].split()]
    return {"core" if "-core-" in file.path.name else "full": file for file in made}


@pytest.fixture(scope="session")
def full(files: dict[str, InstallerFile]) -> InstallerFile:
    return files["full"]


def make_root(name: str, folder: Path, packages: Path) -> Root:
    """A root by its name."""
    makers: dict[str, Callable[[], Root]] = {
        "no C library": lambda: roots.make_bare_root(folder, packages),
        "musl": lambda: roots.make_musl_root(folder, packages),
    }
    make = makers.get(name, lambda: roots.make_debian_root(folder, name))
    return make()


@pytest.fixture(scope="session", params=["no C library", "musl", OLDEST, NEWEST])
def root(request: pytest.FixtureRequest, workshop: Workshop, full: InstallerFile) -> Iterator[Root]:
    """One system after the other, with the file and the data."""
    folder = Path(tempfile.mkdtemp(prefix="trilho-root-"))
    folder.chmod(0o755)
    made = make_root(request.param, folder / "root", workshop.packages)
    made.put(full.path, FILE)
    made.put(runfile("trilho/deploy/installer/roots/job.py"), "/srv/job.py")
    made.put(runfile("datasets/data/adult.parquet.brotli"), "/srv/data/adult.parquet.brotli")
    yield made
    roots.remove_root(made)
    shutil.rmtree(folder)


def check(done: subprocess.CompletedProcess[str]) -> str:
    """What a command has said, if it went well."""
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_installs_and_verifies_without_proc_and_shm(root: Root) -> None:
    assert list(root.path("/proc").iterdir()) == []
    check(root.run("/bin/sh", FILE, "--check", "--prefix", PREFIX))
    begin = time.monotonic()
    check(root.run("/bin/sh", FILE, "--quiet", "--prefix", PREFIX))
    installed = round(time.monotonic() - begin, 1)
    check(root.run("/bin/sh", FILE, "--verify", "--prefix", PREFIX))
    print(f"\ninstalled in {installed} s")
    check(root.run(f"{PREFIX}/bin/trilho", "--version"))


def test_the_main_job_without_shm(root: Root) -> None:
    # TensorFlow, as it trains and serves, wants to know its program's name from /proc.
    words = [f"{PREFIX}/bin/python", "/srv/job.py", PREFIX, "/srv/data", "/srv/job"]
    figures = json.loads(check(root.run(*words, proc=True)).splitlines()[-1])
    print(f"\n{figures}")
    assert figures["accuracy"] > 0.7


def test_several_processes_convert_without_shm(root: Root) -> None:
    table = ["/srv/data/adult.parquet.brotli", "/srv/rows", "--rows-per-shard", 9000]
    check(root.run(f"{PREFIX}/bin/trilho", "convert", *table, "--processes", 2, proc=True))
    assert len(list(root.path("/srv/rows").glob("part-*-of-00006.tfrecord.gz"))) == 6


def test_the_programs_map_no_library_of_the_system(root: Root) -> None:
    script = "import tensorflow\nprint(open('/proc/self/maps').read())"
    maps = check(root.run(f"{PREFIX}/bin/python", "-c", script, proc=True))
    loaded = {line.split(maxsplit=5)[5] for line in maps.splitlines() if ".so" in line}
    assert loaded
    assert all(f"{PREFIX}/versions/" in name for name in loaded), loaded


WAYS = """
import locale, multiprocessing, ssl, subprocess, sys, zoneinfo
def square(x): return x * x
if __name__ == "__main__":
    for way in ("spawn", "fork", "forkserver"):
        with multiprocessing.get_context(way).Pool(2) as pool:
            assert pool.map(square, [2, 3]) == [4, 9]
    subprocess.run([sys.executable, "-c", "import numpy"], check=True)
    assert ssl.create_default_context().cert_store_stats()["x509_ca"] > 50
    assert str(zoneinfo.ZoneInfo("America/Sao_Paulo"))
    locale.setlocale(locale.LC_ALL, "C.utf8")
    venv = [sys.executable, "-m", "venv", "--system-site-packages", "/srv/venv"]
    subprocess.run(venv, check=True)
    subprocess.run(["/srv/venv/bin/python", "-c", "import tensorflow"], check=True)
"""


def test_the_usual_ways_of_python_work(root: Root) -> None:
    root.path("/srv/ways.py").write_text(WAYS)
    # multiprocessing's locks are POSIX semaphores, which live in /dev/shm.
    check(root.run(f"{PREFIX}/bin/python", "/srv/ways.py", proc=True, shm=True))


def test_what_the_host_sets_does_no_harm(root: Root) -> None:
    names = ("LD_LIBRARY_PATH", "LD_PRELOAD", "PYTHONPATH", "PYTHONHOME")
    harm = [f"{name}=/srv/harm" for name in names]
    root.path("/srv/harm").mkdir(exist_ok=True)
    root.path("/srv/harm/numpy.py").write_text("raise SystemExit('harm')")
    check(
        root.run(
            "/usr/bin/env" if root.path("/usr/bin/env").exists() else "/bin/env",
            *harm,
            f"{PREFIX}/bin/python",
            "-c",
            "import numpy",
        )
    )


def test_the_folder_may_be_moved(root: Root) -> None:
    moved = "/home/user/moved"
    root.path(PREFIX).rename(root.path(moved))
    try:
        check(root.run(f"{moved}/bin/trilho", "--version"))
        check(root.run(f"{moved}/bin/trilho_server", "--version"))
    finally:
        root.path(moved).rename(root.path(PREFIX))


def test_a_command_from_a_temporary_install_leaves_nothing(root: Root) -> None:
    words = ["/bin/sh", FILE, "--quiet", "--exec", "trilho", "--version"]
    assert check(root.run(*words)).startswith("trilho ")
    wait_until_tidy(root.path("tmp"))


def test_uninstall_leaves_nothing(root: Root) -> None:
    check(root.run("/bin/sh", f"{PREFIX}/setup.sh", "--uninstall"))
    assert list(root.path("/home/user").iterdir()) == []


def test_the_main_job_on_this_machine(files: dict[str, InstallerFile], tmp_path: Path) -> None:
    job = runfile("trilho/deploy/installer/roots/job.py")
    table = runfile("datasets/data/adult.parquet.brotli").parent
    files["full"].install(tmp_path / "p")
    words = [tmp_path / "p/bin/python", job, tmp_path / "p", table, tmp_path / "job"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=1200, check=False)
    print(check(done).splitlines()[-1])


def test_64_starts_share_one_install_of_the_real_file(full: InstallerFile, tmp_path: Path) -> None:
    runs = [
        subprocess.Popen(
            full.command("-q", "--cache", tmp_path, "--exec", "trilho", "--version"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(STARTS)
    ]
    said = [run.communicate(timeout=1800) for run in runs]
    assert {(out.split()[0], errors) for out, errors in said} == {("trilho", "")}
    assert len(list(tmp_path.glob("trilho-*"))) == 1


def test_the_core_file_trains(files: dict[str, InstallerFile], tmp_path: Path) -> None:
    table = runfile("datasets/data/adult.parquet.brotli").parent
    train = ["trilho", "train", "census", "--data", table, "--steps", "20"]
    words = ["--quiet", "--cache", tmp_path / "c", "--exec", *train, "--export", tmp_path / "m"]
    check(files["core"].run(*words))
    assert (tmp_path / "m/census/1/manifest.json").exists()
