"""Brings daemons up: formats HDFS, starts processes, and waits until they are ready."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence

from deploy.hadoop import processes
from deploy.hadoop.daemon import Process, environment_of, java_words, last_lines
from deploy.hadoop.errors import ClusterError
from deploy.hadoop.node_root import NodeRoot
from deploy.hadoop.parts import Parts
from deploy.hadoop.plan import Daemon, Kind, Plan
from deploy.hadoop.ports import describe_owner, is_taken
from deploy.hadoop.readiness import SilentError, ask, not_ready
from deploy.hadoop.state import State

__all__ = ["Launch"]

_POLL = 0.2
# Silence that makes people wonder.
_QUIET = 10.0


class Launch:
    """One start.

    Attributes:
        started: The processes that it has started, for whoever must end them if it fails.
    """

    def __init__(
        self,
        state: State,
        plan: Plan,
        parts: Parts,
        report: Callable[[str], None],
        *,
        tied: bool,
    ) -> None:
        self._state = state
        self._plan = plan
        self._parts = parts
        self._report = report
        self._tied = tied
        self.started: list[Process] = []

    def start(self, daemons: Sequence[Daemon], seconds: float) -> None:
        """Starts those of the daemons that do not run, and waits for all.

        Raises:
            ClusterError: One of them cannot be started, ends, or is not ready in time.
        """
        began = time.monotonic()
        deadline = began + seconds
        every = [Process(self._state, self._plan, daemon) for daemon in daemons]
        waiting = [process for process in every if process.pid() is None]
        for process in every:
            if process not in waiting:
                self._report(f"{process.daemon.name} runs already")
        self._check_ports(process.daemon for process in waiting)
        self._prepare(process.daemon for process in waiting)
        formatting = self._begin_format() if self._has_namenode(waiting) else None
        try:
            # YARN needs HDFS only when applications come.
            later = [] if formatting is None else self._of(waiting, Kind.NAMENODE, Kind.DATANODE)
            for process in waiting:
                if process not in later:
                    self._start(process)
            if formatting is not None:
                self._end_format(formatting, deadline)
            for process in later:
                self._start(process)
        finally:
            if formatting is not None and formatting.poll() is None:
                formatting.kill()
                formatting.wait()
        self._wait(every, began, deadline)
        if self._has_namenode(waiting):
            self._make_folders(deadline)

    def _of(self, chosen: Iterable[Process], *kinds: Kind) -> list[Process]:
        return [process for process in chosen if process.daemon.kind in kinds]

    def _has_namenode(self, chosen: Iterable[Process]) -> bool:
        return bool(self._of(chosen, Kind.NAMENODE))

    def _check_ports(self, daemons: Iterable[Daemon]) -> None:
        for daemon in daemons:
            for name in daemon.port_names:
                port = self._plan.ports[name]
                if is_taken(port):
                    raise ClusterError(
                        f"{daemon.name}: its port {port} ({name}) is taken by "
                        f"{describe_owner(port)}: end that, or start with --new-ports"
                    )

    def _prepare(self, daemons: Iterable[Daemon]) -> None:
        """Makes what a daemon needs, and ends what a killed one left."""
        for daemon in daemons:
            left = processes.members(self._state.folder, daemon.name)
            if left:
                self._report(f"{daemon.name} had left {len(left)} processes, which are killed")
                processes.kill_all(left)
            if daemon.kind is Kind.NODEMANAGER:
                for name in ("local", "logs"):
                    (self._state.nodes / daemon.name / name).mkdir(parents=True, exist_ok=True)
                if daemon.bare:
                    NodeRoot(self._state, self._plan, self._parts, daemon).make()

    def _start(self, process: Process) -> None:
        self.started.append(process)
        pid = process.start(self._parts, tied=self._tied)
        self._report(f"{process.daemon.name} started as process {pid}")

    # HDFS is formatted aside, so that an interrupted format is no HDFS.

    def _begin_format(self) -> subprocess.Popen[bytes] | None:
        name = self._state.hdfs / "name"
        if name.exists():
            return None
        aside = self._state.hdfs / "name.new"
        shutil.rmtree(aside, ignore_errors=True)
        self._state.hdfs.mkdir(exist_ok=True)
        self._state.logs.mkdir(exist_ok=True)
        self._report("HDFS is formatted")
        words = [
            *java_words(self._parts, heap_mb=self._plan.heap_mb, class_path=[self._state.conf]),
            Kind.NAMENODE.main_class,
            f"-Ddfs.namenode.name.dir=file://{aside}",
            "-format",
            "-force",
            "-nonInteractive",
        ]
        words.insert(1, f"-Dtrilho.log={self._state.log('format')}")
        words.insert(1, f"-Dlog4j.configuration=file://{self._state.conf}/daemon-log4j.properties")
        with self._state.output("format").open("wb") as output:
            return subprocess.Popen(
                words,
                env={
                    **environment_of(self._state, self._parts),
                    processes.CLUSTER_VARIABLE: str(self._state.folder),
                },
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def _end_format(self, formatting: subprocess.Popen[bytes], deadline: float) -> None:
        while (code := formatting.poll()) is None:
            if time.monotonic() > deadline:
                break
            time.sleep(_POLL)
        if code != 0:
            why = f"ended with {code}" if code else "is not done in time"
            log = self._state.log("format")
            raise ClusterError(
                f"the format of HDFS {why}; {log} ends with:\n{last_lines(self._state, 'format')}"
            )
        (self._state.hdfs / "name.new").rename(self._state.hdfs / "name")

    def _wait(self, waiting: list[Process], began: float, deadline: float) -> None:
        quiet_until = time.monotonic() + _QUIET
        left = list(waiting)
        while left:
            reasons = [(process, self._look(process)) for process in left]
            for process, why in reasons:
                if not why:
                    left.remove(process)
                    seconds = time.monotonic() - began
                    self._report(f"{process.daemon.name} is ready after {seconds:.1f} s")
                    quiet_until = time.monotonic() + _QUIET
                elif time.monotonic() > deadline:
                    raise ClusterError(
                        f"{process.daemon.name} is not ready in time: it {why}; "
                        f"{self._log_of(process)}"
                    )
            if left and time.monotonic() > quiet_until:
                waits = ", ".join(f"{one.daemon.name} {why}" for one, why in reasons if why)
                self._report(f"waiting: {waits}")
                quiet_until = time.monotonic() + _QUIET
            time.sleep(_POLL if left else 0)

    def _look(self, process: Process) -> str:
        if process.pid() is None:
            raise ClusterError(
                f"{process.daemon.name} has ended while it started; {self._log_of(process)}"
            )
        return not_ready(process)

    def _log_of(self, process: Process) -> str:
        name = process.daemon.name
        return f"{self._state.log(name)} ends with:\n{last_lines(self._state, name)}"

    def _make_folders(self, deadline: float) -> None:
        """Makes the folders that each HDFS has; those that are there stay as they are."""
        port = self._plan.ports["namenode-http"]
        user = processes.user_name()
        for path, mode in (("/tmp", "1777"), (f"/user/{user}", "755")):  # noqa: S108
            query = f"op=MKDIRS&permission={mode}&user.name={user}"
            # The first call over WebHDFS loads half of it.
            seconds = max(deadline - time.monotonic(), _QUIET)
            try:
                ask(port, f"/webhdfs/v1{path}?{query}", method="PUT", seconds=seconds)
            except SilentError as error:
                raise ClusterError(f"namenode does not make {path} in HDFS: {error}") from error
