"""Describes a cluster: its daemons, their ports and settings, as the state folder keeps them."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypedDict

from deploy.hadoop.errors import UsageError

__all__ = ["Daemon", "Kind", "Plan", "Shape"]

FORMAT = 1


class Kind(Enum):
    """A kind of daemon: its main class, and what its ports' names end with."""

    NAMENODE = ("org.apache.hadoop.hdfs.server.namenode.NameNode", ("", "-http"))
    DATANODE = ("org.apache.hadoop.hdfs.server.datanode.DataNode", ("", "-http", "-ipc"))
    RESOURCEMANAGER = (
        "org.apache.hadoop.yarn.server.resourcemanager.ResourceManager",
        ("", "-http", "-scheduler", "-tracker", "-admin"),
    )
    NODEMANAGER = (
        "org.apache.hadoop.yarn.server.nodemanager.NodeManager",
        ("", "-http", "-localizer", "-collector"),
    )

    def __init__(self, main_class: str, ports: tuple[str, ...]) -> None:
        self.main_class = main_class
        self.ports = ports


@dataclass(frozen=True)
class Daemon:
    """One process of a cluster.

    Attributes:
        kind: Its program.
        name: Unique in the cluster: namenode, datanode-1, resourcemanager, nodemanager-1.
        bare: A NodeManager whose containers run in a root of their own.
    """

    kind: Kind
    name: str
    bare: bool = False

    @property
    def port_names(self) -> list[str]:
        """The names of its ports; the first is that of its RPC, or of its data."""
        return [self.name + end for end in self.kind.ports]


class Shape(TypedDict, total=False):
    """What users choose of a plan, besides settings; Plan tells what each means."""

    nodes: int
    bare_nodes: int
    datanodes: int
    memory_mb: int
    vcores: int
    heap_mb: int
    node_root: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that a cluster is made from.

    Attributes:
        nodes: NodeManagers whose containers run in the machine's own root.
        bare_nodes: NodeManagers, numbered after those, whose containers run in a root without a C
            library.
        datanodes: DataNodes.
        memory_mb: Memory that each NodeManager offers to containers.
        vcores: Virtual cores that each NodeManager offers.
        heap_mb: The largest heap of each daemon.
        node_root: A prepared root for the bare nodes; one of busybox is made for each if empty.
        settings: Hadoop's settings that take the place of those chosen here.
        ports: Each port by its name; filled at the first start.
    """

    nodes: int = 1
    bare_nodes: int = 0
    datanodes: int = 1
    memory_mb: int = 4096
    vcores: int = 4
    heap_mb: int = 256
    node_root: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)

    def check(self) -> None:
        """Raises UsageError if no cluster can be like this."""
        least = {
            "nodes": 0,
            "bare_nodes": 0,
            "datanodes": 1,
            "memory_mb": 256,
            "vcores": 1,
            "heap_mb": 64,
        }
        for name, bound in least.items():
            value: int = getattr(self, name)
            if value < bound:
                raise UsageError(f"{name.replace('_', '-')} is {value}, and at least {bound}")
        if self.nodes + self.bare_nodes < 1:
            raise UsageError("a cluster has at least one of nodes and bare-nodes")
        if self.node_root and not self.bare_nodes:
            raise UsageError("node-root is for bare nodes, of which there are none")

    def daemons(self) -> list[Daemon]:
        """Lists the daemons in the order of their start."""
        total = self.nodes + self.bare_nodes
        return [
            Daemon(Kind.NAMENODE, "namenode"),
            *(Daemon(Kind.DATANODE, f"datanode-{i}") for i in range(1, self.datanodes + 1)),
            Daemon(Kind.RESOURCEMANAGER, "resourcemanager"),
            *(
                Daemon(Kind.NODEMANAGER, f"nodemanager-{i}", bare=i > self.nodes)
                for i in range(1, total + 1)
            ),
        ]

    def chosen(self, names: tuple[str, ...]) -> list[Daemon]:
        """Returns the daemons of these names, all of them if there are none.

        A name without a number chooses all of its kind.

        Raises:
            UsageError: There is no daemon of a name.
        """
        daemons = self.daemons()
        known = [daemon.name for daemon in daemons]
        for name in names:
            if not any(name in (one, one.rpartition("-")[0]) for one in known):
                raise UsageError(f"no daemon is named {name}; there are {', '.join(known)}")
        return [
            daemon
            for daemon in daemons
            if not names or {daemon.name, daemon.name.rpartition("-")[0]} & set(names)
        ]

    def missing_ports(self) -> Iterator[str]:
        """Yields the names of ports that are not chosen yet."""
        for daemon in self.daemons():
            yield from (name for name in daemon.port_names if name not in self.ports)

    def to_json(self) -> str:
        """Writes the plan."""
        return json.dumps({"format": FORMAT, **dataclasses.asdict(self)}, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Plan:
        """Reads a plan.

        Raises:
            ValueError: It is none of this format.
        """
        read = json.loads(text)
        if not isinstance(read, dict) or read.pop("format", None) != FORMAT:
            raise ValueError(f"not of format {FORMAT}")
        try:
            return cls(**read)
        except TypeError as error:
            raise ValueError(str(error)) from error
