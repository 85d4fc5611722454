"""Runs Hadoop's own example application, distributed shell, and reads what its container said."""

import json
import re
import urllib.request
from dataclasses import dataclass

from deploy.hadoop.cluster import Cluster
from deploy.hadoop.errors import ClusterError

__all__ = ["Application", "run_shell_application"]

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
    (jar,) = cluster.parts.jars.glob("hadoop-yarn-applications-distributedshell-*.jar")
    done = cluster.run(
        # What redirects its output stands behind it, and would be the last command's alone.
        *(_CLASS, "-jar", str(jar), "-shell_command", f"{{ {command}; }}", "-num_containers", "1"),
        *("-master_memory", "256", "-container_memory", "64", "-timeout", str(_SECONDS * 1000)),
        seconds=_SECONDS + 60,
        check=False,
    )
    apps = _ask(cluster, "/ws/v1/cluster/apps")["apps"]
    if not apps:
        raise ClusterError(f"nothing was submitted:\n{done.stdout}{done.stderr}")
    newest = max(apps["app"], key=lambda app: int(app["startedTime"]))
    said = cluster.run(
        "yarn", "logs", "-applicationId", newest["id"], "-log_files", "stdout", seconds=120
    )
    return Application(
        newest["id"], newest["finalStatus"], newest["diagnostics"], _contents(said.stdout)
    )


def _contents(logs: str) -> str:
    """Returns what stands between the heads and ends of logs as `yarn logs` shows them."""
    return "\n".join(re.findall(r"LogContents:\n(.*?)\n?End of LogType", logs, re.DOTALL))


def _ask(cluster: Cluster, path: str) -> dict[str, dict[str, list[dict[str, str]]]]:
    with urllib.request.urlopen(cluster.resourcemanager_url + path, timeout=30) as answer:  # noqa: S310
        read: dict[str, dict[str, list[dict[str, str]]]] = json.load(answer)
        return read
