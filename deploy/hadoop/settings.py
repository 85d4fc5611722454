"""Sorts Hadoop's settings into the files that are read for them, and refuses what is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deploy.hadoop.errors import UsageError

__all__ = ["FILES", "file_of", "parse"]

# The longest prefix decides.
_PREFIXES = {
    "yarn.scheduler.capacity.": "capacity-scheduler.xml",
    "yarn.": "yarn-site.xml",
    "mapreduce.": "yarn-site.xml",
    "trilho.": "yarn-site.xml",
    "dfs.": "hdfs-site.xml",
    "fs.": "core-site.xml",
    "hadoop.": "core-site.xml",
    "io.": "core-site.xml",
    "ipc.": "core-site.xml",
    "net.": "core-site.xml",
}
FILES = ("core-site.xml", "hdfs-site.xml", "yarn-site.xml", "capacity-scheduler.xml")


def file_of(key: str) -> str:
    """Returns the file that a setting belongs to.

    Raises:
        UsageError: Its prefix is none of Hadoop's.
    """
    for prefix in sorted(_PREFIXES, key=len, reverse=True):
        if key.startswith(prefix):
            return _PREFIXES[prefix]
    known = ", ".join(f"{prefix}*" for prefix in _PREFIXES)
    raise UsageError(f"{key!r} is no setting of Hadoop: they are {known}")


def parse(words: Iterable[str], owned: Mapping[str, str]) -> dict[str, str]:
    """Reads words like key=value.

    Args:
        words: The words.
        owned: Settings that the cluster itself needs as they are, each with the reason.

    Raises:
        UsageError: A word has no "=", a key is unknown, or owned.
    """
    settings: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        key = key.strip()
        if not equals:
            raise UsageError(
                f"{word!r} is not KEY=VALUE, as yarn.scheduler.minimum-allocation-mb=64 is"
            )
        file_of(key)
        if key in owned:
            raise UsageError(f"{key} cannot be set: {owned[key]}")
        settings[key] = value.strip()
    return settings
