"""Contracts compiled here, and their messages, made at run time."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import grpc_tools
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from e2e.programs import CONTRACT_PROTO, runfile

__all__ = ["compiled", "message_class"]


def compiled(folder: Path, name: str, text: str) -> Path:
    """Compiles a contract, as its team does.

    Args:
        folder: Where to; made if missing.
        name: Of the file, without its end.
        text: The .proto.

    Returns:
        FOLDER/NAME.desc.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.proto").write_text(text, encoding="utf-8")
    out = folder / f"{name}.desc"
    (package,) = (Path(path) for path in grpc_tools.__path__)
    # A process of its own: the compiler and TensorFlow do not go together in one.
    subprocess.run(
        [
            sys.executable,
            "-m",
            "grpc_tools.protoc",
            f"--proto_path={folder}",
            f"--proto_path={runfile(CONTRACT_PROTO).parent.parent}",
            f"--proto_path={package / '_proto'}",
            "--include_imports",
            "--include_source_info",
            f"--descriptor_set_out={out}",
            f"{name}.proto",
        ],
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    return out


def message_class(descriptor_set: Path, name: str) -> Any:
    """Makes the class of a message.

    Args:
        descriptor_set: A file with the contract and all that it imports.
        name: The message's, with its package.

    Returns:
        The class, as generated code would have it.
    """
    return message_factory.GetMessageClass(_pool(descriptor_set).FindMessageTypeByName(name))


@cache
def _pool(descriptor_set: Path) -> descriptor_pool.DescriptorPool:
    # One of its own, so that generated code of the same contract is no clash.
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(descriptor_set.read_bytes()).file:
        pool.Add(file)
    return pool
