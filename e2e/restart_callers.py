"""Callers of several servers that go on without a pause while servers are restarted."""

import json
import os
import subprocess
import threading
from typing import Self

import grpc
import numpy as np
import requests
from tensorflow_serving.apis import prediction_service_pb2_grpc

from e2e.client import predict_request
from e2e.programs import runfile
from e2e.waiting import PATIENCE_SECONDS, wait_for
from trilho.client import CallError, TrilhoClient

__all__ = ["MODEL", "THREADS", "Caller", "HttpCaller", "JavaCaller", "PlainCaller", "PythonCaller"]

MODEL = "m"
# Calls a second, of each caller that has a rate.
RATE = int(os.environ.get("TRILHO_RATE", "300"))
# The threads of a caller, each with one call under way.
THREADS = 4
# Between two looks of a balancer at the readiness of a server.
_LOOK_SECONDS = 0.05
_JAVA = "e2e/restart_caller"

# What a team sets that knows of retries and of no health.
_RETRIES = json.dumps(
    {
        "loadBalancingConfig": [{"round_robin": {}}],
        "methodConfig": [
            {
                "name": [{}],
                "retryPolicy": {
                    "maxAttempts": 4,
                    "initialBackoff": "0.1s",
                    "maxBackoff": "1s",
                    "backoffMultiplier": 2,
                    "retryableStatusCodes": ["UNAVAILABLE"],
                },
            }
        ],
    }
)


def _target(ports: list[int]) -> str:
    return "ipv4:" + ",".join(f"127.0.0.1:{port}" for port in ports)


class Caller:
    """Calls until its `with` block ends.

    Attributes:
        answered: How many calls were answered so far.
        failed: The calls that were lost: what each of them got instead of an answer.
    """

    def __init__(self, ports: list[int]) -> None:
        self.ports = ports
        self.answered = 0
        self.failed: list[str] = []

    def __enter__(self) -> Self:
        self.begin()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def begin(self) -> None:
        """Begins to call."""
        raise NotImplementedError

    def end(self) -> None:
        """Returns when no call is under way any more; may be called again."""
        raise NotImplementedError

    def wait_for_more(self, calls: int) -> None:
        """Waits for so many answers more."""
        enough = self.answered + calls
        wait_for("answers", lambda: self.answered >= enough)


class JavaCaller(Caller):
    """The Java client as it comes, RATE calls a second."""

    def begin(self) -> None:
        """See Caller."""
        command = [str(runfile(_JAVA)), str(RATE), *map(str, self.ports)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._done = False
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            if line.startswith("failed: "):
                self.failed.append(line.strip())
            elif line.strip() == "done":
                self._done = True
            else:
                self.answered = int(line)

    def end(self) -> None:
        """See Caller."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(PATIENCE_SECONDS)
        self._reader.join()
        assert self._process.returncode == 0
        assert self._done


class _ThreadedCaller(Caller):
    """Calls from several threads, each of them as soon as it has an answer."""

    def begin(self) -> None:
        """See Caller."""
        self._stop = threading.Event()
        self._counts = [0] * THREADS
        self._threads = [threading.Thread(target=self._run, args=[i]) for i in range(THREADS)]
        for thread in self._threads:
            thread.start()

    def _run(self, number: int) -> None:
        while not self._stop.is_set():
            try:
                self.call()
                self._counts[number] += 1
                self.answered = sum(self._counts)
            except (CallError, grpc.RpcError, requests.RequestException) as error:
                self.failed.append(str(error))

    def call(self) -> None:
        """Makes a call, on any of the threads."""
        raise NotImplementedError

    def end(self) -> None:
        """See Caller."""
        self._stop.set()
        for thread in self._threads:
            thread.join()


class PythonCaller(_ThreadedCaller):
    """The Python client as it comes."""

    def begin(self) -> None:
        """See Caller."""
        self._client = TrilhoClient(_target(self.ports))
        super().begin()

    def call(self) -> None:
        """See _ThreadedCaller."""
        self._client.predict(MODEL, {"x": np.array([2], np.float32)})

    def end(self) -> None:
        """See Caller."""
        super().end()
        self._client.close()


class PlainCaller(_ThreadedCaller):
    """A client of TF Serving that retries, and does not look at health."""

    def begin(self) -> None:
        """See Caller."""
        options = [("grpc.service_config", _RETRIES), ("grpc.use_local_subchannel_pool", 1)]
        self._channel = grpc.insecure_channel(_target(self.ports), options)
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._request = predict_request(MODEL, x=np.array([2], np.float32))
        super().begin()

    def call(self) -> None:
        """See _ThreadedCaller."""
        self._stub.Predict(self._request, timeout=PATIENCE_SECONDS)

    def end(self) -> None:
        """See Caller."""
        super().end()
        self._channel.close()


class HttpCaller(_ThreadedCaller):
    """What a balancer of HTTP does: looks at /readyz of each server, calls those that are ready."""

    def begin(self) -> None:
        """See Caller."""
        self._bases = [f"http://127.0.0.1:{port}" for port in self.ports]
        self._ready = set(self._bases)
        self._turn = 0
        self._sessions = threading.local()
        super().begin()
        lookers = [threading.Thread(target=self._look, args=[base]) for base in self._bases]
        for looker in lookers:
            looker.start()
        self._threads += lookers

    def _look(self, base: str) -> None:
        while not self._stop.wait(_LOOK_SECONDS):
            try:
                ready = requests.get(f"{base}/readyz", timeout=PATIENCE_SECONDS).ok
            except requests.ConnectionError:
                ready = False
            if ready:
                self._ready.add(base)
            else:
                self._ready.discard(base)

    def call(self) -> None:
        """See _ThreadedCaller. No call is made again: none may be lost."""
        if not hasattr(self._sessions, "session"):
            self._sessions.session = requests.Session()
        ready = sorted(self._ready)
        self._turn += 1
        answer = self._sessions.session.post(
            f"{ready[self._turn % len(ready)]}/v1/models/{MODEL}:predict",
            json={"inputs": {"x": [2.0]}},
            timeout=PATIENCE_SECONDS,
        )
        answer.raise_for_status()

    def wait_until_ready(self, port: int) -> None:
        """Waits until the server there has been seen to be ready."""
        base = f"http://127.0.0.1:{port}"
        wait_for("the server to be seen", lambda: base in self._ready)
