"""The command line; see README.md."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import cast

from deploy.hadoop.cluster import START_SECONDS, STOP_SECONDS, Cluster
from deploy.hadoop.configuration import OWNED
from deploy.hadoop.daemon import last_lines
from deploy.hadoop.errors import ClusterError, UsageError
from deploy.hadoop.plan import Plan, Shape
from deploy.hadoop.settings import parse
from deploy.hadoop.show import follow, show_log, show_status

__all__ = ["main"]

STATE_VARIABLE = "TRILHO_HADOOP_STATE"
_DEFAULT = "~/.cache/trilho/hadoop"
# systemd's scripts take this code for "does not run".
_NOT_READY = 3
_LOOK_SECONDS = 2.0
_EPILOG = f"""\
examples:
  trilho-hadoop start --nodes 2            HDFS and YARN, with two NodeManagers
  trilho-hadoop run hdfs dfs -ls /         Hadoop's own clients
  eval "$(trilho-hadoop env)"              HADOOP_CONF_DIR and JAVA_HOME, for other tools
  trilho-hadoop kill nodemanager-2         a crash; `start` brings it back
  trilho-hadoop logs resourcemanager -f    a daemon's log, as it grows
  trilho-hadoop stop && trilho-hadoop clean

A cluster lives in one folder: --state, else ${STATE_VARIABLE}, else {_DEFAULT}. Two folders are two
clusters. `stop` keeps what is in HDFS, and the ports; `clean` removes all of it.

exit codes: 0 done, 1 failed, 2 wrong usage, 3 (status) not all daemons are ready, 130 interrupted
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="trilho-hadoop",
        description="A real Hadoop cluster on this machine: HDFS and YARN, each daemon a process.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--state",
        type=Path,
        default=Path(os.environ.get(STATE_VARIABLE) or _DEFAULT),
        help=f"the cluster's folder (default: ${STATE_VARIABLE} or {_DEFAULT})",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_start(commands.add_parser("start", help="starts the daemons that do not run"))
    stop = commands.add_parser("stop", help="stops daemons; HDFS's data stay")
    stop.add_argument("names", nargs="*", metavar="DAEMON", help="only these")
    stop.add_argument("--timeout", type=float, default=STOP_SECONDS, metavar="S")
    kill = commands.add_parser("kill", help="kills daemons as a crash would")
    kill.add_argument("names", nargs="+", metavar="DAEMON")
    kill.add_argument(
        "--containers", action="store_true", help="a NodeManager's containers, too: a lost machine"
    )
    status = commands.add_parser("status", help="shows each daemon; code 3 if one is not ready")
    status.add_argument("--json", action="store_true", help="for scripts")
    logs = commands.add_parser("logs", help="shows a daemon's log, or lists all")
    logs.add_argument("name", nargs="?", metavar="DAEMON|APPLICATION_ID")
    logs.add_argument("-n", "--lines", type=int, default=50, metavar="N")
    logs.add_argument("-f", "--follow", action="store_true", help="goes on as the log grows")
    commands.add_parser("env", help="prints what a shell must export for Hadoop's clients")
    run = commands.add_parser("run", help="runs one of Hadoop's clients: run hdfs dfs -ls /")
    run.add_argument("words", nargs=argparse.REMAINDER, metavar="WORD")
    clean = commands.add_parser("clean", help="removes all that the cluster has written")
    clean.add_argument("--stop", action="store_true", help="stops it first")
    return parser


def _add_start(start: argparse.ArgumentParser) -> None:
    plan = Plan()
    start.add_argument("names", nargs="*", metavar="DAEMON", help="only these, or kinds of them")
    for option, metavar, text in (
        ("nodes", "N", f"NodeManagers with the machine's own root (default: {plan.nodes})"),
        ("bare-nodes", "N", "NodeManagers whose containers run in a root without a C library"),
        ("datanodes", "N", f"DataNodes (default: {plan.datanodes})"),
        ("vcores", "N", f"virtual cores of each node (default: {plan.vcores})"),
    ):
        start.add_argument(f"--{option}", type=int, metavar=metavar, help=text)
    start.add_argument(
        "--memory",
        dest="memory_mb",
        type=int,
        metavar="MB",
        help=f"memory that each node offers to containers (default: {plan.memory_mb})",
    )
    start.add_argument(
        "--heap",
        dest="heap_mb",
        type=int,
        metavar="MB",
        help=f"the largest heap of each daemon (default: {plan.heap_mb})",
    )
    start.add_argument(
        "--node-root",
        metavar="DIR",
        help="a prepared root for the bare nodes, instead of one of busybox for each",
    )
    start.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting of Hadoop (yarn.*, yarn.scheduler.capacity.*, dfs.*, hadoop.* ...), which "
        "is kept; may be repeated",
    )
    start.add_argument("--new-ports", action="store_true", help="chooses all ports anew")
    start.add_argument("--timeout", type=float, default=START_SECONDS, metavar="S")
    start.add_argument(
        "--foreground", action="store_true", help="stays until SIGTERM or Ctrl-C, then stops"
    )


