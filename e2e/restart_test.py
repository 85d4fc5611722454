"""Two servers behind a client that balances: both are restarted, and no call is lost."""

import json
import signal
import threading
import time
from pathlib import Path

import grpc
import requests
from tensorflow_serving.apis import prediction_service_pb2_grpc

from e2e.client import image_request
from e2e.models import PIXELS, Export
from e2e.publishing import publish
from e2e.server_process import ServerProcess
from e2e.waiting import PATIENCE_SECONDS, wait_for

# Of a gRPC client that balances: health, and another try where a server is not there.
_SERVICE_CONFIG = json.dumps(
    {
        "loadBalancingConfig": [{"round_robin": {}}],
        "healthCheckConfig": {"serviceName": ""},
        "methodConfig": [
            {
                "name": [{}],
                "retryPolicy": {
                    "maxAttempts": 4,
                    "initialBackoff": "0.05s",
                    "maxBackoff": "1s",
                    "backoffMultiplier": 2,
                    "retryableStatusCodes": ["UNAVAILABLE"],
                },
            }
        ],
    }
)
THREADS = 4
# gRPC tries a lost address again after a second, more or less.
RECONNECT_SECONDS = 3
# Between two looks at the readiness of a server.
LOOK_SECONDS = 0.05


class Caller:
    """Calls without a pause, from several threads, until it is told to stop."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(THREADS)]
        self.answered = 0
        self.failed: list[object] = []

    def _run(self) -> None:
        raise NotImplementedError

    def _start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait_for_more(self, calls: int) -> None:
        """Waits for so many answers more."""
        enough = self.answered + calls
        wait_for("answers", lambda: self.answered >= enough or self.failed)

    def end(self) -> None:
        """Stops calling."""
        self._stop.set()
        for thread in self._threads:
            thread.join()


class GrpcCaller(Caller):
    """As a client of gRPC that balances by itself does."""

    def __init__(self, ports: list[int]) -> None:
        super().__init__()
        addresses = ",".join(f"127.0.0.1:{port}" for port in ports)
        self._channel = grpc.insecure_channel(
            f"ipv4:{addresses}",
            options=[
                ("grpc.service_config", _SERVICE_CONFIG),
                ("grpc.use_local_subchannel_pool", 1),
            ],
        )
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._start()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._stub.Predict(image_request(), timeout=PATIENCE_SECONDS)
                self.answered += 1
            except grpc.RpcError as error:
                self.failed.append(error)
                return

    def end(self) -> None:
        """Stops calling."""
        super().end()
        self._channel.close()


def test_a_rolling_restart_loses_no_call(mnist: Export, base: Path) -> None:
    publish(mnist, base, 1)
    flags = ["--model_name=mnist", f"--model_base_path={base}", "--lame_duck_seconds=1"]
    with ServerProcess(*flags) as first, ServerProcess(*flags) as second:
        caller = GrpcCaller([first.port, second.port])
        try:
            caller.wait_for_more(200)
            stop(first)
            caller.wait_for_more(200)
            # At the same address, as after an update; then it stands in for the other one.
            with ServerProcess(*flags, f"--port={first.port}"):
                caller.wait_for_more(200)
                # The client has connected again by then.
                time.sleep(RECONNECT_SECONDS)
                stop(second)
                caller.wait_for_more(200)
                caller.end()
        finally:
            caller.end()
    print(f"\n{caller.answered} calls answered, {len(caller.failed)} failed")
    assert not caller.failed, caller.failed


class HttpCaller(Caller):
    """As a balancer of HTTP does: looks at /readyz of each server, calls those that are ready."""

    def __init__(self, ports: list[int]) -> None:
        super().__init__()
        self._bases = [f"http://127.0.0.1:{port}" for port in ports]
        self._ready = set(self._bases)
        self._threads += [threading.Thread(target=self._look, args=[base]) for base in self._bases]
        self._start()

    def _look(self, base: str) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            try:
                ready = requests.get(f"{base}/readyz", timeout=PATIENCE_SECONDS).status_code == 200
            except requests.ConnectionError:
                ready = False
            if ready:
                self._ready.add(base)
            else:
                self._ready.discard(base)

    def _run(self) -> None:
        with requests.Session() as session:
            turn = 0
            while not self._stop.is_set():
                ready = sorted(self._ready)
                base = ready[turn % len(ready)]
                turn += 1
                try:
                    answer = session.post(
                        f"{base}/v1/models/mnist:predict",
                        json={"instances": [[0.5] * PIXELS]},
                        timeout=PATIENCE_SECONDS,
                    )
                    answer.raise_for_status()
                    self.answered += 1
                except requests.RequestException as error:
                    # No call is made again: none may be lost.
                    self.failed.append(error)
                    return

    def wait_until_ready(self, port: int) -> None:
        """Waits until the server there has been seen to be ready."""
        base = f"http://127.0.0.1:{port}"
        wait_for("the server to be seen", lambda: base in self._ready)


def test_a_rolling_restart_loses_no_call_over_rest(mnist: Export, base: Path) -> None:
    publish(mnist, base, 1)
    flags = ["--model_name=mnist", f"--model_base_path={base}", "--lame_duck_seconds=1"]
    free = "--rest_api_port=-1"
    with ServerProcess(*flags, free) as first, ServerProcess(*flags, free) as second:
        port = first.http_port()
        caller = HttpCaller([port, second.http_port()])
        try:
            caller.wait_for_more(200)
            stop(first)
            caller.wait_for_more(200)
            with ServerProcess(*flags, f"--rest_api_port={port}"):
                caller.wait_until_ready(port)
                stop(second)
                caller.wait_for_more(200)
                caller.end()
        finally:
            caller.end()
    print(f"\n{caller.answered} calls answered, {len(caller.failed)} failed")
    assert not caller.failed, caller.failed


def stop(server: ServerProcess) -> None:
    """Ends a server as an update does."""
    server.signal(signal.SIGTERM)
    assert server.wait() == 0
