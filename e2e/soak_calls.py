"""The calls of a soak: some succeed, some are refused, some are broken off by their clients."""

import os
import random
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import requests
import tensorflow as tf
from tensorflow_serving.apis import (
    model_service_pb2_grpc,
    prediction_service_pb2_grpc,
)

from e2e.client import SERVING, Client, error_of, image_request, predict_request, scores
from e2e.models import PIXELS
from e2e.waiting import PATIENCE_SECONDS

__all__ = ["HOST", "Caller", "Ledger", "SecureClient", "Target", "call_until"]

HOST = "127.0.0.1"
MOST_STEPS = 4
# A client makes a new connection after so many calls.
CALLS_PER_CONNECTION = 200
# Of each kind.
MOST_FAILURES_KEPT = 3


@dataclass(frozen=True, slots=True)
class Target:
    """A server that speaks TLS.

    Attributes:
        port: Where it speaks gRPC.
        http_port: Where it speaks HTTP.
        certificates: File of all certificates that it may show.
    """

    port: int
    http_port: int
    certificates: Path

    @property
    def url(self) -> str:
        """What stands before each path."""
        return f"https://{HOST}:{self.http_port}"


class Ledger:
    """What came of all calls, and which version each model must have come to."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.failures: list[str] = []
        self._lock = threading.Lock()
        self._newest: Counter[str] = Counter()
        self._broken: set[tuple[str, int]] = set()

    def count(self, kind: str) -> None:
        """Notes a call, or a change, that came to its end as it should."""
        with self._lock:
            self.done[kind] += 1

    def fail(self, kind: str, error: Exception) -> None:
        """Notes one that did not."""
        with self._lock:
            self.failed[kind] += 1
            if self.failed[kind] <= MOST_FAILURES_KEPT:
                self.failures.append(f"{kind}: {type(error).__name__}: {error}")

    def forbid(self, model: str, version: int) -> None:
        """Notes a version that may never answer, before it is published."""
        with self._lock:
            self._broken.add((model, version))

    def newest(self, model: str) -> int:
        """The newest version that has answered."""
        with self._lock:
            return self._newest[model]

    def answered(self, model: str, version: int, least: int) -> None:
        """Notes who answered.

        Args:
            model: The model.
            version: The version that answered.
            least: `newest` from before the call.
        """
        with self._lock:
            assert version >= least, f"{model}: {version} answered, {least} did before"
            assert (model, version) not in self._broken, f"{model}: {version} is broken"
            self._newest[model] = max(self._newest[model], version)


class SecureClient(Client):
    """A connection of its own, by TLS."""

    def __init__(self, target: Target) -> None:
        self.channel = grpc.secure_channel(
            f"{HOST}:{target.port}",
            grpc.ssl_channel_credentials(target.certificates.read_bytes()),
            options=[("grpc.use_local_subchannel_pool", 1)],
        )
        self.prediction = prediction_service_pb2_grpc.PredictionServiceStub(self.channel)
        self.model = model_service_pb2_grpc.ModelServiceStub(self.channel)


class Caller:
    """One client's calls, by gRPC and by REST. A method that returns was answered as it should be.

    Attributes:
        good: Calls that must succeed.
        bad: Calls that must be refused, each with its own error.
        broken_off: Calls whose client does not wait for the answer.
    """

    def __init__(self, target: Target, ledger: Ledger, chance: random.Random, folder: Path) -> None:
        self._target = target
        self._ledger = ledger
        self._chance = chance
        self._folder = folder
        self.good: list[Callable[[], None]] = [
            *[self.grpc_mnist] * 6,
            *[self.grpc_half_plus_two] * 2,
            self.grpc_spin,
            *[self.rest_mnist] * 2,
            self.rest_half_plus_two,
            self.rest_spin,
            self.grpc_introspection,
            self.rest_introspection,
        ]
        self.bad: list[Callable[[], None]] = [self.grpc_refused, self.rest_refused]
        self.broken_off: list[Callable[[], None]] = [
            *[self.cancelled] * 8,
            *[self.out_of_time] * 8,
            *[self.grpc_hung_up] * 2,
            *[self.rest_hung_up] * 4,
            self.killed,
        ]
        self.connect()

    def connect(self) -> None:
        """Makes connections that nothing was sent on yet."""
        self._client = SecureClient(self._target)
        self._session = requests.Session()
        # Else REQUESTS_CA_BUNDLE would come before what is said here.
        self._session.trust_env = False
        self._session.verify = str(self._target.certificates)

    def close(self) -> None:
        """Closes them."""
        self._client.channel.close()
        self._session.close()

    def grpc_mnist(self) -> None:
        """Predict, in batches with those of others."""
        grey, images = self._chance.randrange(64) / 64, self._chance.randint(1, 3)
        least = self._ledger.newest("mnist")
        answer = self._client.predict(image_request(grey, images=images))
        version = answer.model_spec.version.value
        values = tf.make_ndarray(answer.outputs["value"])
        np.testing.assert_allclose(values, scores(version, grey, images=images), rtol=1e-5)
        self._ledger.answered("mnist", version, least)

    def grpc_half_plus_two(self) -> None:
        """Predict, of a signature that cannot be batched."""
        x = float(self._chance.randrange(100))
        least = self._ledger.newest("half_plus_two")
        answer = self._client.predict(predict_request("half_plus_two", x=[x]))
        assert list(answer.outputs["y"].float_val) == [x / 2 + 2]
        version = answer.model_spec.version.value
        assert list(answer.outputs["version"].float_val) == [version]
        self._ledger.answered("half_plus_two", version, least)

    def grpc_spin(self) -> None:
        """Predict, of a run that takes its time."""
        steps = self._chance.randint(0, MOST_STEPS)
        least = self._ledger.newest("spin")
        answer = self._client.predict(predict_request("spin", steps=steps))
        assert list(answer.outputs["steps"].int_val) == [steps]
        self._ledger.answered("spin", answer.model_spec.version.value, least)

    def rest_mnist(self) -> None:
        """The row form."""
        grey = self._chance.randrange(64) / 64
        least = self._ledger.newest("mnist")
        (row,) = self._post("mnist", {"instances": [[grey] * PIXELS]})["predictions"]
        version = round((row[0] - grey) / 10)
        np.testing.assert_allclose([row], scores(version, grey), rtol=1e-5)
        self._ledger.answered("mnist", version, least)

    def rest_half_plus_two(self) -> None:
        """The column form."""
        least = self._ledger.newest("half_plus_two")
        outputs = self._post("half_plus_two", {"inputs": {"x": [1.0, 5.0]}})["outputs"]
        assert outputs["y"] == [2.5, 4.5]
        self._ledger.answered("half_plus_two", round(outputs["version"]), least)

    def rest_spin(self) -> None:
        """A run that takes its time."""
        steps = self._chance.randint(0, MOST_STEPS)
        least = self._ledger.newest("spin")
        outputs = self._post("spin", {"inputs": {"steps": steps}})["outputs"]
        assert outputs["steps"] == steps
        self._ledger.answered("spin", round(outputs["version"]), least)

    def grpc_introspection(self) -> None:
        """Health, status, metadata."""
        assert self._client.health() == SERVING
        assert self._client.status("mnist")
        assert self._client.signatures("spin")

    def rest_introspection(self) -> None:
        """What operators and machines look at."""
        for path in (
            "/readyz",
            "/readyz/mnist",
            "/metrics",
            "/v1/models/mnist",
            "/v1/models/spin/metadata",
        ):
            answer = self._session.get(self._target.url + path, timeout=PATIENCE_SECONDS)
            assert answer.ok, f"{path}: {answer.status_code} {answer.text[:200]}"

    def grpc_refused(self) -> None:
        """What callers do wrong."""
        wrong_version = image_request()
        wrong_version.model_spec.version.value = 10**9
        wrong_signature = image_request()
        wrong_signature.model_spec.signature_name = "none"
        request, code = self._chance.choice(
            [
                (image_request(model="none"), grpc.StatusCode.NOT_FOUND),
                (wrong_version, grpc.StatusCode.NOT_FOUND),
                (wrong_signature, grpc.StatusCode.FAILED_PRECONDITION),
                (predict_request("mnist"), grpc.StatusCode.INVALID_ARGUMENT),
                (
                    predict_request("mnist", image_data=np.zeros([3], np.float32)),
                    grpc.StatusCode.INVALID_ARGUMENT,
                ),
                (predict_request("spin", steps=1.0), grpc.StatusCode.INVALID_ARGUMENT),
            ]
        )
        refused, text = error_of(lambda: self._client.predict(request))
        assert refused == code, text

    def rest_refused(self) -> None:
        """The same by REST."""
        model, body, code = self._chance.choice(
            [
                ("none", '{"instances": [1]}', 404),
                ("mnist/versions/1000000000", '{"instances": [1]}', 404),
                ("mnist", '{"instances": [1, 2, 3]}', 400),
                ("mnist", '{"instances": [[1, 2', 400),
                ("half_plus_two", '{"inputs": {"z": [1]}}', 400),
                ("half_plus_two", "", 400),
            ]
        )
        answer = self._session.post(
            f"{self._target.url}/v1/models/{model}:predict", data=body, timeout=PATIENCE_SECONDS
        )
        assert answer.status_code == code, answer.text
        assert answer.json()["error"]

    def cancelled(self) -> None:
        """Calls that are cancelled at some time, perhaps behind their end."""
        calls = self._begin()
        time.sleep(self._chance.uniform(0, 0.02))
        for call in calls:
            call.cancel()
        for call in calls:
            if not call.cancelled():
                call.result()

    def out_of_time(self) -> None:
        """Calls with a deadline that most of them miss."""
        for call in self._begin(timeout=self._chance.uniform(0.0005, 0.02)):
            error = call.exception()
            assert error is None or error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error

    def grpc_hung_up(self) -> None:
        """A connection that is closed with calls on it."""
        with SecureClient(self._target) as client:
            client.health()
            for _ in range(4):
                client.prediction.Predict.future(self._spinning(), timeout=PATIENCE_SECONDS)
            time.sleep(self._chance.uniform(0, 0.01))

    def rest_hung_up(self) -> None:
        """A connection that is reset in the middle of the request or before the answer."""
        body = b'{"inputs": {"steps": %d}}' % MOST_STEPS
        head = b"POST /v1/models/spin:predict HTTP/1.1\r\nHost: s\r\nContent-Length: %d\r\n\r\n"
        request = head % len(body) + body
        context = ssl.create_default_context(cafile=str(self._target.certificates))
        address = (HOST, self._target.http_port)
        with (
            socket.create_connection(address, PATIENCE_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=HOST) as connection,
        ):
            # A close is a reset then.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(request[: self._chance.choice([10, len(request) - 5, None])])
            time.sleep(self._chance.uniform(0, 0.01))

    def killed(self) -> None:
        """A process that is killed while it calls."""
        file = self._folder / f"request-{threading.get_ident()}"
        file.write_bytes(self._spinning().SerializeToString())
        with subprocess.Popen(
            [
                sys.executable,
                str(Path(__file__).with_name("doomed_client.py")),
                f"{HOST}:{self._target.port}",
                str(self._target.certificates),
                "/tensorflow.serving.PredictionService/Predict",
                str(file),
            ],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        ) as doomed:
            assert doomed.stdout
            assert doomed.stdout.readline() == b"calling\n"
            time.sleep(self._chance.uniform(0, 0.1))
            doomed.kill()

    def _begin(self, timeout: float = PATIENCE_SECONDS) -> list[Any]:
        requests_ = [self._spinning(), image_request(), image_request()]
        return [self._client.prediction.Predict.future(r, timeout=timeout) for r in requests_]

    def _spinning(self) -> Any:
        return predict_request("spin", steps=MOST_STEPS)

    def _post(self, model: str, body: dict[str, Any]) -> Any:
        answer = self._session.post(
            f"{self._target.url}/v1/models/{model}:predict", json=body, timeout=PATIENCE_SECONDS
        )
        assert answer.ok, answer.text
        return answer.json()


def call_until(
    stop: threading.Event,
    caller: Caller,
    calls: list[Callable[[], None]],
    ledger: Ledger,
    pause_seconds: float,
) -> None:
    """Makes calls, one after another, until it is told to stop.

    Args:
        stop: Tells.
        caller: Whose they are; closed at the end.
        calls: Some of that caller's, to choose from.
        ledger: What came of them.
        pause_seconds: Between two calls, at most.
    """
    chance = random.Random(id(caller))  # noqa: S311  a choice, not a secret
    made = 0
    while not stop.is_set():
        call = chance.choice(calls)
        try:
            call()
        except (AssertionError, OSError, ValueError, grpc.RpcError) as error:
            ledger.fail(call.__name__, error)
        else:
            ledger.count(call.__name__)
        made += 1
        if made % CALLS_PER_CONNECTION == 0:
            caller.close()
            caller.connect()
        if pause_seconds:
            stop.wait(chance.uniform(0, pause_seconds))
    caller.close()
