"""The unit starts the server, stops it and confines it as its comments say."""

import re
import subprocess
from pathlib import Path

import pytest

from deploy.testing.runfile import runfile

TIMEOUT_SECONDS = 60.0
# systemd-analyze's scale goes from 0, best, to 100.
MOST_EXPOSURE = 20
# Where packages install it.
INSTALLED = "/usr/lib/trilho/bin/trilho_server"


def run(*words: object) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end."""
    return subprocess.run(
        list(map(str, words)),
        capture_output=True,
        check=False,
        text=True,
        timeout=TIMEOUT_SECONDS,
    )


@pytest.fixture(scope="module")
def unit() -> Path:
    """The systemd unit."""
    return runfile("deploy/systemd/trilho-server.service")


@pytest.fixture(scope="module")
def program() -> Path:
    """The server that it starts."""
    return runfile("cpp_server/trilho_server")


def settings(unit: Path) -> dict[str, str]:
    """The settings of [Service]; the last one of a name."""
    lines = unit.read_text(encoding="utf-8").split("[Service]\n")[1].split("[Install]\n")[0]
    pairs = [line.partition("=") for line in lines.splitlines() if line and line[0] != "#"]
    return {name: value for name, _, value in pairs}


def start_flags(unit: Path, flags: Path) -> list[str]:
    """What the unit starts the server with, but for another file of flags."""
    program, *words = settings(unit)["ExecStart"].split()
    assert program == INSTALLED
    (given,) = [word for word in words if word.startswith("--flagfile=")]
    return [word.replace(given, f"--flagfile={flags}") for word in words]


def test_the_unit_gives_the_server_flags_that_it_takes(
    unit: Path, program: Path, tmp_path: Path
) -> None:
    flags = tmp_path / "flags"
    flags.write_text("--model_name=m\n--model_base_path=/srv/models/m\n", encoding="utf-8")
    words = start_flags(unit, flags)
    checked = run(program, *words, "--check_config")
    assert checked.returncode == 0, checked.stderr
    # Mistakes, which systemd is not to try again.
    for mistake in ("--model_name=m", "--no_such=1", "--port=many", "m"):
        flags.write_text(f"{mistake}\n", encoding="utf-8")
        mistaken = run(program, *words)
        assert mistaken.returncode == int(settings(unit)["RestartPreventExitStatus"]), mistake


def test_the_unit_waits_longer_than_the_server(unit: Path, program: Path) -> None:
    text = run(program, "--help").stdout
    grace = re.search(r"--shutdown_grace_seconds=(\d+)$", text, re.MULTILINE)
    assert grace, text
    assert int(settings(unit)["TimeoutStopSec"]) > int(grace[1])


def test_the_unit_owns_the_folders_that_flags_may_name(unit: Path) -> None:
    # The example names them in comments, too.
    named = runfile("deploy/server/etc/flags").read_text(encoding="utf-8")
    service = settings(unit)
    owned = {
        f"/var/lib/{service['StateDirectory']}",
        f"/var/log/{service['LogsDirectory']}",
        f"/run/{service['RuntimeDirectory']}",
    }
    written = re.findall(
        r"^#?--(?:access_log|config_state_file|grpc_socket_path)=(\S+)", named, re.MULTILINE
    )
    assert written
    assert {str(Path(path).parent) for path in written} <= owned
    # Requests, and what is served, are nobody else's.
    assert service["LogsDirectoryMode"] == service["StateDirectoryMode"] == "0750"


def test_the_unit_is_what_systemd_takes(unit: Path, program: Path, tmp_path: Path) -> None:
    local = tmp_path / unit.name
    # A program that this machine has.
    text = unit.read_text(encoding="utf-8").replace(INSTALLED, str(program))
    local.write_text(text, encoding="utf-8")
    verified = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", local)
    assert verified.returncode == 0, verified.stderr
    assert verified.stderr == ""
    security = run(
        *["systemd-analyze", "security", "--offline=true", f"--threshold={MOST_EXPOSURE}", local]
    )
    print(security.stdout)
    assert security.returncode == 0, security.stdout + security.stderr
