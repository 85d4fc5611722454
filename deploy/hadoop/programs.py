"""Names the main classes of Hadoop's own clients, by the words that its scripts take."""

from __future__ import annotations

from collections.abc import Sequence

from deploy.hadoop.errors import UsageError

__all__ = ["main_class"]

_CLIENTS = {
    "hdfs dfs": "org.apache.hadoop.fs.FsShell",
    "hdfs dfsadmin": "org.apache.hadoop.hdfs.tools.DFSAdmin",
    "hdfs fsck": "org.apache.hadoop.hdfs.tools.DFSck",
    "yarn application": "org.apache.hadoop.yarn.client.cli.ApplicationCLI",
    "yarn applicationattempt": "org.apache.hadoop.yarn.client.cli.ApplicationCLI",
    "yarn container": "org.apache.hadoop.yarn.client.cli.ApplicationCLI",
    "yarn logs": "org.apache.hadoop.yarn.client.cli.LogsCLI",
    "yarn node": "org.apache.hadoop.yarn.client.cli.NodeCLI",
    "yarn nodeattributes": "org.apache.hadoop.yarn.client.cli.NodeAttributesCLI",
    "yarn queue": "org.apache.hadoop.yarn.client.cli.QueueCLI",
    "yarn rmadmin": "org.apache.hadoop.yarn.client.cli.RMAdminCLI",
    "hadoop jar": "org.apache.hadoop.util.RunJar",
    "yarn jar": "org.apache.hadoop.util.RunJar",
}
# Those that want to know which of their names was used.
_NAMED = ("yarn application", "yarn applicationattempt", "yarn container")


def main_class(words: Sequence[str]) -> tuple[str, list[str]]:
    """Returns the class of a command, and the words that it takes.

    Args:
        words: As Hadoop's scripts take them (hdfs dfs -ls /), or a class's name and its words.

    Raises:
        UsageError: The command is unknown.
    """
    if words and "." in words[0]:
        return words[0], list(words[1:])
    command = " ".join(words[:2])
    if command not in _CLIENTS:
        known = ", ".join(_CLIENTS)
        raise UsageError(f"{command or 'nothing'!r} is none of {known}, and no class's name")
    keep = 1 if command in _NAMED else 2
    return _CLIENTS[command], list(words[keep:])
