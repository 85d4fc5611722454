"""Writes the configuration of all daemons and of their clients."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape

from deploy.hadoop.node_root import NodeRoot
from deploy.hadoop.parts import Parts
from deploy.hadoop.plan import Daemon, Kind, Plan
from deploy.hadoop.ports import HOST
from deploy.hadoop.processes import user_name
from deploy.hadoop.settings import FILES, file_of
from deploy.hadoop.state import State, write

__all__ = ["OWNED", "configuration_of", "java_home_of", "write_configuration"]

_EXECUTOR = "io.trilho.hadoop.RootContainerExecutor"
_STORE = "org.apache.hadoop.yarn.server.resourcemanager.recovery.FileSystemRMStateStore"
_ADDRESS = "its port is chosen by the cluster, and `status` tells it"
_FOLDER = "it lies in the state folder, so that `clean` finds it"

Settings = dict[str, str]

_ADDRESSES: dict[Kind, dict[str, str]] = {
    Kind.NAMENODE: {"dfs.namenode.rpc-address": "", "dfs.namenode.http-address": "-http"},
    Kind.DATANODE: {
        "dfs.datanode.address": "",
        "dfs.datanode.http.address": "-http",
        "dfs.datanode.ipc.address": "-ipc",
    },
    Kind.RESOURCEMANAGER: {
        "yarn.resourcemanager.address": "",
        "yarn.resourcemanager.webapp.address": "-http",
        "yarn.resourcemanager.scheduler.address": "-scheduler",
        "yarn.resourcemanager.resource-tracker.address": "-tracker",
        "yarn.resourcemanager.admin.address": "-admin",
    },
    Kind.NODEMANAGER: {
        "yarn.nodemanager.address": "",
        "yarn.nodemanager.webapp.address": "-http",
        "yarn.nodemanager.localizer.address": "-localizer",
        "yarn.nodemanager.collector-service.address": "-collector",
    },
}
# Settings that the cluster needs as they are, and why.
OWNED: dict[str, str] = {
    **{key: _ADDRESS for keys in _ADDRESSES.values() for key in keys},
    "fs.defaultFS": _ADDRESS,
    "hadoop.tmp.dir": _FOLDER,
    "dfs.namenode.name.dir": _FOLDER,
    "dfs.datanode.data.dir": _FOLDER,
    "yarn.nodemanager.local-dirs": _FOLDER,
    "yarn.nodemanager.log-dirs": _FOLDER,
    "yarn.resourcemanager.fs.state-store.uri": _FOLDER,
    "yarn.nodemanager.container-executor.class": "--bare-nodes chooses it",
    "yarn.nodemanager.resource.memory-mb": "--memory sets it",
    "yarn.nodemanager.resource.cpu-vcores": "--vcores sets it",
}

_LOG4J = """\
log4j.rootLogger=INFO,file
log4j.appender.file=org.apache.log4j.RollingFileAppender
log4j.appender.file.File=${trilho.log}
log4j.appender.file.MaxFileSize=16MB
log4j.appender.file.MaxBackupIndex=2
log4j.appender.file.layout=org.apache.log4j.PatternLayout
log4j.appender.file.layout.ConversionPattern=%d{ISO8601} %p %c{1}: %m%n
"""
# Clients have no file: they print what matters.
_CLIENT_LOG4J = """\
log4j.rootLogger=WARN,console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.target=System.err
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d{HH:mm:ss} %p %c{1}: %m%n
# It wants a library of C for each call's speed, which Maven does not have.
log4j.logger.org.apache.hadoop.util.NativeCodeLoader=ERROR
"""
_WEB_APP = '<web-app xmlns="http://java.sun.com/xml/ns/javaee" version="2.5"/>\n'


def configuration_of(state: State, daemon: Daemon) -> Path:
    """Returns the folder that a daemon reads its configuration from.

    The NameNode and the ResourceManager read that of the clients; of the others there are several.
    """
    if daemon.kind in (Kind.NAMENODE, Kind.RESOURCEMANAGER):
        return state.conf
    return state.folder / "conf" / daemon.name


def java_home_of(state: State, daemon: Daemon, parts: Parts) -> Path:
    """Returns the JAVA_HOME that a daemon's containers see."""
    return state.java if daemon.bare else parts.java.home


def write_configuration(state: State, plan: Plan, parts: Parts) -> None:
    """Writes the folder of every daemon, and the file that a shell reads."""
    shared = _shared(state, plan, parts)
    for key, value in plan.settings.items():
        shared[file_of(key)][key] = value
    _write_folder(state.conf, shared, _CLIENT_LOG4J)
    write(state.conf / "daemon-log4j.properties", _LOG4J)
    for daemon in plan.daemons():
        if daemon.kind in (Kind.DATANODE, Kind.NODEMANAGER):
            file = "hdfs-site.xml" if daemon.kind is Kind.DATANODE else "yarn-site.xml"
            own = {name: dict(settings) for name, settings in shared.items()}
            own[file].update(_addresses(plan, daemon))
            own[file].update(
                _datanode(state, daemon)
                if daemon.kind is Kind.DATANODE
                else _nodemanager(state, plan, parts, daemon)
            )
            # A node's own settings give way to those that were asked for.
            own[file].update({k: v for k, v in plan.settings.items() if file_of(k) == file})
            _write_folder(configuration_of(state, daemon), own, _CLIENT_LOG4J)
    write(
        state.environment,
        f"export HADOOP_CONF_DIR={state.conf}\nexport JAVA_HOME={parts.java.home}\n",
    )


