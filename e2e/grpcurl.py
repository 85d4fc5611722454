"""Calls by grpcurl, which knows the server from reflection alone, and load by ghz."""

import json
import subprocess
from typing import Any

from e2e.programs import GHZ, GRPCURL, runfile
from e2e.waiting import PATIENCE_SECONDS

__all__ = ["Grpcurl", "ghz"]


class Grpcurl:
    """Somebody at a shell, with a server and nothing else."""

    def __init__(self, port: int) -> None:
        self._server = f"localhost:{port}"

    def list(self, *service: str) -> list[str]:
        """The services of the server, or the methods of one."""
        return self._run(self._server, "list", *service).splitlines()

    def describe(self, symbol: str) -> str:
        """What reflection tells of a service, a method or a message, as a .proto has it."""
        return self._run(self._server, "describe", symbol)

    def call(self, method: str, request: object) -> Any:
        """Calls a method.

        Args:
            method: SERVICE/METHOD.
            request: Of a message, in proto3's JSON mapping.

        Returns:
            The answer, in JSON likewise; TF Serving's under the names in its .proto.
        """
        return json.loads(self._run(*self._request(request), self._server, method))

    def error(self, method: str, request: object) -> str:
        """Calls a method that should fail; what is said then."""
        done = self._done(*self._request(request), self._server, method)
        assert done.returncode != 0, done.stdout
        return done.stderr

    def _request(self, request: object) -> tuple[str, str]:
        return "-d", json.dumps(request)

    def _run(self, *words: str) -> str:
        done = self._done(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _done(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(runfile(GRPCURL, workspace="go_tools")), "-plaintext", *words],
            capture_output=True,
            check=False,
            text=True,
            timeout=PATIENCE_SECONDS,
        )


def ghz(port: int, method: str, request: object, *, calls: int, concurrency: int = 10) -> Any:
    """Makes many equal calls.

    Args:
        port: Of the server.
        method: SERVICE/METHOD.
        request: As of `Grpcurl.call`, or a message's bytes, which cost ghz less.
        calls: How many.
        concurrency: How many at once.

    Returns:
        ghz's report in JSON: "count", "statusCodeDistribution", "rps", ...
    """
    sent = ["--binary"] if isinstance(request, bytes) else ["--data", json.dumps(request)]
    done = subprocess.run(
        [
            *(str(runfile(GHZ, workspace="go_tools")), "--insecure", "--format=json"),
            *("--call", method, *sent),
            *("--total", str(calls), "--concurrency", str(concurrency)),
            f"localhost:{port}",
        ],
        input=request if isinstance(request, bytes) else b"",
        capture_output=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)
