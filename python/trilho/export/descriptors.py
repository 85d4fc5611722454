"""Contracts out of generated modules, which are there where the .proto files are not."""

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import FileDescriptor

from trilho.contract.definitions import Contract
from trilho.contract.reading import contracts_of
from trilho.contract.sources import from_descriptor_set

__all__ = ["contracts_in"]


def contracts_in(file: FileDescriptor, *, model: str) -> list[Contract]:
    """Reads the methods that a model answers.

    Args:
        file: The DESCRIPTOR of what protoc made of the contract, e.g. mnist_pb2.DESCRIPTOR.
        model: The model's name.

    Returns:
        A contract for each method with this model.

    Raises:
        ContractError: The file contradicts itself.
    """
    files = descriptor_pb2.FileDescriptorSet()
    _add(file, files, set())
    source = from_descriptor_set(files.SerializeToString(), name=file.name)
    return [contract for contract in contracts_of(source) if contract.model == model]


def _add(file: FileDescriptor, files: descriptor_pb2.FileDescriptorSet, done: set[str]) -> None:
    if file.name in done:
        return
    done.add(file.name)
    for imported in file.dependencies:
        _add(imported, files, done)
    files.file.add().ParseFromString(file.serialized_pb)
