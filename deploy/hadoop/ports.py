"""Chooses ports that stay a cluster's own, and tells who has taken one."""

from __future__ import annotations

import contextlib
import random
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

from deploy.hadoop.errors import ClusterError

__all__ = ["HOST", "chosen_ports", "describe_owner", "is_taken"]

HOST = "127.0.0.1"
_FIRST = 20000
_TRIES = 2000


def _last() -> int:
    """Returns the last port that the kernel gives to no outgoing connection."""
    try:
        spans = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    except OSError:
        return 32767
    return max(int(spans[0]) - 1, _FIRST + 1000)


def is_taken(port: int) -> bool:
    """Tells whether a process has this port on the loopback address, listening or not."""
    with socket.socket() as probe:
        # Connections that a former listener closed keep none from listening again.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return True
    return False


def _reserve(port: int) -> socket.socket | None:
    """Binds a port without listening: a daemon can listen there, and no second cluster takes it."""
    probe = socket.socket()
    try:
        probe.bind((HOST, port))
    except OSError:
        return None
    finally:
        probe.close()
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind((HOST, port))
    except OSError:
        held.close()
        return None
    return held


@contextlib.contextmanager
def chosen_ports(names: Iterable[str]) -> Iterator[dict[str, int]]:
    """Chooses a free port for each name, and reserves it until the block ends.

    They lie below those that the kernel gives to outgoing connections, so that a cluster that was
    stopped finds them free again.

    Raises:
        ClusterError: There are not enough free ones.
    """
    held: list[socket.socket] = []
    ports: dict[str, int] = {}
    candidates = iter(random.sample(range(_FIRST, _last()), _TRIES))
    try:
        for name in names:
            reserved = None
            while reserved is None:
                port = next(candidates, None)
                if port is None:
                    raise ClusterError(f"no port is free for {name} from {_FIRST} to {_last()}")
                reserved = _reserve(port)
            held.append(reserved)
            ports[name] = reserved.getsockname()[1]
        yield ports
    finally:
        for one in held:
            one.close()


def describe_owner(port: int) -> str:
    """Returns "process PID (COMMAND)" for who listens on a port; "another process" if unknown."""
    sockets = {f"socket:[{inode}]" for inode in _inodes(port)}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            links = list((folder / "fd").iterdir())
            command = (folder / "comm").read_text().strip()
        except OSError:
            # Gone meanwhile, or somebody else's.
            continue
        for link in links:
            # One may be closed meanwhile.
            with contextlib.suppress(OSError):
                if str(link.readlink()) in sockets:
                    return f"process {folder.name} ({command})"
    return "another process"


def _inodes(port: int) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        try:
            lines = Path("/proc/net", table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if int(fields[1].rpartition(":")[2], 16) == port:
                yield fields[9]
