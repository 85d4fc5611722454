"""Asks the daemons themselves whether they are ready, over HTTP."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from typing import Any

from deploy.hadoop.daemon import Process
from deploy.hadoop.plan import Kind, Plan
from deploy.hadoop.ports import HOST

__all__ = ["ask", "not_ready"]

_SECONDS = 5.0
# The machine's proxies are not for loopback.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
# ConnectionError and TimeoutError are of OSError.
# A daemon that is still starting leaves out parts of its answers.
_SILENT = (OSError, http.client.HTTPException, urllib.error.URLError, ValueError, KeyError)


def ask(port: int, path: str, method: str = "GET", seconds: float = _SECONDS) -> Any:  # noqa: ANN401 - JSON of many shapes
    """Asks a daemon and returns the JSON that it answers with.

    Raises:
        OSError: It does not answer.
        ValueError: Its answer is no JSON.
    """
    request = urllib.request.Request(
        f"http://{HOST}:{port}{path}", headers={"Accept": "application/json"}, method=method
    )
    with _OPENER.open(request, timeout=seconds) as response:
        return json.load(response)


def _bean(port: int, name: str) -> dict[str, Any]:
    beans = ask(port, f"/jmx?qry=Hadoop:{name}")["beans"]
    return dict(beans[0]) if beans else {}


def not_ready(process: Process) -> str:
    """Returns what a daemon still waits for, "" if it is ready."""
    plan, daemon = process.plan, process.daemon
    try:
        return _ASK[daemon.kind](plan, process)
    except _SILENT:
        return "does not answer yet"


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
