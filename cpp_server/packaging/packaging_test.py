"""What is packaged is complete, and is started and stopped as unit and Containerfile say."""

import json
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from runfiles import Runfiles

TIMEOUT_SECONDS = 60.0
# Of libc6, libstdc++6 and libgcc-s1.
IN_THE_BASE = re.compile(r"(ld-linux-x86-64|lib(c|m|dl|rt|pthread|stdc\+\+|gcc_s))\.so\.\d+")
# systemd-analyze's scale goes from 0, best, to 100.
MOST_EXPOSURE = 20

INSTALLED = "usr/lib/trilho/bin/trilho_server"


def run(*words: object, umask: int = -1) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end."""
    return subprocess.run(
        list(map(str, words)),
        capture_output=True,
        check=False,
        text=True,
        timeout=TIMEOUT_SECONDS,
        umask=umask,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What `assemble` makes."""
    runfiles = Runfiles.Create()
    assemble = runfiles and runfiles.Rlocation("trilho/cpp_server/packaging/assemble")
    assert assemble
    made = tmp_path_factory.mktemp("packaging") / "context"
    words = ["env", f"RUNFILES_DIR={Path(assemble).parents[3]}", assemble, made]
    # As careful administrators have it.
    done = run(*words, umask=0o077)
    assert done.returncode == 0, done.stderr
    assert run(*words).returncode == 2
    yield made
    # It is large.
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def container(folder: Path) -> dict[str, list[str]]:
    """The Containerfile's instructions, by name."""
    instructions: dict[str, list[str]] = {}
    for line in (folder / "Containerfile").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            instructions.setdefault(name, []).append(rest)
    return instructions


@pytest.fixture(scope="module")
def unit(folder: Path) -> Path:
    """The systemd unit."""
    return folder / "rootfs/usr/lib/systemd/system/trilho-server.service"


def settings(unit: Path) -> list[tuple[str, str]]:
    """All settings of [Service], in their order."""
    lines = unit.read_text(encoding="utf-8").split("[Service]\n")[1].split("[Install]\n")[0]
    pairs = [line.partition("=") for line in lines.splitlines() if line and line[0] != "#"]
    return [(name, value) for name, _, value in pairs]


def test_nothing_but_the_base_is_missing(folder: Path) -> None:
    root = folder / "rootfs"
    binaries = [root / INSTALLED, *root.rglob("*.so.*")]
    own = {path.name for path in binaries}
    assert len(own) == 3, own
    for binary in binaries:
        assert not binary.is_symlink()
        for name in re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "-d", binary).stdout):
            assert name in own or IN_THE_BASE.fullmatch(name), f"{binary.name} needs {name}"
    # It finds those that come with it where they are packaged.
    found = re.findall(r"libtensorflow\S+ => (\S+)", run("ldd", root / INSTALLED).stdout)
    assert len(found) == 2
    assert all(Path(path).resolve().is_relative_to(root.resolve()) for path in found), found


def test_everybody_can_read_what_is_packaged(folder: Path) -> None:
    # Neither the container nor the service runs as who assembled it, or as root.
    root = folder / "rootfs"
    for path in (root, *root.rglob("*")):
        program = path.is_dir() or path == root / INSTALLED
        assert path.stat().st_mode & 0o777 == (0o755 if program else 0o644), path


def test_the_container_has_what_it_copies_and_starts(
    folder: Path, container: dict[str, list[str]]
) -> None:
    for copy in container["COPY"]:
        *sources, _ = copy.split()
        assert sources
        assert all((folder / source).exists() for source in sources), copy
    program, *flags = json.loads(container["ENTRYPOINT"][0])
    assert (folder / f"rootfs{program}").is_file()
    exposed = set(container["EXPOSE"][0].split())
    assert {flag.partition("=")[2] for flag in flags} == exposed
    checked = run(
        folder / f"rootfs{program}", *flags, *json.loads(container["CMD"][0]), "--check_config"
    )
    assert checked.returncode == 0, checked.stderr
    assert run(folder / f"rootfs{program}", *flags, "--no_such", "--check_config").returncode == 2
    assert int(container["USER"][0].split(":")[0]) > 0


def test_the_containers_health_is_the_servers_readiness(
    folder: Path, container: dict[str, list[str]], tmp_path: Path
) -> None:
    words = json.loads(container["HEALTHCHECK"][0].partition(" CMD ")[2])
    (tmp_path / "models.config").write_text("model_config_list {}", encoding="utf-8")
    log = tmp_path / "log"

    def is_healthy(port: str) -> bool:
        return run(*[word.replace("8501", port) for word in words]).returncode == 0

    with log.open("wb") as out:
        server = subprocess.Popen(
            [
                folder / "rootfs" / INSTALLED,
                *["--port=0", "--rest_api_port=-1", "--lame_duck_seconds=30"],
                f"--model_config_file={tmp_path / 'models.config'}",
            ],
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not (found := re.search(r"serving HTTP on port (\d+)", log.read_text())):
            assert time.monotonic() < deadline, log.read_text()
            assert server.poll() is None, log.read_text()
            time.sleep(0.05)
        port = found[1]
        while not is_healthy(port):
            assert time.monotonic() < deadline, log.read_text()
        server.send_signal(signal.SIGTERM)
        while is_healthy(port):
            assert time.monotonic() < deadline, log.read_text()
        # At once.
        server.send_signal(signal.SIGTERM)
        assert server.wait(TIMEOUT_SECONDS) == 0
        assert not is_healthy(port), "nobody is there"
    finally:
        server.kill()
        server.wait()


def test_the_unit_starts_what_is_packaged(folder: Path, unit: Path, tmp_path: Path) -> None:
    flags = tmp_path / "flags"
    flags.write_text("--model_name=m\n--model_base_path=/srv/models/m\n", encoding="utf-8")
    start = dict(settings(unit))["ExecStart"].split()
    (given,) = [word for word in start if word.startswith("--flagfile=")]
    words = [word.replace(given, f"--flagfile={flags}") for word in start[1:]]
    program = folder / f"rootfs{start[0]}"
    checked = run(program, *words, "--check_config")
    assert checked.returncode == 0, checked.stderr
    # Mistakes, which systemd is not to try again.
    for mistake in ("--model_name=m", "--no_such=1", "--port=many", "m"):
        flags.write_text(f"{mistake}\n", encoding="utf-8")
        mistaken = run(program, *words)
        assert mistaken.returncode == int(dict(settings(unit))["RestartPreventExitStatus"]), mistake


def test_the_unit_waits_longer_than_the_server(folder: Path, unit: Path) -> None:
    text = run(folder / "rootfs" / INSTALLED, "--help").stdout
    grace = re.search(r"--shutdown_grace_seconds=(\d+)$", text, re.MULTILINE)
    assert grace, text
    assert int(dict(settings(unit))["TimeoutStopSec"]) > int(grace[1])


def test_the_unit_is_what_systemd_takes(folder: Path, unit: Path, tmp_path: Path) -> None:
    local = tmp_path / unit.name
    text = unit.read_text(encoding="utf-8")
    local.write_text(text.replace("/usr/lib/trilho", f"{folder}/rootfs/usr/lib/trilho"))
    verified = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", local)
    assert verified.returncode == 0, verified.stderr
    assert verified.stderr == ""
    security = run(
        *["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSURE}", local]
    )
    print(security.stdout)
    assert security.returncode == 0, security.stdout + security.stderr
