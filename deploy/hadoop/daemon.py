"""Runs one daemon as a process of its own, which outlives the command that started it."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.hadoop.configuration import configuration_of, java_home_of
from deploy.hadoop.parts import Parts
from deploy.hadoop.plan import Daemon, Plan
from deploy.hadoop.processes import CLUSTER_VARIABLE, NODE_VARIABLE, start_ticks
from deploy.hadoop.state import State, write

__all__ = ["OPTIONS_VARIABLE", "Process", "environment_of", "java_words", "last_lines"]

# Further options of Java, for daemons and clients; the last of two that contradict each other wins.
OPTIONS_VARIABLE = "TRILHO_HADOOP_JAVA_OPTIONS"
_KEPT = ("HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "TMPDIR", "TZ", "USER")
_LINES = 20
# The first module whose insides Hadoop looks at.
_MODULES = 9


def java_words(parts: Parts, *, heap_mb: int, class_path: Sequence[Path]) -> list[str]:
    """Returns the words that run Java with Hadoop's jars behind `class_path`."""
    opened = ["--add-opens=java.base/java.lang=ALL-UNNAMED"] if parts.java.major >= _MODULES else []
    return [
        str(parts.java.program),
        f"-Xmx{heap_mb}m",
        "-XX:+UseSerialGC",
        # A start takes half the time of a CPU: most of this code runs once.
        "-XX:TieredStopAtLevel=1",
        # Else it leaves files in /tmp.
        "-XX:-UsePerfData",
        *opened,
        "-Djava.net.preferIPv4Stack=true",
        *shlex.split(os.environ.get(OPTIONS_VARIABLE, "")),
        "-classpath",
        ":".join([*map(str, class_path), f"{parts.jars}/*"]),
    ]


def environment_of(state: State, parts: Parts) -> dict[str, str]:
    """Returns the environment that daemons and clients share: little of the caller's."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        **kept,
        "JAVA_HOME": str(parts.java.home),
        "HADOOP_CONF_DIR": str(state.conf),
    }


@dataclass(frozen=True)
class Process:
    """A daemon's process, known by a file in the state folder.

    The file has the process's number and when it started: another process that comes to have the
    same number is not taken for it.
    """

    state: State
    plan: Plan
    daemon: Daemon

    @property
    def _file(self) -> Path:
        return self.state.run / f"{self.daemon.name}.json"

    def was_started(self) -> bool:
        """Tells whether it was started and not stopped since: it should run."""
        return self._file.exists()

    def pid(self) -> int | None:
        """Returns the number of the process, None if it does not run."""
        try:
            known = json.loads(self._file.read_text())
        except FileNotFoundError:
            return None
        _reap(known["pid"])
        return known["pid"] if start_ticks(known["pid"]) == known["started"] else None

    def started_at(self) -> float:
        """Returns the wall clock's time of the start, in seconds."""
        return float(json.loads(self._file.read_text())["time"])

    def start(self, parts: Parts, *, tied: bool) -> int:
        """Starts the process and returns its number; its logs are begun anew.

        Args:
            parts: What it consists of.
            tied: It gets SIGTERM when this process ends, in whatever way.
        """
        self._turn_logs()
        words = self.words(parts)
        if tied:
            words = ["setpriv", "--pdeathsig", "TERM", *words]
        now = time.time()
        with self.state.output(self.daemon.name).open("wb") as output:
            process = subprocess.Popen(
                words,
                cwd=self.state.folder,
                env=self.environment(parts),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        # A process that nobody waited for keeps its number, so that this cannot be another's.
        started = start_ticks(process.pid)
        record = {"pid": process.pid, "started": started, "time": now}
        write(self._file, json.dumps(record) + "\n")
        # It is waited for by its number: whoever stops it may be another command.
        process.returncode = 0
        return process.pid

    def words(self, parts: Parts) -> list[str]:
        """Returns the command line."""
        temporary = self.state.temporary / self.daemon.name
        temporary.mkdir(parents=True, exist_ok=True)
        folder = configuration_of(self.state, self.daemon)
        java = java_words(
            parts, heap_mb=self.plan.heap_mb, class_path=[folder, self.state.conf, parts.executor]
        )
        return [
            *java[:1],
            # The word that ps shows first.
            f"-Dtrilho.daemon={self.daemon.name}",
            f"-Djava.io.tmpdir={temporary}",
            f"-Dhadoop.log.dir={self.state.logs}",
            f"-Dtrilho.log={self.state.log(self.daemon.name)}",
            f"-Dlog4j.configuration=file://{self.state.conf}/daemon-log4j.properties",
            *java[1:],
            self.daemon.kind.main_class,
        ]

    def environment(self, parts: Parts) -> Mapping[str, str]:
        """Returns the environment, of which containers get what the configuration lists."""
        return {
            **environment_of(self.state, parts),
            "JAVA_HOME": str(java_home_of(self.state, self.daemon, parts)),
            CLUSTER_VARIABLE: str(self.state.folder),
            NODE_VARIABLE: self.daemon.name,
        }

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal, if the process is there."""
        if pid := self.pid():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                return

    def forget(self) -> None:
        """Notes that it is not meant to run."""
        self._file.unlink(missing_ok=True)

    def _turn_logs(self) -> None:
        """Keeps the logs of the run before under names that end with .old."""
        self.state.logs.mkdir(parents=True, exist_ok=True)
        for file in (self.state.log(self.daemon.name), self.state.output(self.daemon.name)):
            if file.exists():
                file.rename(file.with_name(file.name + ".old"))


def _reap(pid: int) -> None:
    """Ends what is left of a child of this process that has ended."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def last_lines(state: State, daemon: str, count: int = _LINES) -> str:
    """Returns the last lines that tell why a daemon ended, without stacks and banners.

    The file with what it printed comes first: if Java itself does not start, the log is empty.
    """
    lines: list[str] = []
    for file in (state.output(daemon), state.log(daemon)):
        if file.exists():
            lines += file.read_text(errors="replace").splitlines()
    telling = [
        line
        for line in lines
        if line.strip() and not line.startswith(("\tat ", "\t... ", "/***", "***"))
    ]
    return "\n".join(f"    {line[:300]}" for line in telling[-count:])
