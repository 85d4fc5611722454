"""Messages of a compiled contract, made at run time."""

from functools import cache
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

__all__ = ["message_class"]


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
