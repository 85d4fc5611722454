"""A server of models for KServe's protocol, and requests to it over REST."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from e2e.echo import export_echo
from e2e.models import Export
from e2e.publishing import publish
from e2e.server_process import ServerProcess
from e2e.waiting import PATIENCE_SECONDS

__all__ = ["column", "get", "infer", "serve", "url"]


@contextmanager
def serve(mnist: Export, half_plus_two: Export, folder: Path) -> Iterator[ServerProcess]:
    """A server of MNIST, half plus two in two versions, and echo, of every type."""
    publish(mnist, folder / "mnist", 1)
    # In no configuration: beside the folders of those that are.
    publish(half_plus_two, folder / "outside", 1)
    for version in (1, 2):
        publish(half_plus_two, folder / "half_plus_two", version)
    export_echo(folder / "echo" / "1")
    (folder / "config").write_text(
        "model_config_list {"
        + "".join(
            f'config {{ name: "{name}" base_path: "{folder}/{name}" model_platform: "tensorflow"'
            f" model_version_policy {{ all {{}} }} {more} }}"
            for name, more in (
                ("mnist", ""),
                ("half_plus_two", 'version_labels { key: "stable" value: 1 }'),
                ("echo", ""),
            )
        )
        + "}",
        encoding="utf-8",
    )
    with ServerProcess(f"--model_config_file={folder}/config", "--rest_api_port=-1") as server:
        yield server


def url(server: ServerProcess, path: str) -> str:
    """The address of what is below /v2."""
    return f"http://127.0.0.1:{server.http_port()}/v2{path}"


def get(server: ServerProcess, path: str) -> requests.Response:
    """Asks for what is below /v2."""
    return requests.get(url(server, path), timeout=PATIENCE_SECONDS)


def infer(server: ServerProcess, path: str, body: Any, **more: Any) -> requests.Response:
    """Asks a model, by its name or `NAME/versions/VERSION`."""
    return requests.post(
        url(server, f"/models/{path}/infer"), json=body, timeout=PATIENCE_SECONDS, **more
    )


def column(name: str, values: list[float]) -> dict[str, Any]:
    """An input of one dimension."""
    return {"name": name, "datatype": "FP32", "shape": [len(values)], "data": values}
