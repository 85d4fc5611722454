"""A real HDFS for tests, in one process of its own."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from e2e.programs import runfile

__all__ = ["HdfsCluster", "running_hdfs"]

_START = 300


@dataclass(frozen=True, kw_only=True)
class HdfsCluster:
    """A cluster that runs.

    Attributes:
        configuration: The folder for HADOOP_CONF_DIR.
        port: The HTTP port of the active NameNode, on localhost.
    """

    configuration: Path
    port: int

    @property
    def url(self) -> str:
        """The WebHDFS URL of its root, without the slash."""
        return f"webhdfs://localhost:{self.port}"


@contextmanager
def running_hdfs(folder: Path, *, available: bool = False) -> Iterator[HdfsCluster]:
    """Starts HDFS, and ends it.

    Args:
        folder: Where it keeps its files; made.
        available: With two NameNodes, the second of which is active, as the nameservice "pair".

    Yields:
        The cluster, once it answers.

    Raises:
        RuntimeError: It does not come up.
    """
    folder.mkdir()
    log = folder / "log"
    command = [str(runfile("e2e/mini_hdfs")), "--jvm_flag=-Xmx512m", str(folder)]
    with (
        log.open("w") as errors,
        subprocess.Popen(
            [*command, *(["--available"] if available else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        # Without a line until then it is killed, and the line is empty.
        timer = threading.Timer(_START, process.kill)
        timer.start()
        line = process.stdout.readline()
        timer.cancel()
        if not line.strip().isdecimal():
            process.kill()
            raise RuntimeError(f"HDFS said {line!r}; its log:\n{log.read_text()}")
        try:
            yield HdfsCluster(configuration=folder / "conf", port=int(line))
        finally:
            process.communicate(timeout=_START)
