"""Runs Hadoop's own example application, distributed shell, and reads what its container said."""

import json
import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.hadoop import processes
from deploy.hadoop.cluster import Cluster
from deploy.hadoop.errors import ClusterError

__all__ = ["Application", "run_shell_application", "sleeping_application"]

_CLASS = "org.apache.hadoop.yarn.applications.distributedshell.Client"
_SECONDS = 900


@dataclass(frozen=True)
class Application:
    """An application that has ended.

    Attributes:
        id: YARN's name of it.
        final_status: SUCCEEDED, FAILED or KILLED.
        diagnostics: What YARN says of its end.
        said: What its shell containers wrote to their standard output.
    """

    id: str
    final_status: str
    diagnostics: str
    said: str


def run_shell_application(cluster: Cluster, command: str) -> Application:
    """Runs a command in one container, beside that of the application's master, to its end."""
    done = cluster.run(
        # The redirection of output stands behind the command, and would be the last one's alone.
        *_words(cluster, f"{{ {command}; }}"),
        *("-timeout", str(_SECONDS * 1000)),
        seconds=_SECONDS + 60,
        check=False,
    )
    apps = _ask(cluster, "/ws/v1/cluster/apps")["apps"]
    if not apps:
        raise ClusterError(f"nothing was submitted:\n{done.stdout}{done.stderr}")
    newest = max(apps["app"], key=lambda app: int(app["startedTime"]))
    said = cluster.run(
        "yarn", "logs", "-applicationId", newest["id"], "-log_files", "stdout", seconds=_SECONDS
    )
    return Application(
        newest["id"], newest["finalStatus"], newest["diagnostics"], _contents(said.stdout)
    )


@contextmanager
def sleeping_application(cluster: Cluster) -> Iterator[int]:
    """Has a container sleep on nodemanager-1; yields its process once it does."""
    words = cluster.client_words(*_words(cluster, "exec sleep 4321"))
    null = subprocess.DEVNULL
    environment = cluster.program_environment()
    with subprocess.Popen(words, env=environment, stdout=null, stderr=null) as client:
        try:
            yield _wait_for_command(cluster, b"sleep\x004321\0")
        finally:
            client.kill()


def _words(cluster: Cluster, command: str) -> tuple[str, ...]:
    (jar,) = cluster.parts.jars.glob("hadoop-yarn-applications-distributedshell-*.jar")
    container = ("-shell_command", command, "-num_containers", "1", "-container_memory", "64")
    return (_CLASS, "-jar", str(jar), "-master_memory", "256", *container)


def _wait_for_command(cluster: Cluster, words: bytes) -> int:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        for pid in processes.members(cluster.state.folder, "nodemanager-1"):
            try:
                if Path(f"/proc/{pid}/cmdline").read_bytes() == words:
                    return pid
            except OSError:
                # It has ended.
                continue
        time.sleep(0.1)
    raise ClusterError(f"no container runs {words!r}")


def _contents(logs: str) -> str:
    """Returns what stands between the heads and ends of logs as `yarn logs` shows them."""
    return "\n".join(re.findall(r"LogContents:\n(.*?)\n?End of LogType", logs, re.DOTALL))


def _ask(cluster: Cluster, path: str) -> dict[str, dict[str, list[dict[str, str]]]]:
    with urllib.request.urlopen(cluster.resourcemanager_url + path, timeout=30) as answer:  # noqa: S310
        read: dict[str, dict[str, list[dict[str, str]]]] = json.load(answer)
        return read
