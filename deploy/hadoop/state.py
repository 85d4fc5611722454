"""Keeps everything of a cluster in one folder, which is known by a mark."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.hadoop.errors import ClusterError
from deploy.hadoop.plan import Plan

__all__ = ["State", "write"]

_MARK = "trilho-hadoop.json"
_LOCK = "lock"
_MADE = (".java", "conf", "env.sh", "hdfs", "java", "logs", "nodes", "run", "tmp", "yarn")
# Hadoop splits lists of folders at commas, and its scripts do not quote all paths.
_TAKEN = re.compile(r"[\w./@+=-]+", re.ASCII)


def write(file: Path, text: str, mode: int = 0o644) -> None:
    """Writes a file aside and renames it, so that nobody reads half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{file.name}.{os.getpid()}")
    aside.write_text(text)
    aside.chmod(mode)
    aside.rename(file)


class State:
    """The folder of a cluster.

    Attributes:
        folder: The folder, without links.
        conf: The configuration that clients and most daemons read: HADOOP_CONF_DIR.
        logs: The daemons' logs.
        run: Which process is which daemon.
        hdfs: The NameNode's and the DataNodes' data.
        nodes: What NodeManagers and their containers write, by name; and bare roots.
        java: A copy of Java for bare roots.
        environment: What a shell reads to have its Hadoop clients find the cluster.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.expanduser().resolve()
        if not _TAKEN.fullmatch(str(self.folder)):
            raise ClusterError(
                f"Hadoop takes letters, digits and ./_-@+= in the path of a folder: {self.folder}"
            )
        self.conf = self.folder / "conf"
        self.logs = self.folder / "logs"
        self.run = self.folder / "run"
        self.hdfs = self.folder / "hdfs"
        self.nodes = self.folder / "nodes"
        self.java = self.folder / "java"
        self.temporary = self.folder / "tmp"
        self.yarn = self.folder / "yarn"
        self.environment = self.folder / "env.sh"
        self._mark = self.folder / _MARK

    def log(self, daemon: str) -> Path:
        """The log of a daemon."""
        return self.logs / f"{daemon}.log"

    def output(self, daemon: str) -> Path:
        """What a daemon prints beside its log: as a rule nothing but what ends it early."""
        return self.logs / f"{daemon}.out"

    def exists(self) -> bool:
        """Tells whether a cluster has been here."""
        return self._mark.is_file()

    def load(self) -> Plan:
        """Reads the cluster's plan.

        Raises:
            ClusterError: No cluster is here, or another version's.
        """
        try:
            return Plan.from_json(self._mark.read_text())
        except FileNotFoundError:
            raise ClusterError(f"no cluster is in {self.folder}: `start` makes one") from None
        except ValueError as error:
            raise ClusterError(f"{self._mark} cannot be read: {error}") from error

    def save(self, plan: Plan) -> None:
        """Writes the cluster's plan."""
        write(self._mark, plan.to_json())

    @contextmanager
    def locked(self, *, make: bool = False) -> Iterator[None]:
        """Keeps other commands from the cluster until the block ends.

        Args:
            make: Makes the folder if it is not there. One with somebody else's files is refused.

        Raises:
            ClusterError: Another command is at work, or no cluster is here.
        """
        if make:
            self.refuse_foreign()
            self.folder.mkdir(parents=True, exist_ok=True)
        elif not self.exists():
            self.load()
        with (self.folder / _LOCK).open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                pid = lock.read().strip()
                raise ClusterError(
                    f"process {pid or '?'} is changing the cluster in {self.folder}: wait for it"
                ) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    def refuse_foreign(self) -> None:
        """Raises ClusterError if the folder has files, and no cluster has been there."""
        if self.exists():
            return
        try:
            foreign = sorted({path.name for path in self.folder.iterdir()} - {_LOCK})
        except FileNotFoundError:
            return
        except OSError as error:
            raise ClusterError(f"{self.folder}: {error.strerror}") from error
        if foreign:
            raise ClusterError(
                f"{self.folder} has no {_MARK} but other files ({', '.join(foreign[:3])}): it is "
                "no cluster's, name an empty folder or a new one"
            )

    def clean(self) -> list[str]:
        """Removes what a cluster made here; returns the names of what else is there.

        The folder goes if nothing is left in it.

        Raises:
            ClusterError: Something is mounted in it.
        """
        mounts = Path("/proc/self/mountinfo").read_text().splitlines()
        for mount in (line.split()[4] for line in mounts):
            if mount.startswith(f"{self.folder}/"):
                raise ClusterError(f"{mount} is mounted, and its files might go: unmount it")
        for name in _MADE:
            made = self.folder / name
            if made.is_dir() and not made.is_symlink():
                shutil.rmtree(made)
            else:
                made.unlink(missing_ok=True)
        # Last, so that an interrupted clean can be done again.
        (self.folder / _LOCK).unlink(missing_ok=True)
        self._mark.unlink(missing_ok=True)
        left = sorted(path.name for path in self.folder.iterdir())
        if not left:
            self.folder.rmdir()
        return left
