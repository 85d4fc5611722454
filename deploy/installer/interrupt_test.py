"""An install that is interrupted or killed leaves nothing: at once, or at the next run."""

import os
import signal
import time
from pathlib import Path

import pytest

from deploy.installer.runs import guards_of, is_half_way, kill_all, start, wait_until
from deploy.installer.small_tree import TIMEOUT_SECONDS, InstallerFile, everything_below


@pytest.mark.parametrize(
    "signal_", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda s: s.name
)
@pytest.mark.parametrize("whole_group", [False, True], ids=["one", "group"])
def test_a_signal_half_way_leaves_nothing_and_is_told(
    many: InstallerFile, tmp_path: Path, signal_: signal.Signals, whole_group: bool
) -> None:
    run = start(many, "--prefix", tmp_path / "new/p")
    wait_until(lambda: is_half_way(tmp_path / "new/p"), "half an install")
    if whole_group:
        os.killpg(run.pid, signal_)
    else:
        run.send_signal(signal_)
    _, errors = run.communicate(timeout=TIMEOUT_SECONDS)
    assert run.returncode == 128 + signal_
    assert errors.endswith("trilho: interrupted; nothing was left\n")
    assert everything_below(tmp_path) == []


def test_what_a_killed_run_left_goes_without_it(many: InstallerFile, tmp_path: Path) -> None:
    run = start(many, "--prefix", tmp_path / "new/p")
    wait_until(lambda: is_half_way(tmp_path / "new/p"), "half an install")
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate(timeout=TIMEOUT_SECONDS)
    wait_until(lambda: everything_below(tmp_path) == [], "nothing left")


def test_what_nobody_could_remove_is_swept_by_the_next_run(
    many: InstallerFile, small: InstallerFile, tmp_path: Path
) -> None:
    run = start(many, "--prefix", tmp_path)
    wait_until(lambda: is_half_way(tmp_path), "half an install")
    kill_all(run, tmp_path)
    assert is_half_way(tmp_path)
    done = small.run("--prefix", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "removing what a killed run left" in done.stderr
    assert list(tmp_path.glob(".trilho*")) == []


def test_a_run_that_still_works_is_not_swept(
    many: InstallerFile, small: InstallerFile, tmp_path: Path
) -> None:
    run = start(many, "--cache", tmp_path)
    wait_until(lambda: is_half_way(tmp_path), "half an install")
    os.kill(run.pid, signal.SIGSTOP)
    assert small.run("--cache", tmp_path).returncode == 0
    assert is_half_way(tmp_path)
    os.kill(run.pid, signal.SIGCONT)
    entry, errors = run.communicate(timeout=TIMEOUT_SECONDS)
    assert run.returncode == 0, errors
    assert (Path(entry.strip()) / "lib/099/059").exists()


@pytest.mark.parametrize(
    ("owner", "swept"),
    [
        ("another-host - - 1 -", False),
        ("{host} {boot} pid:[1] 1 1", False),
        ("{host} 00000000-0000-0000-0000-000000000000 {space} 1 1", True),
        ("{host} {boot} {space} 1 1", True),
    ],
    ids=["another host", "another container", "another boot", "another process of the number"],
)
def test_who_is_dead_is_decided_by_host_boot_container_and_start(
    small: InstallerFile, tmp_path: Path, owner: str, swept: bool
) -> None:
    part = tmp_path / ".trilho-part.77.0"
    part.mkdir()
    facts = {
        "host": os.uname().nodename,
        "boot": Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
        "space": str(Path("/proc/self/ns/pid").readlink()),
    }
    (part / "owner").write_text(owner.format(**facts) + "\n")
    small.install(tmp_path)
    assert part.exists() != swept


def test_what_nobody_touched_for_a_day_is_swept_whoever_made_it(
    small: InstallerFile, tmp_path: Path
) -> None:
    part = tmp_path / ".trilho-part.77.0"
    part.mkdir()
    (part / "owner").write_text("another-host - - 1 -\n")
    old = time.time() - 25 * 3600
    os.utime(part / "owner", (old, old))
    small.install(tmp_path)
    assert not part.exists()


def test_no_guard_stays_after_a_run(small: InstallerFile, tmp_path: Path) -> None:
    small.install(tmp_path / "p")
    wait_until(lambda: guards_of(tmp_path) == [], "the guard's end")
