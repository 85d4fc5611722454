"""A Hadoop cluster on this machine: starts, stops and looks at its daemons.

    with Cluster(tmp_path / "hadoop", nodes=2) as cluster:
        subprocess.run([...], env={**os.environ, **cluster.client_environment()})

Every method may be called from one thread at a time; other processes are kept away by the state
folder's lock while a method changes something.
"""

from __future__ import annotations

import contextlib
import dataclasses
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, Unpack

from deploy.hadoop import processes
from deploy.hadoop.configuration import OWNED, write_configuration
from deploy.hadoop.daemon import Process, environment_of, java_words
from deploy.hadoop.errors import ClusterError, UsageError
from deploy.hadoop.launch import Launch
from deploy.hadoop.node_root import check_root
from deploy.hadoop.parts import Parts, find_parts
from deploy.hadoop.plan import Daemon, Kind, Plan, Shape
from deploy.hadoop.ports import HOST, chosen_ports
from deploy.hadoop.programs import main_class
from deploy.hadoop.readiness import not_ready
from deploy.hadoop.settings import parse
from deploy.hadoop.state import State

__all__ = ["Cluster", "DaemonStatus"]

START_SECONDS = 300.0
STOP_SECONDS = 60.0
_POLL = 0.05


@dataclass(frozen=True)
class DaemonStatus:
    """What is known of a daemon.

    Attributes:
        name: Its name.
        state: ready, starting (or not answering), crashed or stopped.
        detail: What it waits for, if it is starting; else "".
        pid: The process, if there is one.
        address: Host and port of its RPC; a DataNode's of its data.
        web: The URL of its pages and of what they are made of.
        resident_bytes: The memory that it holds.
        root: Where a NodeManager's containers run: machine or bare; "" for other daemons.
        log: Its log.
    """

    name: str
    state: str
    detail: str
    pid: int | None
    address: str
    web: str
    resident_bytes: int
    root: str
    log: Path


