"""What a cluster may be like, and which settings it takes."""

import dataclasses

import pytest

from deploy.hadoop.configuration import OWNED
from deploy.hadoop.errors import ClusterError
from deploy.hadoop.plan import Plan
from deploy.hadoop.programs import main_class
from deploy.hadoop.settings import file_of, parse


def test_a_plan_is_read_as_it_was_written() -> None:
    plan = Plan(nodes=2, settings={"dfs.replication": "1"}, ports={"namenode": 20001})
    assert Plan.from_json(plan.to_json()) == plan


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "nodse": 1}'])
def test_what_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Plan.from_json(text)


def test_bare_nodes_are_numbered_behind_the_others() -> None:
    daemons = Plan(nodes=1, bare_nodes=1, datanodes=2).daemons()
    assert [daemon.name for daemon in daemons] == [
        "namenode",
        "datanode-1",
        "datanode-2",
        "resourcemanager",
        "nodemanager-1",
        "nodemanager-2",
    ]
    assert [daemon.name for daemon in daemons if daemon.bare] == ["nodemanager-2"]


def test_a_name_without_a_number_is_all_of_a_kind() -> None:
    plan = Plan(nodes=2)
    assert [one.name for one in plan.chosen(("nodemanager",))] == ["nodemanager-1", "nodemanager-2"]
    assert [one.name for one in plan.chosen(("nodemanager-2",))] == ["nodemanager-2"]
    assert plan.chosen(()) == plan.daemons()


def test_an_unknown_name_is_told_with_those_that_are() -> None:
    with pytest.raises(ClusterError, match=r"no daemon is named datanode-2; .* datanode-1, "):
        Plan().chosen(("namenode", "datanode-2"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"nodes": -1}, "nodes is -1, and at least 0"),
        ({"nodes": 0}, "at least one of nodes and bare-nodes"),
        ({"datanodes": 0}, "datanodes is 0, and at least 1"),
        ({"memory_mb": 1}, "memory-mb is 1, and at least 256"),
        ({"node_root": "/srv"}, "node-root is for bare nodes"),
    ],
)
def test_a_plan_that_cannot_be_names_the_field(change: dict[str, int], said: str) -> None:
    with pytest.raises(ClusterError, match=said):
        dataclasses.replace(Plan(), **change).check()  # type: ignore[arg-type]


def test_ports_that_are_there_are_not_chosen_anew() -> None:
    ports = dict.fromkeys(Plan().missing_ports(), 1)
    assert ports
    more = Plan(nodes=2, ports=ports)
    assert all(name.startswith("nodemanager-2") for name in more.missing_ports())
    assert not list(Plan(ports=ports).missing_ports())


@pytest.mark.parametrize(
    ("key", "file"),
    [
        ("yarn.scheduler.capacity.root.queues", "capacity-scheduler.xml"),
        ("yarn.scheduler.minimum-allocation-mb", "yarn-site.xml"),
        ("dfs.replication", "hdfs-site.xml"),
        ("hadoop.security.authorization", "core-site.xml"),
    ],
)
def test_a_setting_s_prefix_tells_its_file(key: str, file: str) -> None:
    assert file_of(key) == file


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("dfs.replication", "is not KEY=VALUE"),
        ("df.replication=1", r"'df.replication' is no setting of Hadoop: they are .*dfs\.\*"),
        ("dfs.namenode.rpc-address=h:1", "dfs.namenode.rpc-address cannot be set: its port"),
        ("yarn.nodemanager.resource.memory-mb=1", "cannot be set: --memory sets it"),
    ],
)
def test_a_setting_that_cannot_be_is_named(word: str, said: str) -> None:
    with pytest.raises(ClusterError, match=said):
        parse([word], OWNED)


def test_a_setting_may_hold_more_equal_signs() -> None:
    assert parse(["yarn.a= b=c ", "yarn.a=2"], OWNED) == {"yarn.a": "2"}
    assert parse(["yarn.a= b=c "], OWNED) == {"yarn.a": "b=c"}


def test_commands_are_those_of_hadoop_s_scripts() -> None:
    assert main_class(["hdfs", "dfs", "-ls", "/"]) == (
        "org.apache.hadoop.fs.FsShell",
        ["-ls", "/"],
    )
    # It tells its names apart by its first word.
    assert main_class(["yarn", "application", "-list"])[1] == ["application", "-list"]
    assert main_class(["a.Class", "x"]) == ("a.Class", ["x"])
    with pytest.raises(ClusterError, match="'hdfs sfd' is none of hdfs dfs, "):
        main_class(["hdfs", "sfd"])
