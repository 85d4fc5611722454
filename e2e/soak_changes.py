"""What changes under the calls of a soak: versions, good and broken, models, certificates."""

import random
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count, cycle
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.wrappers_pb2 import StringValue
from tensorflow_serving.apis import model_management_pb2
from tensorflow_serving.config import model_server_config_pb2

from e2e.client import AVAILABLE, END, predict_request
from e2e.models import Export
from e2e.publishing import MANIFEST, manifest_of, publish, remove, write_manifest
from e2e.soak_calls import HOST, Ledger, SecureClient, Target
from e2e.waiting import wait_for

__all__ = ["Certificates", "Models", "change_until"]

_MANAGEMENT = "/trilho.management.ModelManagementService/"
# These come and go; their versions do not.
BY_RELOAD, BY_MANAGEMENT = "by_reload", "by_management"
SHARE_OF_BROKEN = 0.3


@dataclass
class _Model:
    export: Export
    base: Path
    version: int = 1
    # The last number given to a version, a good one or not.
    number: int = 1


class Models:
    """The folders that a server serves, and the requests that change which it does.

    Attributes:
        config: The configuration to start with.
    """

    def __init__(self, folder: Path, exports: dict[str, Export]) -> None:
        self._folder = folder
        # In turns: by chance a short soak might do without one.
        self._ruins = cycle([_graph_is_no_graph, _variables_are_missing, _file_is_another])
        self._models = {name: _Model(export, folder / name) for name, export in exports.items()}
        for name, model in self._models.items():
            publish(model.export, folder / name, 1)
        for name in (BY_RELOAD, BY_MANAGEMENT):
            publish(exports["half_plus_two"], folder / name, 1)
        self.config = folder / "models.config"
        text = str(self._server_config(self._models))
        self.config.write_text(text, encoding="utf-8")

    def swap(self, client: SecureClient, ledger: Ledger, chance: random.Random) -> str:
        """Publishes a version, perhaps a broken one, and waits for what becomes of it.

        Args:
            client: Who asks for its state.
            ledger: Learns which versions are broken.
            chance: Chooses.

        Returns:
            What kind of change it was.
        """
        name = chance.choice(sorted(self._models))
        model = self._models[name]
        model.number += 1
        if chance.random() < SHARE_OF_BROKEN:
            ledger.forbid(name, model.number)
            ruin = next(self._ruins)
            _publish_broken(model.export, model.base, model.number, ruin)
            client.wait_for_status(
                name, model.number, lambda s: s.state == END and s.status.error_code != 0
            )
            remove(model.base / str(model.number))
            return ruin.__name__.strip("_")
        publish(model.export, model.base, model.number)
        client.wait_until(name, model.number, AVAILABLE)
        client.wait_until(name, model.version, END)
        remove(model.base / str(model.version))
        model.version = model.number
        return "version_swapped"

    def reload(self, client: SecureClient) -> None:
        """Adds models in both ways and takes them away again.

        Args:
            client: Who does.
        """
        self._reload(client, [*self._models, BY_RELOAD])
        _assert_answers(client, BY_RELOAD)
        config = str(self._server_config([BY_MANAGEMENT]).model_config_list.config[0])
        # AddModelRequest and RemoveModelRequest have a string as field 1, as StringValue has.
        client.call_bytes(f"{_MANAGEMENT}AddModel", StringValue(value=config).SerializeToString())
        _assert_answers(client, BY_MANAGEMENT)
        client.call_bytes(
            f"{_MANAGEMENT}RemoveModel", StringValue(value=BY_MANAGEMENT).SerializeToString()
        )
        _wait_until_gone(client, BY_MANAGEMENT)
        _assert_answers(client, BY_RELOAD)
        self._reload(client, list(self._models))
        _wait_until_gone(client, BY_RELOAD)

    def _reload(self, client: SecureClient, names: list[str]) -> None:
        request = model_management_pb2.ReloadConfigRequest(config=self._server_config(names))
        answer = client.model.HandleReloadConfigRequest(request, timeout=60)
        assert answer.status.error_code == 0, answer

    def _server_config(self, names: Any) -> Any:
        config = model_server_config_pb2.ModelServerConfig()
        for name in names:
            config.model_config_list.config.add(
                name=name, base_path=str(self._folder / name), model_platform="tensorflow"
            )
        return config


