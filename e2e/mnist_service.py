"""Calls of trilho.mnist.MnistService, from its contract alone."""

from collections.abc import Iterable
from functools import cache
from typing import Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from e2e.programs import MNIST_CONTRACT, runfile
from e2e.waiting import PATIENCE_SECONDS

__all__ = ["CONTRACT_FLAG", "classify"]

# Has a server serve it.
CONTRACT_FLAG = f"--contracts={runfile(MNIST_CONTRACT)}"

_CLASSIFY = "/trilho.mnist.MnistService/Classify"


def classify(channel: grpc.Channel, image_data: Iterable[float]) -> list[float]:
    """Asks for the scores of one image.

    Args:
        channel: To the server.
        image_data: The grey values.

    Returns:
        The scores.
    """
    call: Any = channel.unary_unary(
        _CLASSIFY,
        request_serializer=lambda request: request.SerializeToString(),
        response_deserializer=_message("ClassifyResponse").FromString,
    )
    request = _message("ClassifyRequest")(image_data=image_data)
    return list(call(request, timeout=PATIENCE_SECONDS).value)


@cache
def _pool() -> descriptor_pool.DescriptorPool:
    # One of its own, so that generated code of the same contract is no clash.
    pool = descriptor_pool.DescriptorPool()
    files = descriptor_pb2.FileDescriptorSet.FromString(runfile(MNIST_CONTRACT).read_bytes())
    for file in files.file:
        pool.Add(file)
    return pool


def _message(name: str) -> Any:
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"trilho.mnist.{name}"))
