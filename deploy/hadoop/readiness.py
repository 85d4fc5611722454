"""Asks the daemons themselves whether they are ready, over HTTP."""

from __future__ import annotations

import http.client
import json
import urllib.request
from typing import Any

from deploy.hadoop.daemon import Process
from deploy.hadoop.plan import Kind, Plan
from deploy.hadoop.ports import HOST

__all__ = ["SilentError", "ask", "not_ready"]

_SECONDS = 5.0
# The machine's proxies are not for loopback.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
# The shapes of JSON are many.
Json = Any


class SilentError(OSError):
    """A daemon does not answer, or not with JSON.

    Attributes:
        port: Where it was asked.
    """

    def __init__(self, port: int, why: str) -> None:
        super().__init__(why)
        self.port = port


def ask(port: int, path: str, *, method: str = "GET", seconds: float = _SECONDS) -> Json:
    """Asks a daemon and returns the JSON that it answers with.

    Raises:
        SilentError: It does not answer.
    """
    request = urllib.request.Request(
        f"http://{HOST}:{port}{path}", headers={"Accept": "application/json"}, method=method
    )
    try:
        with _OPENER.open(request, timeout=seconds) as response:
            return json.load(response)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise SilentError(port, str(error)) from error


def _bean(port: int, name: str) -> dict[str, Json]:
    beans = ask(port, f"/jmx?qry=Hadoop:{name}")["beans"]
    return dict(beans[0]) if beans else {}


def not_ready(process: Process) -> str:
    """Returns what a daemon still waits for, "" if it is ready."""
    plan, daemon = process.plan, process.daemon
    try:
        return _ASK[daemon.kind](plan, process)
    except SilentError as silent:
        if silent.port == plan.ports[f"{daemon.name}-http"]:
            return "does not answer yet"
        (asked,) = (name for name, port in plan.ports.items() if port == silent.port)
        return f"cannot be seen: {asked.removesuffix('-http')} does not answer"
    except KeyError:
        # One that is still starting leaves out parts of its answers.
        return "does not know yet how it is"


def _namenode(plan: Plan, _: Process) -> str:
    info = _bean(plan.ports["namenode-http"], "service=NameNode,name=NameNodeInfo")
    return f"safe mode: {info['Safemode']}" if info["Safemode"] else ""


def _datanode(plan: Plan, process: Process) -> str:
    info = _bean(plan.ports[f"{process.daemon.name}-http"], "service=DataNode,name=DataNodeInfo")
    actors = json.loads(info.get("BPServiceActorInfo", "[]"))
    running = [actor for actor in actors if actor["ActorState"] == "RUNNING"]
    # It knows its block pool when the NameNode has taken it.
    if not running or not running[0].get("BlockPoolID"):
        return "has not joined the NameNode yet"
    name = f"{HOST}:{plan.ports[process.daemon.name]}"
    state = _bean(plan.ports["namenode-http"], "service=NameNode,name=NameNodeInfo")
    live = json.loads(state.get("LiveNodes", "{}"))
    if name not in [node.get("xferaddr") for node in live.values()]:
        return "is not live at the NameNode yet"
    return ""


def _resourcemanager(plan: Plan, _: Process) -> str:
    info = ask(plan.ports["resourcemanager-http"], "/ws/v1/cluster/info")["clusterInfo"]
    return "" if info["state"] == "STARTED" else f"is {info['state']}"


def _nodemanager(plan: Plan, process: Process) -> str:
    port = plan.ports[process.daemon.name]
    listed = ask(plan.ports["resourcemanager-http"], "/ws/v1/cluster/nodes")["nodes"] or {}
    for node in listed.get("node", []):
        # A restarted one has the name of its forerunner, which is listed until it expires.
        if (
            node["id"].endswith(f":{port}")
            and node["lastHealthUpdate"] / 1000 > process.started_at()
        ):
            healthy = node["state"] == "RUNNING"
            return "" if healthy else f"{node['state']}: {node.get('healthReport', '')}"
    return "has not joined the ResourceManager yet"


_ASK = {
    Kind.NAMENODE: _namenode,
    Kind.DATANODE: _datanode,
    Kind.RESOURCEMANAGER: _resourcemanager,
    Kind.NODEMANAGER: _nodemanager,
}
