"""Shows a cluster's state and its logs."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from pathlib import Path

from deploy.hadoop.cluster import Cluster, DaemonStatus

__all__ = ["follow", "show_log", "show_status"]

_MEGABYTE = 1_000_000
_POLL = 0.5


def show_status(cluster: Cluster, *, as_json: bool = False) -> bool:
    """Prints each daemon's state; returns whether all are ready."""
    daemons = cluster.status()
    if as_json:
        facts = {
            "state": str(cluster.state.folder),
            "conf": str(cluster.state.conf),
            "hdfs": cluster.hdfs_url,
            "webhdfs": cluster.webhdfs_url,
            "resourcemanager": cluster.resourcemanager_url,
            "environment": cluster.client_environment(),
            "daemons": [dataclasses.asdict(daemon) for daemon in daemons],
        }
        print(json.dumps(facts, indent=2, default=str))
    else:
        _print_table(cluster, daemons)
    return all(daemon.state == "ready" for daemon in daemons)


def _print_table(cluster: Cluster, daemons: list[DaemonStatus]) -> None:
    heads = ("daemon", "state", "pid", "MB", "address", "web")
    rows = [
        (
            daemon.name + (f" ({daemon.root} root)" if daemon.root == "bare" else ""),
            daemon.state,
            str(daemon.pid or "-"),
            str(daemon.resident_bytes // _MEGABYTE or "-"),
            daemon.address,
            daemon.web,
        )
        for daemon in daemons
    ]
    widths = [max(len(row[i]) for row in (heads, *rows)) for i in range(len(heads))]
    for row in (heads, *rows):
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        )
    for daemon in daemons:
        if daemon.detail:
            print(f"{daemon.name} {daemon.detail}")
        if daemon.state == "crashed":
            print(
                f"{daemon.name} has ended by itself: `logs {daemon.name}` tells why, `start` again"
            )
    print()
    print(f"HDFS             {cluster.hdfs_url}   {cluster.webhdfs_url}")
    print(f"YARN             {cluster.resourcemanager_url}")
    print(f"HADOOP_CONF_DIR  {cluster.state.conf}")


def _log_file(cluster: Cluster, name: str) -> Path:
    (daemon,) = cluster.plan.chosen((name,))[:1]
    return cluster.state.log(daemon.name)


def show_log(cluster: Cluster, name: str | None, lines: int) -> None:
    """Prints the last lines of a daemon's log; without a name, which logs there are."""
    cluster.state.load()
    if name is None:
        for file in sorted(cluster.state.logs.glob("*")):
            print(f"{file.stat().st_size:10,}  {file}")
        return
    file = _log_file(cluster, name)
    for part in (file.with_suffix(".out"), file):
        if part.exists():
            for line in part.read_text(errors="replace").splitlines()[-lines:]:
                print(line)


def follow(cluster: Cluster, name: str, lines: int) -> None:
    """Prints a daemon's log as it grows, until Ctrl-C."""
    show_log(cluster, name, lines)
    file = _log_file(cluster, name)
    stream = file.open(errors="replace")
    stream.seek(0, 2)
    try:
        while True:
            if text := stream.read():
                sys.stdout.write(text)
                sys.stdout.flush()
                continue
            # A log that is full, or whose daemon is restarted, goes on in a new file.
            if (
                file.exists()
                and file.stat().st_ino != Path(f"/dev/fd/{stream.fileno()}").stat().st_ino
            ):
                stream.close()
                stream = file.open(errors="replace")
            time.sleep(_POLL)
    finally:
        stream.close()
