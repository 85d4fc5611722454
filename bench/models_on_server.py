"""Loading and unloading a model by ModelService, as an operator's tool does."""

from pathlib import Path

import grpc
from tensorflow_serving.config import model_server_config_pb2

from e2e.client import AVAILABLE, END, Client
from e2e.waiting import wait_for

__all__ = ["load", "unload", "write_config"]


def load(client: Client, folder: Path, *, kept: str, model: str) -> None:
    """Has a server load FOLDER/MODEL; returns when it is available.

    Args:
        client: A client of the server.
        folder: Where its models are.
        kept: The model that it serves and goes on to serve.
        model: The other one.
    """
    client.serve_only(**{name: folder / name for name in (kept, model)})
    client.wait_until(model, 1, AVAILABLE)


def unload(client: Client, folder: Path, *, kept: str, model: str) -> None:
    """Has it unload that model; returns when its memory has been given back."""
    client.serve_only(**{kept: folder / kept})

    def is_gone() -> bool:
        # A model that is not configured is forgotten when its last version has ended.
        try:
            return bool(client.status(model)[1].state == END)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.NOT_FOUND:
                raise
            return True

    wait_for(f"{model} to be unloaded", is_gone)


def write_config(folder: Path, model: str) -> Path:
    """Writes a file for --model_config_file that names FOLDER/MODEL alone."""
    file = folder / "models.config"
    config = model_server_config_pb2.ModelServerConfig()
    config.model_config_list.config.add(
        name=model, base_path=str(folder / model), model_platform="tensorflow"
    )
    file.write_text(str(config), encoding="utf-8")
    return file
