"""Runs of an installer that tests stop, kill and wait for."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from deploy.installer.small_tree import TIMEOUT_SECONDS, InstallerFile

# Folders of the file of many that tell that unpacking is under way.
FEW = 5


def wait_until(done: Callable[[], bool], what: str) -> None:
    """Waits for what another process does."""
    end = time.monotonic() + TIMEOUT_SECONDS
    while not done():
        assert time.monotonic() < end, what  # noqa: S101  # for tests
        time.sleep(0.01)


def wait_until_tidy(folder: Path) -> None:
    """Waits until no run has anything of its own in a folder."""
    wait_until(lambda: not list(folder.glob(".trilho-*")), f"nothing hidden in {folder}")


def start(file: InstallerFile, *words: object) -> subprocess.Popen[str]:
    """Starts a run, in a session of its own as a terminal or YARN would."""
    return subprocess.Popen(
        file.command(*words),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def is_half_way(folder: Path) -> bool:
    """Says whether a run has unpacked a part of a file of many."""
    return any(len(list(tree.glob("lib/*"))) > FEW for tree in folder.glob(".trilho-part.*/tree"))


def guards_of(folder: Path) -> list[int]:
    """The processes that clean up after those that work in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if any(word.startswith(os.fsencode(folder)) and b"guard.sh" in word for word in words):
            found.append(int(process.name))
    return found


def kill_all(run: subprocess.Popen[str], folder: Path) -> None:
    """Kills a run and who would clean up after it, as a power failure does."""
    for guard in guards_of(folder):
        os.kill(guard, signal.SIGKILL)
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate(timeout=TIMEOUT_SECONDS)
