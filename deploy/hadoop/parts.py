"""Finds what a cluster is made of: Hadoop's jars, Java, and busybox for bare roots."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from deploy.hadoop.errors import ClusterError

__all__ = ["HOME_VARIABLE", "Java", "Parts", "find_java", "find_parts"]

HOME_VARIABLE = "TRILHO_HADOOP_HOME"
# Hadoop 3.4 calls Subject.getSubject, which later ones refuse.
_JAVA = range(8, 23)


@dataclass(frozen=True)
class Java:
    """A Java that Hadoop runs on.

    Attributes:
        home: The folder for JAVA_HOME, without links.
        major: The version's first number, 8 for 1.8.
    """

    home: Path
    major: int

    @property
    def program(self) -> Path:
        """The program `java`."""
        return self.home / "bin" / "java"


@dataclass(frozen=True)
class Parts:
    """Files that are there before any cluster is.

    Attributes:
        jars: The folder of Hadoop's jars and all that they need.
        executor: The jar whose container executor enters a node's root.
        packages: The folder of unpacked Debian packages, busybox-static among them.
        java: The Java that daemons run on.
    """

    jars: Path
    executor: Path
    packages: Path
    java: Java


def find_parts() -> Parts:
    """Returns the parts in $TRILHO_HADOOP_HOME, or else in the runfiles of Bazel.

    Raises:
        ClusterError: There is no Java, one that Hadoop does not run on, or a part is missing.
    """
    java = find_java()
    if home := os.environ.get(HOME_VARIABLE):
        folder = Path(home)
        parts = Parts(folder / "jars", folder / "executor.jar", folder / "packages", java)
    else:
        parts = _runfiles(java)
    for part in (parts.jars, parts.executor):
        if not part.exists():
            raise ClusterError(f"{part} is missing; {HOME_VARIABLE} must name the unpacked archive")
    return parts


def _runfiles(java: Java) -> Parts:
    # Only here: an unpacked archive needs nothing but Python.
    from runfiles import Runfiles  # noqa: PLC0415

    runfiles = Runfiles.Create()
    if runfiles is None:
        raise ClusterError(f"neither Bazel's runfiles nor {HOME_VARIABLE} tell where Hadoop is")

    def find(path: str) -> Path:
        found = runfiles.Rlocation(path)
        if not found or not Path(found).exists():
            raise ClusterError(f"{path} is not in the runfiles: run this by Bazel")
        return Path(found)

    # Resolved, since the folders of links that Bazel makes go while a cluster still runs.
    a_jar = find("hadoop_daemons/jars/" + find("trilho/deploy/hadoop/a_jar").read_text().strip())
    return Parts(
        a_jar.resolve().parent,
        find("trilho/deploy/hadoop/libexecutor.jar").resolve(),
        find("debian_runtime/packages").resolve(),
        java,
    )


def find_java() -> Java:
    """Returns the Java of JAVA_HOME, or else of PATH.

    Raises:
        ClusterError: There is none, or Hadoop does not run on it.
    """
    home = os.environ.get("JAVA_HOME")
    found = f"{home}/bin/java" if home else shutil.which("java")
    where = "JAVA_HOME" if home else "PATH"
    if not found or not os.access(found, os.X_OK):
        raise ClusterError(f"no Java by {where}: install openjdk-17-jre-headless or set JAVA_HOME")
    folder = Path(found).resolve().parent.parent
    release = folder / "release"
    text = release.read_text() if release.exists() else ""
    match = re.search(r'^JAVA_VERSION="(?:1\.)?(\d+)', text, re.MULTILINE)
    if not match:
        raise ClusterError(f"{folder} ({where}) has no file `release` that tells Java's version")
    if int(match[1]) not in _JAVA:
        raise ClusterError(
            f"Hadoop 3.4 runs on Java {_JAVA.start} to {_JAVA.stop - 1}, and {folder} ({where}) is "
            f"{match[1]}: set JAVA_HOME to another one"
        )
    return Java(folder, int(match[1]))