class Cluster:
    """The cluster of a state folder, which may be there already.

    Attributes:
        state: Where its files are.
        tied: Daemons that are started get SIGTERM when the thread that started them ends, and so
            when this process ends in whatever way.
    """

    def __init__(
        self,
        folder: Path,
        *,
        report: Callable[[str], None] | None = None,
        settings: Mapping[str, str] | None = None,
        **shape: Unpack[Shape],
    ) -> None:
        """Names the cluster; nothing is started or written yet.

        Args:
            folder: The state folder: new, empty, or a cluster's.
            report: Takes lines that tell how a start or stop goes on.
            settings: Settings of Hadoop; their prefixes decide on the file.
            **shape: Attributes of Plan. Those that are not given are what they were at the
                cluster's last start, or Plan's defaults at its first.
        """
        self.state = State(folder)
        self._report = report or (lambda _: None)
        self._settings = parse([f"{key}={value}" for key, value in (settings or {}).items()], OWNED)
        self._shape = shape
        self.tied = False
        self._parts: Parts | None = None

    def __enter__(self) -> Self:
        """Starts all daemons, which get SIGTERM if this process ends without stopping them."""
        self.tied = True
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stops all daemons; the state folder stays, for what is in its logs."""
        self.stop()

    # The cluster: its parts, and their states.

    @property
    def plan(self) -> Plan:
        """The cluster's plan, with the ports that its first start chose."""
        return self.state.load()

    @property
    def hdfs_url(self) -> str:
        """The URL of HDFS's root, without the slash: hdfs://HOST:PORT."""
        return f"hdfs://{HOST}:{self.plan.ports['namenode']}"

    @property
    def webhdfs_url(self) -> str:
        """The URL of HDFS's root over HTTP, without the slash: webhdfs://HOST:PORT."""
        return f"webhdfs://{HOST}:{self.plan.ports['namenode-http']}"

    @property
    def resourcemanager_url(self) -> str:
        """The URL of the ResourceManager's pages and REST API, without the slash."""
        return f"http://{HOST}:{self.plan.ports['resourcemanager-http']}"

    @property
    def parts(self) -> Parts:
        """The jars and the Java that the daemons run on."""
        if self._parts is None:
            self._parts = find_parts()
        return self._parts

    def client_environment(self) -> dict[str, str]:
        """Returns what a Hadoop client's environment must have: HADOOP_CONF_DIR, JAVA_HOME."""
        return {
            "HADOOP_CONF_DIR": str(self.state.conf),
            "JAVA_HOME": str(self.parts.java.home),
        }

    # Actions: start, stop, kill and the like.

    def start(
        self,
        *names: str,
        seconds: float = START_SECONDS,
        new_ports: bool = False,
    ) -> None:
        """Starts the daemons that do not run, and waits until all of these are ready.

        Args:
            *names: Daemons, or kinds of them; all if there are none.
            seconds: How long to wait.
            new_ports: Chooses all ports anew; nothing may run.

        Raises:
            ClusterError: A daemon ends or is not ready in time: the message has the last lines of
                its log. Those that this call has started are stopped.
        """
        # Before anything is made, if there is nothing to be put in it.
        self._wanted()
        self.state.refuse_foreign()
        parts = self.parts
        with self.state.locked(make=True), contextlib.ExitStack() as reserved:
            plan = self._planned(new_ports=new_ports, reserved=reserved)
            plan.chosen(names)
            write_configuration(self.state, plan, parts)
            launch = Launch(self.state, plan, parts, self._report, tied=self.tied)
            try:
                launch.start(plan.chosen(names), seconds)
            except BaseException:
                self._end(launch.started, STOP_SECONDS)
                raise

    def stop(self, *names: str, seconds: float = STOP_SECONDS) -> None:
        """Stops daemons and waits until their processes are gone.

        Args:
            *names: Daemons, or kinds of them; all, and what containers may have left, if there
                are none.
            seconds: How long they have before they are killed.

        Raises:
            ClusterError: A process is there even then.
        """
        with self.state.locked():
            plan = self.plan
            self._end([Process(self.state, plan, one) for one in plan.chosen(names)], seconds)
            if not names:
                self._sweep(processes.members(self.state.folder))

    def kill(self, *names: str, containers: bool = False) -> None:
        """Kills daemons as a crash would: SIGKILL, and `status` calls them crashed.

        Args:
            *names: Daemons, or kinds of them; at least one.
            containers: Kills the containers of NodeManagers, too, as if the machine were lost.
                Without it they go on.

        Raises:
            ClusterError: A daemon does not run, or no name is given.
        """
        if not names:
            raise UsageError("kill wants the names of daemons")
        with self.state.locked():
            plan = self.plan
            for daemon in plan.chosen(names):
                pid = Process(self.state, plan, daemon).pid()
                if pid is None:
                    raise ClusterError(f"{daemon.name} does not run")
                processes.kill_all([pid])
                if containers and daemon.kind is Kind.NODEMANAGER:
                    self._sweep(processes.members(self.state.folder, daemon.name))

    def status(self) -> list[DaemonStatus]:
        """Looks at each daemon; those that run are asked whether they are ready."""
        plan = self.plan
        return [self._status(Process(self.state, plan, daemon)) for daemon in plan.daemons()]

    def run(
        self, *words: str, seconds: float | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Runs one of Hadoop's own clients to its end, as "hdfs", "dfs", "-ls", "/".

        Raises:
            ClusterError: The program is none of Hadoop's, or `check` and it fails.
            subprocess.TimeoutExpired: It did not end in time.
        """
        done = subprocess.run(
            self.client_words(*words),
            env=self.program_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
            timeout=seconds,
        )
        if check and done.returncode != 0:
            said = (done.stdout + done.stderr)[-4000:]
            raise ClusterError(f"{' '.join(words)} ended with {done.returncode}:\n{said}")
        return done

    def client_words(self, *words: str) -> list[str]:
        """Returns the command line of one of Hadoop's clients, for program_environment()."""
        name, rest = main_class(words)
        java = java_words(self.parts, heap_mb=256, class_path=[self.state.conf])
        return [*java, name, *rest]

    def program_environment(self) -> dict[str, str]:
        """Returns a whole environment for programs that client_words() starts."""
        return environment_of(self.state, self.parts)

    def clean(self) -> list[str]:
        """Removes all that the cluster has written; returns the names of other files there.

        Raises:
            ClusterError: A daemon runs.
        """
        with self.state.locked():
            plan = self.plan
            running = [one.name for one in plan.daemons() if Process(self.state, plan, one).pid()]
            if running:
                raise ClusterError(f"{', '.join(running)} still runs: `stop` comes first")
            self._sweep(processes.members(self.state.folder))
            return self.state.clean()

    # How it is done.

    def _planned(self, *, new_ports: bool, reserved: contextlib.ExitStack) -> Plan:
        """Joins what is asked for with what the cluster was, chooses ports, and keeps it."""
        old, plan = self._wanted()
        runs = [one.name for one in old.daemons() if Process(self.state, old, one).pid()]
        gone = {one.name for one in old.daemons()} - {one.name for one in plan.daemons()}
        if running := sorted(gone & set(runs)):
            raise ClusterError(
                f"{', '.join(running)} runs and would not be part of it: `stop` first"
            )
        if plan.datanodes < old.datanodes and (self.state.hdfs / "name").exists():
            raise ClusterError(
                "the blocks of a DataNode would be lost: datanodes cannot become fewer"
            )
        if new_ports:
            if runs:
                raise ClusterError(f"{runs[0]} runs: `stop` comes before new ports")
            plan = dataclasses.replace(plan, ports={})
        chosen = reserved.enter_context(chosen_ports(plan.missing_ports()))
        plan = dataclasses.replace(plan, ports={**plan.ports, **chosen})
        if runs and plan.settings != old.settings:
            self._report(f"{', '.join(runs)} keep their settings until they are restarted")
        self.state.save(plan)
        return plan

    def _wanted(self) -> tuple[Plan, Plan]:
        """Returns what the cluster was, and what it is to be."""
        old = self.state.load() if self.state.exists() else Plan()
        settings = {**old.settings, **self._settings}
        plan = dataclasses.replace(old, settings=settings, **self._shape)
        plan.check()
        check_root(plan)
        return old, plan

    def _end(self, stopping: Sequence[Process], seconds: float) -> None:
        """Stops processes: NodeManagers first, which end their containers."""
        stopping = [one for one in stopping if one.was_started()]
        first = [one for one in stopping if one.daemon.kind is Kind.NODEMANAGER]
        rest = [one for one in stopping if one not in first]
        for group in (first, rest):
            for process in group:
                process.signal(signal.SIGTERM)
            for process in group:
                self._wait_for_end(process, time.monotonic() + seconds)
        for process in first:
            # Containers outlive a NodeManager that was killed.
            self._sweep(processes.members(self.state.folder, process.daemon.name))

    def _wait_for_end(self, process: Process, deadline: float) -> None:
        while pid := process.pid():
            if time.monotonic() > deadline:
                self._report(f"{process.daemon.name} does not stop and is killed")
                if processes.kill_all([pid]):
                    raise ClusterError(f"{process.daemon.name}: process {pid} does not end")
                break
            time.sleep(_POLL)
        process.forget()
        self._report(f"{process.daemon.name} stopped")

    def _sweep(self, pids: list[int]) -> None:
        """Kills what containers left."""
        if pids:
            self._report(f"{len(pids)} processes that containers left are killed")
        if left := processes.kill_all(pids):
            raise ClusterError(f"process {left[0]} does not end")

    def _status(self, process: Process) -> DaemonStatus:
        plan, daemon = process.plan, process.daemon
        pid = process.pid()
        detail = ""
        if pid:
            detail = not_ready(process)
            state = "starting" if detail else "ready"
        else:
            state = "crashed" if process.was_started() else "stopped"
        return DaemonStatus(
            name=daemon.name,
            state=state,
            detail=detail,
            pid=pid,
            address=f"{HOST}:{plan.ports.get(daemon.name, 0)}",
            web=f"http://{HOST}:{plan.ports.get(daemon.name + '-http', 0)}",
            resident_bytes=processes.resident_bytes(pid) if pid else 0,
            root=_root_name(daemon),
            log=self.state.log(daemon.name),
        )


def _root_name(daemon: Daemon) -> str:
    if daemon.kind is not Kind.NODEMANAGER:
        return ""
    return "bare" if daemon.bare else "machine"
