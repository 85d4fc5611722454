"""Reads /proc: which processes live, which belong to a cluster, what they weigh."""

from __future__ import annotations

import os
import pwd
import signal
import time
from collections.abc import Iterable
from pathlib import Path

from deploy.hadoop.errors import ClusterError

__all__ = [
    "CLUSTER_VARIABLE",
    "NODE_VARIABLE",
    "kill_all",
    "members",
    "resident_bytes",
    "start_ticks",
    "user_name",
]

# In the environment of all that a cluster starts but containers, which get little of it.
CLUSTER_VARIABLE = "TRILHO_HADOOP_CLUSTER"
NODE_VARIABLE = "TRILHO_HADOOP_NODE"
# In the environment of each container: folders of its NodeManager.
_CONTAINER_VARIABLE = "LOCAL_DIRS"
_POLL = 0.02


def user_name() -> str:
    """Returns the name that Hadoop knows this user by, whatever the environment says.

    Raises:
        ClusterError: The system has none, without which Hadoop does not start.
    """
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        raise ClusterError(
            f"user {os.getuid()} has no name in /etc/passwd, and Hadoop does not run without"
        ) from None


def start_ticks(pid: int) -> int | None:
    """Returns when a process started, in ticks since the machine did; None if it is not there.

    With its number this names a process for good. One that has ended and was not waited for yet
    is not there.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


def resident_bytes(pid: int) -> int:
    """Returns the memory that a process holds, 0 if it is not there."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def members(cluster: Path, node: str | None = None) -> list[int]:
    """Lists the processes of a cluster by their environment, this one and its parents excepted.

    Containers are among them, also when their NodeManager was killed.

    Args:
        cluster: The state folder.
        node: Only those which this NodeManager started, and itself.
    """
    marks = {f"{CLUSTER_VARIABLE}={cluster}".encode()}
    if node:
        marks.add(f"{NODE_VARIABLE}={node}".encode())
    folders = f"{_CONTAINER_VARIABLE}={cluster}/nodes/{f'{node}/' if node else ''}".encode()
    own = _ancestors()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        pid = int(folder.name)
        if pid in own or start_ticks(pid) is None:
            continue
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            # Gone meanwhile, or somebody else's.
            continue
        if marks <= set(environment) or any(one.startswith(folders) for one in environment):
            found.append(pid)
    return sorted(found)


def _ancestors() -> set[int]:
    pid, found = os.getpid(), set()
    while pid > 0:
        found.add(pid)
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            break
    return found


def kill_all(pids: Iterable[int], seconds: float = 10) -> list[int]:
    """Kills processes and waits until they are gone; returns those that are not."""
    known = {pid: start_ticks(pid) for pid in pids}
    for pid in known:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    deadline = time.monotonic() + seconds
    while left := [pid for pid, start in known.items() if start and start_ticks(pid) == start]:
        if time.monotonic() > deadline:
            return left
        time.sleep(_POLL)
    return []
