"""Contracts out of generated modules, which are there where the .proto files are not."""

from google.protobuf import descriptor_pb2
from google.protobuf.descriptor import FileDescriptor

from trilho.contract.definitions import Contract
from trilho.contract.problems import ContractError
from trilho.contract.reading import contracts_of
from trilho.contract.report import nearest
from trilho.contract.sources import from_descriptor_set

__all__ = ["contracts_in"]


def contracts_in(file: FileDescriptor, *, model: str) -> list[Contract]:
    """Reads the methods that a model answers.

    Args:
        file: The DESCRIPTOR of what protoc made of the contract, e.g. mnist_pb2.DESCRIPTOR.
        model: The model's name.

    Returns:
        A contract for each method with this model; at least one.

    Raises:
        ContractError: The file contradicts itself, or names other models only: an export that was
            compared with nothing would not show it.
    """
    files = descriptor_pb2.FileDescriptorSet()
    _add(file, files, set())
    source = from_descriptor_set(files.SerializeToString(), name=file.name)
    contracts = contracts_of(source)
    found = [contract for contract in contracts if contract.model == model]
    if found:
        return found
    models = sorted({contract.model for contract in contracts})
    problem = f'{file.name}: no method of it is answered by the model "{model}"'
    near = nearest(model, models)
    if near:
        problem += f'; did you mean "{near}"?'
    raise ContractError(f"{problem} (valid: {', '.join(models) or 'none'})")


def _add(file: FileDescriptor, files: descriptor_pb2.FileDescriptorSet, done: set[str]) -> None:
    if file.name in done:
        return
    done.add(file.name)
    for imported in file.dependencies:
        _add(imported, files, done)
    files.file.add().ParseFromString(file.serialized_pb)