class Certificates:
    """A server's certificates, of which it shows one at a time.

    Attributes:
        config: What the flags of both ports name.
        all: All of them, for those who trust them.
    """

    def __init__(self, folder: Path) -> None:
        self.config = folder / "ssl.config"
        self.all = folder / "certificates.pem"
        self._identities = [_self_signed(folder / name) for name in ("first", "second")]
        self._turn = count()
        self.all.write_text("".join(certificate for _, certificate in self._identities))
        self.rotate()

    def rotate(self) -> None:
        """Makes the server show another one soon."""
        key, certificate = self._identities[next(self._turn) % 2]
        new = self.config.with_suffix(".new")
        new.write_text(f"server_key: {_quoted(key)}\nserver_cert: {_quoted(certificate)}\n")
        new.replace(self.config)


def change_until(
    stop: threading.Event,
    target: Target,
    change: Callable[[SecureClient], str],
    ledger: Ledger,
    pause_seconds: float,
) -> None:
    """Makes a change again and again until it is told to stop.

    Args:
        stop: Tells.
        target: The server.
        change: Makes it, by a client, and says of which kind it was.
        ledger: What came of it.
        pause_seconds: Between two.
    """
    while not stop.wait(pause_seconds):
        with SecureClient(target) as client:
            try:
                ledger.count(change(client))
            except (AssertionError, OSError, grpc.RpcError) as error:
                ledger.fail(getattr(change, "__name__", "change"), error)
                return


def _publish_broken(export: Export, base: Path, version: int, ruin: Callable[[Path], None]) -> None:
    """Publishes a version whose manifest is right, but for what `ruin` does to it later."""
    aside = base / f".tmp-{version}"
    export.write(aside, version)
    if ruin is not _file_is_another:
        ruin(aside)
    write_manifest(aside, manifest_of(aside, base.name))
    if ruin is _file_is_another:
        ruin(aside)
    aside.rename(base / str(version))


def _graph_is_no_graph(folder: Path) -> None:
    graph = folder / "saved_model.pb"
    graph.write_bytes(graph.read_bytes()[::-1])


def _variables_are_missing(folder: Path) -> None:
    for file in (folder / "variables").glob("variables.data-*"):
        file.unlink()


def _file_is_another(folder: Path) -> None:
    assert (folder / MANIFEST).exists()
    graph = folder / "saved_model.pb"
    graph.write_bytes(graph.read_bytes() + b"\0")


def _assert_answers(client: SecureClient, model: str) -> None:
    answer = client.predict(predict_request(model, x=[1.0]))
    assert list(answer.outputs["y"].float_val) == [2.5]


def _wait_until_gone(client: SecureClient, model: str) -> None:
    def is_gone() -> bool:
        try:
            client.predict(predict_request(model, x=[1.0]))
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.NOT_FOUND:
                raise
            return True
        return False

    wait_for(f"{model} to be gone", is_gone)


def _self_signed(prefix: Path) -> tuple[str, str]:
    key, certificate = prefix.with_suffix(".key"), prefix.with_suffix(".pem")
    subprocess.run(
        [
            *["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
            *["-nodes", "-keyout", str(key), "-out", str(certificate), "-days", "2"],
            *["-subj", f"/CN={prefix.name}", "-addext", f"subjectAltName=IP:{HOST}"],
        ],
        capture_output=True,
        check=True,
    )
    return key.read_text(encoding="ascii"), certificate.read_text(encoding="ascii")


def _quoted(text: str) -> str:
    return '"' + text.replace("\n", "\\n") + '"'
