"""A server as an operator runs it: a process with flags, a log and an exit code."""

import os
import re
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from e2e.programs import SERVER, runfile
from e2e.waiting import PATIENCE_SECONDS, wait_for

__all__ = ["Finished", "ServerProcess", "cpu_seconds", "free_port", "run_to_end"]

_PORT_LINE = re.compile(r"serving gRPC on port (\d+)$", re.MULTILINE)
_HTTP_PORT_LINE = re.compile(r"serving HTTP on port (\d+)$", re.MULTILINE)
_MANAGEMENT_PORT_LINE = re.compile(r"serving management on port (\d+)$", re.MULTILINE)
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Finished:
    """A server that has ended by itself: its exit code and what it wrote."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    def __repr__(self) -> str:
        return f"exit code {self.code}\n{self.out}{self.err}"


def run_to_end(*flags: str) -> Finished:
    """Runs a server that is expected to end by itself.

    Args:
        *flags: Its command line.

    Returns:
        What came of it.
    """
    done = subprocess.run(
        [str(runfile(SERVER)), *flags],
        capture_output=True,
        check=False,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    return Finished(done.returncode, done.stdout, done.stderr)


def free_port() -> int:
    """A port that nobody has, for a server that does not tell its own yet."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def cpu_seconds(pid: int) -> float:
    """The time that all threads of a process have computed so far."""
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    # Behind the program's name, which may hold spaces: utime and stime.
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


class ServerProcess:
    """Runs a server for the length of a `with` block.

    The block begins when the server takes calls, or at once with `wait=False`. At its end the
    server gets SIGTERM, unless the block has ended it, and must exit with 0. If the block raises,
    the server is killed and its log is printed.

    Attributes:
        port: Where it listens, once it does.
    """

    def __init__(self, *flags: str, wait: bool = True) -> None:
        self.port = 0
        self._flags = flags
        self._wait = wait
        self._folder = tempfile.TemporaryDirectory(prefix="trilho-server-")
        self._log = Path(self._folder.name) / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self._exit_code = 0

    def __enter__(self) -> Self:
        command = [str(runfile(SERVER)), "--port=0", *self._flags]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            if self._wait:
                self.wait_until_serving()
        except BaseException:
            self._kill()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._kill()
            return
        try:
            if self.is_running():
                self.signal(signal.SIGTERM)
            code = self.wait()
            assert code == self._exit_code, f"exit code {code}"
        except BaseException:
            self._kill()
            raise
        self._folder.cleanup()

    def http_port(self) -> int:
        """Where its HTTP port is, once the server takes calls."""
        found = _HTTP_PORT_LINE.search(self.log())
        assert found, "the server was not started with --rest_api_port"
        return int(found[1])

    def management_port(self) -> int:
        """Where its management port is, once the server takes calls."""
        found = _MANAGEMENT_PORT_LINE.search(self.log())
        assert found, "the server was not started with --management_port"
        return int(found[1])

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The process; only inside of the block."""
        assert self._process is not None, "the server is not started"
        return self._process

    def log(self) -> str:
        """What it wrote so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def wait_until_serving(self) -> None:
        """Returns when it takes calls, and knows the port then."""

        def port() -> int | None:
            line = _PORT_LINE.search(self.log())
            assert line or self.is_running(), f"ended with {self.process.returncode}"
            return int(line[1]) if line else None

        self.port = wait_for("the server to listen", port)

    def wait_for_log(self, text: str) -> None:
        """Returns when the log holds `text`."""
        wait_for(f"{text!r} in the log", lambda: text in self.log())

    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal."""
        self.process.send_signal(number)

    def kill(self) -> None:
        """Ends it as a crash would, which the block then expects."""
        self._exit_code = -signal.SIGKILL
        self.signal(signal.SIGKILL)
        self.wait()

    def wait(self, timeout: float = PATIENCE_SECONDS) -> int:
        """Waits for its end.

        Args:
            timeout: Seconds.

        Returns:
            The exit code; -N if signal N ended it.
        """
        return self.process.wait(timeout)

    def rss_bytes(self) -> int:
        """The memory it has resident."""
        return self._memory("VmRSS")

    def address_space_bytes(self) -> int:
        """The addresses that it has mapped, which its limit counts."""
        return self._memory("VmSize")

    def _memory(self, field: str) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        line = re.search(rf"^{field}:\s*(\d+) kB$", status, re.MULTILINE)
        assert line, status
        return int(line[1]) * 1024

    def cpu_seconds(self) -> float:
        """The time that all its threads have computed so far."""
        return cpu_seconds(self.process.pid)

    def _kill(self) -> None:
        if self.is_running():
            self.process.kill()
            self.wait()
        print(f"--- log of the server {' '.join(self._flags)}\n{self.log()}---")
        self._folder.cleanup()
