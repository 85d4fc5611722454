"""The server as a child process."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from pathlib import Path

_READY = re.compile(r"serving gRPC on port (\d+)")
_HTTP_READY = re.compile(r"serving HTTP on port (\d+)")
_START_SECONDS = 120


class ServerFailedError(RuntimeError):
    """The server ended, or did not open its port in time."""


class Server:
    """Runs the server on a free port; its log goes to a file.

    Args:
        program: The server.
        model: The model's name.
        base_path: The folder with the model's versions.
        contract: The descriptor set of its typed service.
        log: Written anew.
    """

    def __init__(
        self, program: Path, *, model: str, base_path: Path, contract: Path, log: Path
    ) -> None:
        self.log = log
        with log.open("wb") as out:
            # A session of its own: Ctrl-C is for the demo, which then stops the server.
            self._process = subprocess.Popen(
                [
                    program,
                    f"--model_name={model}",
                    f"--model_base_path={base_path}",
                    f"--contracts={contract}",
                    "--port=0",
                    "--rest_api_port=-1",
                ],
                stderr=out,
                start_new_session=True,
            )
        self.port, self.http_port = self._wait_for_ports()

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return f"localhost:{self.port}"

    @property
    def http_address(self) -> str:
        """HOST:PORT of the REST API and the status page."""
        return f"localhost:{self.http_port}"

    def _wait_for_ports(self) -> tuple[int, int]:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            log = self.log.read_text()
            ready, http_ready = _READY.search(log), _HTTP_READY.search(log)
            if ready and http_ready:
                return int(ready.group(1)), int(http_ready.group(1))
            if self._process.poll() is not None:
                break
            time.sleep(0.05)
        self.stop()
        raise ServerFailedError(f"the server did not start:\n{self.log.read_text()}")

    def stop(self) -> int:
        """Sends SIGTERM and returns the exit code."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        return self._process.wait(60)
