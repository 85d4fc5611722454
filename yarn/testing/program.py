"""Runs the command line on a cluster, and looks at what it has started."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

__all__ = ["Ended", "Job", "Program", "fetch", "wait_for"]

_PATIENCE = 180.0
_T = TypeVar("_T")
_APPLICATION = re.compile(r"application_\d+_\d+")


def wait_for(what: str, look: Callable[[], _T | None], seconds: float = _PATIENCE) -> _T:
    """Returns what `look` finds, when it finds something."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"not seen within {seconds} s: {what}"
        time.sleep(0.2)


@dataclass(frozen=True)
class Ended:
    """A command line that has ended."""

    code: int
    out: str
    err: str

    @property
    def application(self) -> str:
        """The application that it printed."""
        found = _APPLICATION.search(self.out)
        assert found, f"no application in {self.out}{self.err}"
        return found.group()


class Program:
    """The command line, with the configuration of a cluster."""

    def __init__(self, program: Path, environment: dict[str, str]) -> None:
        """Names the program and the variables that lead it to the cluster."""
        self._program = program
        self._environment = {**os.environ, **environment}

    def run(self, *words: str, cwd: Path | None = None, seconds: float = _PATIENCE) -> Ended:
        """Runs a command to its end."""
        done = subprocess.run(
            [self._program, *words],
            env=self._environment,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            timeout=seconds,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Starts a command."""
        return subprocess.Popen(
            [self._program, *words],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def job(self, started: subprocess.Popen[str]) -> Job:
        """Returns the job that a started command has submitted, when it has."""
        assert started.stdout
        for line in started.stdout:
            if _APPLICATION.fullmatch(line.strip()):
                return Job(self, line.strip())
        raise AssertionError(f"no job was submitted: {started.communicate()}")

    def submit(self, *words: str) -> Job:
        """Submits a job and does not wait for it."""
        done = self.run("submit", "--detach", *words)
        assert done.code == 0, done
        return Job(self, done.application)


class Job:
    """A job that was submitted."""

    def __init__(self, program: Program, application: str) -> None:
        """Names it."""
        self._program = program
        self.application = application

    def status(self) -> dict[str, Any]:
        """Returns what the command line says of it."""
        done = self._program.run("status", "--json", self.application)
        assert done.code == 0, done
        status: dict[str, Any] = json.loads(done.out)
        return status

    def wait(self, seconds: float = _PATIENCE) -> dict[str, Any]:
        """Returns its status when it has ended."""

        def look() -> dict[str, Any] | None:
            status = self.status()
            return status if "outcome" in status else None

        return wait_for(f"the end of {self.application}", look, seconds)

    def wait_for_master(self, attempt: int = 1) -> dict[str, Any]:
        """Returns what its ApplicationMaster says, when all its tasks run."""

        def look() -> dict[str, Any] | None:
            job: dict[str, Any] = self.status().get("job") or {}
            stages = {task["stage"] for task in job.get("tasks", [])}
            return job if stages == {"RUNNING"} and job["attempt"] >= attempt else None

        return wait_for(f"all tasks of {self.application} running", look)

    def processes(self, marker: str) -> list[int]:
        """Returns the processes of its containers whose environment has a text."""
        return [
            pid for pid, text in _environments() if self.application[12:] in text and marker in text
        ]

    def commands(self, role: str, index: int) -> list[int]:
        """Returns the processes of a task's command."""
        return [
            pid
            for pid in self.processes(f"\0TRILHO_INDEX={index}\0")
            if f"\0TRILHO_ROLE={role}\0" in _environment(pid)
        ]

    def javas(self, main: str) -> list[int]:
        """Returns the processes of its containers that run a Java class."""
        return [
            pid
            for pid in self.processes("")
            if main in _words(pid) and _words(pid)[0].endswith("/java")
        ]


def _environment(pid: int) -> str:
    try:
        return f"\0{Path(f'/proc/{pid}/environ').read_text(errors='replace')}"
    except OSError:
        return ""


def _environments() -> list[tuple[int, str]]:
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    return [(pid, _environment(pid)) for pid in pids]


def _words(pid: int) -> Sequence[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
    except OSError:
        return [""]


def fetch(url: str) -> str:
    """Returns a page."""
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - the cluster's pages
        text: str = answer.read().decode()
        return text