def _say(line: str) -> None:
    print(line, flush=True)


def _cluster(args: argparse.Namespace) -> Cluster:
    names = [field.name for field in dataclasses.fields(Plan)]
    shape = {
        name: value
        for name in names
        if name not in ("settings", "ports") and (value := getattr(args, name, None)) is not None
    }
    if root := shape.get("node_root"):
        shape["node_root"] = str(Path(root).expanduser().resolve())
    settings = parse(getattr(args, "settings", []), OWNED)
    return Cluster(args.state, report=_say, settings=settings, **cast(Shape, shape))


def _start(args: argparse.Namespace) -> int:
    cluster = _cluster(args)
    cluster.tied = args.foreground
    cluster.start(*args.names, seconds=args.timeout, new_ports=args.new_ports)
    _say("")
    show_status(cluster)
    if args.foreground:
        _stay(cluster)
    return 0


def _stay(cluster: Cluster) -> None:
    """Tells of daemons that end, until a signal asks for the end, and stops the others."""
    told: set[str] = set()
    try:
        while True:
            crashed = {one.name for one in cluster.status() if one.state == "crashed"}
            for name in sorted(crashed - told):
                _say(f"{name} has ended:\n{last_lines(cluster.state, name)}")
            told = crashed
            _reap()
            time.sleep(_LOOK_SECONDS)
    except KeyboardInterrupt:
        cluster.stop()


def _reap() -> None:
    """Ends what is left of orphans, which are this process's children if it is the first one."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _stop(args: argparse.Namespace) -> int:
    _cluster(args).stop(*args.names, seconds=args.timeout)
    return 0


def _kill(args: argparse.Namespace) -> int:
    _cluster(args).kill(*args.names, containers=args.containers)
    return 0


def _status(args: argparse.Namespace) -> int:
    return 0 if show_status(_cluster(args), as_json=args.json) else _NOT_READY


def _logs(args: argparse.Namespace) -> int:
    cluster = _cluster(args)
    if args.name and args.name.startswith("application_"):
        return _exec(cluster, ["yarn", "logs", "-applicationId", args.name])
    if args.name and args.follow:
        follow(cluster, args.name, args.lines)
    else:
        show_log(cluster, args.name, args.lines)
    return 0


def _env(args: argparse.Namespace) -> int:
    cluster = _cluster(args)
    cluster.state.load()
    for name, value in cluster.client_environment().items():
        _say(f"export {name}={shlex.quote(value)}")
    return 0


def _run(args: argparse.Namespace) -> int:
    words = args.words[1:] if args.words[:1] == ["--"] else args.words
    return _exec(_cluster(args), words)


def _exec(cluster: Cluster, words: Sequence[str]) -> int:
    """Becomes a client of Hadoop."""
    cluster.state.load()
    command = cluster.client_words(*words)
    sys.stdout.flush()
    os.execve(command[0], command, cluster.program_environment())  # noqa: S606


def _clean(args: argparse.Namespace) -> int:
    cluster = _cluster(args)
    if args.stop:
        cluster.stop()
    left = cluster.clean()
    if left:
        _say(f"{cluster.state.folder} is kept, for files of others: {', '.join(left)}")
    else:
        _say(f"{cluster.state.folder} is gone")
    return 0


def _interrupt(number: int, _: FrameType | None) -> None:
    raise KeyboardInterrupt(number)


def main(words: Sequence[str] | None = None) -> int:
    """Reads the command line and obeys it.

    Returns:
        The exit code.
    """
    parser = _parser()
    args = parser.parse_args(words)
    # A start that is ended stops what it has started.
    for number in (signal.SIGTERM, signal.SIGHUP):
        # Under nohup it goes on.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)
    commands: dict[str, Callable[[argparse.Namespace], int]] = {
        "start": _start,
        "stop": _stop,
        "kill": _kill,
        "status": _status,
        "logs": _logs,
        "env": _env,
        "run": _run,
        "clean": _clean,
    }
    try:
        return commands[args.command](args)
    except ClusterError as error:
        print(f"trilho-hadoop: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        print("trilho-hadoop: interrupted; what was started is stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