def _write_folder(folder: Path, files: Mapping[str, Settings], log4j: str) -> None:
    for name in FILES:
        write(folder / name, _xml(files[name]))
    write(folder / "log4j.properties", log4j)
    # Hadoop's jars have no pages of HDFS, and its daemons do not start without their folders.
    for name in ("hdfs", "datanode"):
        write(folder / "webapps" / name / "WEB-INF" / "web.xml", _WEB_APP)
    (folder / "webapps" / "static").mkdir(parents=True, exist_ok=True)


def _xml(settings: Settings) -> str:
    lines = [
        f"  <property><name>{escape(key)}</name><value>{escape(value)}</value></property>\n"
        for key, value in sorted(settings.items())
    ]
    return f'<?xml version="1.0"?>\n<configuration>\n{"".join(lines)}</configuration>\n'


def _addresses(plan: Plan, daemon: Daemon) -> Settings:
    return {
        key: f"{HOST}:{plan.ports[daemon.name + end]}"
        for key, end in _ADDRESSES[daemon.kind].items()
    }


def _shared(state: State, plan: Plan, parts: Parts) -> dict[str, Settings]:
    """Chooses what all daemons and clients are told."""
    namenode, resourcemanager = (
        next(daemon for daemon in plan.daemons() if daemon.kind is kind)
        for kind in (Kind.NAMENODE, Kind.RESOURCEMANAGER)
    )
    user = user_name()
    core = {
        "fs.defaultFS": f"hdfs://{HOST}:{plan.ports['namenode']}",
        "hadoop.tmp.dir": str(state.temporary),
        "hadoop.http.staticuser.user": user,
        # Spark and others come as whoever they are; nobody is kept out of a cluster on loopback.
        f"hadoop.proxyuser.{user}.hosts": "*",
        f"hadoop.proxyuser.{user}.groups": "*",
    }
    hdfs = {
        **_addresses(plan, namenode),
        "dfs.replication": str(min(plan.datanodes, 3)),
        "dfs.namenode.name.dir": f"file://{state.hdfs}/name",
        "dfs.namenode.safemode.extension": "0",
        "dfs.namenode.handler.count": "4",
        "dfs.datanode.handler.count": "3",
        "dfs.datanode.hostname": HOST,
        # A DataNode that was killed is dead after 20 seconds, not after ten minutes.
        "dfs.heartbeat.interval": "1",
        "dfs.namenode.heartbeat.recheck-interval": "5000",
        "dfs.datanode.du.reserved": "0",
    }
    yarn = {
        **_addresses(plan, resourcemanager),
        "yarn.resourcemanager.hostname": HOST,
        "yarn.resourcemanager.nodemanagers.heartbeat-interval-ms": "250",
        # A NodeManager that was killed is lost after 20 seconds, not after ten minutes.
        "yarn.nm.liveness-monitor.expiry-interval-ms": "20000",
        "yarn.resourcemanager.am.max-attempts": "3",
        # Applications outlive the ResourceManager.
        "yarn.resourcemanager.recovery.enabled": "true",
        "yarn.resourcemanager.store.class": _STORE,
        "yarn.resourcemanager.fs.state-store.uri": f"file://{state.yarn}/applications",
        "yarn.node-labels.fs-store.root-dir": f"file://{state.yarn}/labels",
        "yarn.node-attribute.fs-store.root-dir": f"file://{state.yarn}/attributes",
        "yarn.resourcemanager.placement-constraints.handler": "scheduler",
        "yarn.scheduler.minimum-allocation-mb": "64",
        "yarn.scheduler.maximum-allocation-mb": str(plan.memory_mb),
        "yarn.scheduler.maximum-allocation-vcores": str(plan.vcores),
        "yarn.nodemanager.resource.memory-mb": str(plan.memory_mb),
        "yarn.nodemanager.resource.cpu-vcores": str(plan.vcores),
        # TensorFlow reserves many times the memory that it uses.
        "yarn.nodemanager.vmem-check-enabled": "false",
        "yarn.nodemanager.pmem-check-enabled": "true",
        # The files of a container can be looked at for ten minutes after its end.
        "yarn.nodemanager.delete.debug-delay-sec": "600",
        "yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage": "99",
        "yarn.nodemanager.env-whitelist": "JAVA_HOME,HADOOP_CONF_DIR,PATH,LANG,TZ",
        "yarn.log-aggregation-enable": "true",
        "yarn.timeline-service.enabled": "false",
        "yarn.application.classpath": f"{state.conf},{parts.jars}/*",
        # Nodes look often for a ResourceManager that is not there yet.
        "yarn.resourcemanager.connect.retry-interval.ms": "500",
        "yarn.resourcemanager.connect.max-wait.ms": "900000",
    }
    scheduler = {
        "yarn.scheduler.capacity.root.queues": "default",
        "yarn.scheduler.capacity.root.default.capacity": "100",
        # Several small applications at once, of which each has a container for its master.
        "yarn.scheduler.capacity.maximum-am-resource-percent": "0.8",
    }
    return dict(zip(FILES, (core, hdfs, yarn, scheduler), strict=True))


def _datanode(state: State, daemon: Daemon) -> Settings:
    return {"dfs.datanode.data.dir": f"file://{state.hdfs}/{daemon.name}"}


def _nodemanager(state: State, plan: Plan, parts: Parts, daemon: Daemon) -> Settings:
    folder = state.nodes / daemon.name
    settings = {
        "yarn.nodemanager.local-dirs": str(folder / "local"),
        "yarn.nodemanager.log-dirs": str(folder / "logs"),
    }
    if daemon.bare:
        root = NodeRoot(state, plan, parts, daemon)
        settings |= {
            "yarn.nodemanager.container-executor.class": _EXECUTOR,
            "trilho.nodemanager.enter-root": str(root.enter),
            # It runs `find -ls`, which busybox does not have.
            "yarn.nodemanager.log-container-debug-info.enabled": "false",
        }
    return settings
