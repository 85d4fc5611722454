"""--exec: a command runs as if started itself, and what it ran from is gone afterwards."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from deploy.installer.runs import guards_of, wait_until, wait_until_tidy
from deploy.installer.small_tree import TIMEOUT_SECONDS, InstallerFile, everything_below


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Temporary installs go to a folder of the test's."""
    (tmp_path / "tmp").mkdir()
    return {**os.environ, "TMPDIR": str(tmp_path / "tmp")}


def is_empty(folder: Path) -> bool:
    return everything_below(folder) == []


def test_the_programs_are_first_on_the_path_and_gone_afterwards(
    small: InstallerFile, tmp_path: Path, env: dict[str, str]
) -> None:
    done = small.run("--quiet", "--exec", "hello", "a  b", "--quiet", env=env)
    assert done.returncode == 0
    assert done.stdout == "hello from 1.2.3: a  b --quiet\n"
    assert done.stderr == ""
    wait_until(lambda: is_empty(tmp_path / "tmp"), "nothing left")


def test_code_input_output_and_umask_are_those_of_the_command(
    small: InstallerFile, tmp_path: Path, env: dict[str, str]
) -> None:
    script = "cat; umask; echo oops >&2; exit 7"
    done = small.run("-q", "--exec", "sh", "-c", script, env=env, stdin="read\n", umask=0o027)
    assert (done.returncode, done.stdout, done.stderr) == (7, "read\n0027\n", "oops\n")
    wait_until(lambda: is_empty(tmp_path / "tmp"), "nothing left")


def test_the_environment_is_the_callers_but_for_the_path(
    small: InstallerFile, env: dict[str, str]
) -> None:
    # Names that a shell program would take for itself.
    names = ("version", "prefix", "file", "mode", "work", "name", "code", "PREFIX", "VERSION")
    env |= {name: f"the caller's {name}" for name in names} | {"LD_LIBRARY_PATH": "/nowhere"}
    done = small.run("-q", "--exec", "/usr/bin/env", "-0", env=env)
    seen = dict(entry.split("=", 1) for entry in done.stdout.split("\0") if entry)
    ignored = {"PATH", "_", "SHLVL", "OLDPWD", "PWD"}
    # No shell but bash hands on a name that is no variable's, such as those of bash's functions.
    expected = {n: v for n, v in env.items() if n not in ignored and n.isidentifier()}
    assert {n: v for n, v in seen.items() if n not in ignored and n.isidentifier()} == expected
    assert seen["PATH"].endswith(f":{env['PATH']}")


def test_the_machines_programs_are_not_replaced_by_busyboxs(
    small: InstallerFile, env: dict[str, str]
) -> None:
    assert "GNU coreutils" in small.run("-q", "--exec", "ls", "--version", env=env).stdout


@pytest.mark.parametrize(
    ("command", "code", "reason"),
    [
        ("no-such-program", 127, "there is no program no-such-program"),
        ("/etc/passwd", 126, "/etc/passwd may not be run"),
    ],
)
def test_a_command_that_cannot_be_run_is_named(
    small: InstallerFile,
    tmp_path: Path,
    env: dict[str, str],
    command: str,
    code: int,
    reason: str,
) -> None:
    done = small.run("-q", "--exec", command, env=env)
    assert done.returncode == code
    assert reason in done.stderr
    assert is_empty(tmp_path / "tmp")


def start_command(
    file: InstallerFile, tmp_path: Path, env: dict[str, str], *, prepare: str, script: str
) -> subprocess.Popen[str]:
    """Starts a command in a session of its own, as YARN does, and waits until it is prepared."""
    run = subprocess.Popen(
        file.command("-q", "--exec", "sh", "-c", f"{prepare}; touch {tmp_path}/runs; {script}"),
        env=env,
        start_new_session=True,
        text=True,
    )
    wait_until((tmp_path / "runs").exists, "the command runs")
    return run


@pytest.mark.parametrize(
    "signal_", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1], ids=lambda s: s.name
)
def test_the_command_gets_the_signal_itself(
    small: InstallerFile, tmp_path: Path, env: dict[str, str], signal_: signal.Signals
) -> None:
    trap = f"trap 'exit 42' {signal_.name.removeprefix('SIG')}"
    run = start_command(small, tmp_path, env, prepare=trap, script="while :; do sleep 0.1; done")
    run.send_signal(signal_)
    assert run.wait(TIMEOUT_SECONDS) == 42
    wait_until(lambda: is_empty(tmp_path / "tmp"), "nothing left")


def test_yarns_way_to_stop_a_container_leaves_nothing(
    many: InstallerFile, tmp_path: Path, env: dict[str, str]
) -> None:
    deaf = "while :; do sleep 0.1; done"
    run = start_command(many, tmp_path, env, prepare="trap '' TERM", script=deaf)
    assert not is_empty(tmp_path / "tmp")
    os.killpg(run.pid, signal.SIGTERM)
    time.sleep(0.25)
    os.killpg(run.pid, signal.SIGKILL)
    assert run.wait(TIMEOUT_SECONDS) == -signal.SIGKILL
    wait_until(lambda: is_empty(tmp_path / "tmp"), "nothing left")


def test_stopped_while_it_unpacks_it_leaves_nothing(
    many: InstallerFile, tmp_path: Path, env: dict[str, str]
) -> None:
    run = subprocess.Popen(many.command("-q", "--exec", "true"), env=env, start_new_session=True)
    wait_until(lambda: any((tmp_path / "tmp").glob(".trilho-part.*/tree/lib/*")), "half an install")
    os.killpg(run.pid, signal.SIGTERM)
    time.sleep(0.25)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait(TIMEOUT_SECONDS)
    wait_until(lambda: is_empty(tmp_path / "tmp"), "nothing left")


def test_what_still_runs_keeps_its_files(
    small: InstallerFile, tmp_path: Path, env: dict[str, str]
) -> None:
    # A command may close what it inherits, as daemons do.
    run = start_command(small, tmp_path, env, prepare="exec 9>&-", script="sleep 3; hello still")
    wait_until(lambda: guards_of(tmp_path / "tmp") != [], "a guard")
    assert run.wait(TIMEOUT_SECONDS) == 0
    wait_until(lambda: is_empty(tmp_path / "tmp"), "nothing left")


def test_a_prefix_or_a_cache_stays(
    small: InstallerFile, tmp_path: Path, env: dict[str, str]
) -> None:
    for place in ("--prefix", "--cache"):
        folder = tmp_path / place
        done = small.run("-q", place, folder, "--exec", "hello", env=env)
        assert done.stdout == "hello from 1.2.3: \n", done.stderr
        wait_until_tidy(folder)
        assert len(list(folder.rglob("hello"))) >= 1
    assert is_empty(tmp_path / "tmp")
