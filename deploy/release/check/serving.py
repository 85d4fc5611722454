"""The server out of the tarball, run as an operator does who has nothing but that file."""

import re
import signal
import subprocess
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Address", "serve", "unpack"]

_PATIENCE_SECONDS = 120
_GRPC = re.compile(r"serving gRPC on port (\d+)$", re.MULTILINE)
_HTTP = re.compile(r"serving HTTP on port (\d+)$", re.MULTILINE)


@dataclass(frozen=True)
class Address:
    """Where a server listens on this machine."""

    grpc: int
    http: int


def unpack(tarball: Path, folder: Path) -> Path:
    """Unpacks the tarball.

    Args:
        tarball: The artifact.
        folder: Where its one folder goes.

    Returns:
        The program in it.

    Raises:
        ValueError: It has several folders, or no bin/trilho_server.
    """
    with tarfile.open(tarball) as archive:
        archive.extractall(folder, filter="tar")
    found = sorted(folder.iterdir())
    if len(found) != 1:
        names = ", ".join(path.name for path in found)
        raise ValueError(f"expected one folder in it, got {names}")
    program = found[0] / "bin" / "trilho_server"
    if not program.is_file():
        raise ValueError(f"it has no {program.relative_to(folder)}")
    return program


@contextmanager
def serve(program: Path, *flags: str, log: Path) -> Iterator[Address]:
    """Runs a server while the block does, and stops it as service managers do.

    Args:
        program: trilho_server.
        *flags: Its command line, without ports.
        log: Where its output goes.

    Yields:
        Where it listens, once it takes calls.

    Raises:
        ValueError: It ended, did not begin to serve, or did not end well.
    """
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(program), "--port=0", "--rest_api_port=-1", *flags],
            # Nothing of this machine's environment is needed.
            env={},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        yield _wait(process, log)
        process.send_signal(signal.SIGTERM)
        code = process.wait(_PATIENCE_SECONDS)
        if code:
            raise ValueError(f"the server ended with {code} at SIGTERM:\n{_tail(log)}")
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _wait(process: "subprocess.Popen[bytes]", log: Path) -> Address:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        text = log.read_text(errors="replace")
        grpc, http = _GRPC.search(text), _HTTP.search(text)
        if grpc and http:
            return Address(int(grpc[1]), int(http[1]))
        if (code := process.poll()) is not None:
            raise ValueError(f"the server ended with {code}:\n{_tail(log)}")
        time.sleep(0.1)
    raise ValueError(f"the server serves not after {_PATIENCE_SECONDS} s:\n{_tail(log)}")


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])
