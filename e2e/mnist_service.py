"""Calls of trilho.mnist.MnistService, from its contract alone."""

from collections.abc import Iterable
from typing import Any

import grpc

from e2e.contract_messages import message_class
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


def _message(name: str) -> Any:
    return message_class(runfile(MNIST_CONTRACT), f"trilho.mnist.{name}")
