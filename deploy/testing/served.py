"""A server that was installed, run as a test wants it, and asked over REST and gRPC."""

import json
import re
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc

from deploy.testing.runfile import runfile

__all__ = ["MODEL", "Ports", "ask", "configuration", "copy_model", "served"]

SECONDS = 120.0
# Made by cpp_server/testing/make_models.py.
MODEL = "half_plus_two"


@dataclass(frozen=True)
class Ports:
    """Where a server listens on this machine."""

    grpc: int
    http: int


def copy_model(folder: Path) -> None:
    """Copies a model to where it is served from, for everybody to read."""
    for source in sorted(runfile(f"cpp_server/testing/models/{MODEL}/1").rglob("*")):
        if source.is_file():
            target = (
                folder / "1" / source.relative_to(runfile(f"cpp_server/testing/models/{MODEL}/1"))
            )
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            target.chmod(0o644)
    (folder / "1" / "_SUCCESS").touch()
    for path in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        path.chmod(0o755)


def configuration(base_path: str) -> str:
    """Writes a file of models that names the model."""
    model = f'name: "{MODEL}" base_path: "{base_path}" model_platform: "tensorflow"'
    return f"model_config_list {{ config {{ {model} }} }}"


@contextmanager
def served(words: Sequence[str], log: Path) -> Iterator[Ports]:
    """Runs a server by its whole command line, until the block ends; SIGTERM must end it with 0."""
    with log.open("wb") as out:
        server = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + SECONDS
        while not (found := re.search(r"serving gRPC on port (\d+)", log.read_text())):
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        http = re.search(r"serving HTTP on port (\d+)", log.read_text())
        assert http, log.read_text()
        yield Ports(int(found[1]), int(http[1]))
        server.send_signal(signal.SIGTERM)
        assert server.wait(SECONDS) == 0, log.read_text()
    finally:
        server.kill()
        server.wait()


def ask(ports: Ports) -> None:
    """Has the model answer over REST, and the server tell over gRPC that it serves it."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{ports.http}/v1/models/{MODEL}:predict",
        data=json.dumps({"instances": [1.0, 2.0, 5.0]}).encode(),
    )
    with urllib.request.urlopen(request, timeout=SECONDS) as response:  # noqa: S310
        assert json.load(response) == {"predictions": [2.5, 3.0, 4.5]}
    with grpc.insecure_channel(f"127.0.0.1:{ports.grpc}") as channel:
        # A HealthCheckRequest of the service MODEL, and a HealthCheckResponse of SERVING.
        check: Callable[..., bytes] = channel.unary_unary("/grpc.health.v1.Health/Check")
        assert check(b"\x0a" + bytes([len(MODEL)]) + MODEL.encode(), timeout=SECONDS) == b"\x08\x01"
