"""Descriptors out of .proto files and compiled descriptor sets, with the lines they stand on."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.message import DecodeError

from trilho.contract import compiling
from trilho.contract.problems import ContractError

__all__ = ["Descriptor", "Source", "from_descriptor_set", "load"]

_CONTRACT_PROTO = compiling.CONTRACT_PROTO

# Of messages, enums and services: protobuf's classes have no types.
Descriptor: TypeAlias = Any

# The numbers of these fields in FileDescriptorProto and DescriptorProto: paths of source info.
_FILE_MESSAGES, _FILE_ENUMS, _FILE_SERVICES = 4, 5, 6
_NESTED_MESSAGES, _NESTED_ENUMS, _MEMBERS = 3, 4, 2


@dataclass(frozen=True, kw_only=True)
class Source:
    """Compiled .proto files with all that they import.

    Attributes:
        name: The file it came from, as the user spelled it.
        messages: DescriptorProtos by full name, in the order of the files.
        enums: EnumDescriptorProtos by full name.
        services: ServiceDescriptorProtos by full name.
        files: The FileDescriptorProto of each message, enum and service.
        locations: "FILE:LINE" of each of those, and of fields and methods.
    """

    name: str
    messages: dict[str, Descriptor] = field(default_factory=dict)
    enums: dict[str, Descriptor] = field(default_factory=dict)
    services: dict[str, Descriptor] = field(default_factory=dict)
    files: dict[str, Descriptor] = field(default_factory=dict)
    locations: dict[str, str] = field(default_factory=dict)

    def where(self, element: str) -> str:
        """Starts a line about an element.

        Args:
            element: Its full name.

        Returns:
            "FILE:LINE: ELEMENT", or "FILE: ELEMENT" without source info.
        """
        return f"{self.locations[element]}: {element}"

    def is_own(self, element: str) -> bool:
        """Tells whether a team wrote an element; protobuf's and contract.proto's are others'.

        Args:
            element: The full name of a message, enum or service.

        Returns:
            Whether it is neither in google/protobuf nor in trilho/contract.proto.
        """
        name = self.files[element].name
        return name != _CONTRACT_PROTO and not name.startswith("google/protobuf/")


def load(path: Path, *, proto_paths: Sequence[Path] = ()) -> Source:
    """Reads a contract's file.

    Args:
        path: A .proto, which is compiled, or a serialized FileDescriptorSet with all imports.
        proto_paths: Where a .proto's imports are looked for, as protoc's --proto_path; by default
            in the nearest folder around the .proto below which they are all found.

    Returns:
        Its descriptors, and those of what it imports.

    Raises:
        ContractError: It does not exist, does not compile, or is no descriptor set.
    """
    if not path.is_file():
        raise ContractError(f"{path}: there is no such file; expected a .proto or a descriptor set")
    if path.suffix == ".proto":
        roots = compiling.roots(path, proto_paths)
        content = compiling.descriptor_set([path], proto_paths=roots)
        return _index(path, content, lambda name: _on_disk(name, [*roots, compiling.INCLUDE]))
    return _index(path, path.read_bytes(), lambda name: f"{path}: {name}")


def from_descriptor_set(content: bytes, *, name: str) -> Source:
    """Reads a descriptor set that is not in a file.

    Args:
        content: A serialized FileDescriptorSet with all imports.
        name: What errors call it.

    Returns:
        Its descriptors; without source info, elements are where their .proto is.

    Raises:
        ContractError: It is no descriptor set.
    """
    return _index(Path(name), content, str)


def _on_disk(name: str, roots: Sequence[Path]) -> str:
    """Where protoc found an import, as short as an editor can open it."""
    for root in roots:
        file = root / name
        if file.is_file():
            return str(file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file)
    return name


def _index(path: Path, content: bytes, spell: Callable[[str], str]) -> Source:
    try:
        files = descriptor_pb2.FileDescriptorSet.FromString(content).file
    except DecodeError as error:
        raise ContractError(
            f"{path}: is no serialized google.protobuf.FileDescriptorSet; "
            "a file that protoc should compile ends in .proto"
        ) from error
    if not files:
        raise ContractError(f"{path}: is a descriptor set without files")
    _validate(path, files)
    source = Source(name=str(path))
    for file in files:
        _add_file(source, file, spell(file.name))
    return source


def _validate(path: Path, files: Sequence[Descriptor]) -> None:
    """Refuses a set whose names do not resolve, so that nobody else need look."""
    pool = descriptor_pool.DescriptorPool()
    waiting = {file.name: file for file in files}

    def build(name: str, importer: str) -> None:
        file = waiting.pop(name, None)
        if file is None:
            try:
                pool.FindFileByName(name)
            except KeyError as error:
                raise ContractError(
                    f"{path}: {importer}: imports {name}, which is missing: compile with "
                    "--include_imports"
                ) from error
            return
        for imported in file.dependency:
            build(imported, name)
        try:
            pool.Add(file)
        except TypeError as error:
            raise ContractError(f"{path}: {name}: {error}") from error

    for file in files:
        build(file.name, file.name)


def _add_file(source: Source, file: Descriptor, spelled: str) -> None:
    lines = {tuple(one.path): one.span[0] + 1 for one in file.source_code_info.location}

    def place(element: str, path: tuple[int, ...]) -> None:
        line = lines.get(path)
        source.locations[element] = spelled if line is None else f"{spelled}:{line}"

    prefix = f"{file.package}." if file.package else ""
    for name, message, path in _messages(file.message_type, prefix, (_FILE_MESSAGES,)):
        source.messages[name] = message
        place(name, path)
        for position, member in enumerate(message.field):
            place(f"{name}.{member.name}", (*path, _MEMBERS, position))
        _add_enums(source, message.enum_type, f"{name}.", (*path, _NESTED_ENUMS), place)
        source.files[name] = file
    _add_enums(source, file.enum_type, prefix, (_FILE_ENUMS,), place)
    for position, service in enumerate(file.service):
        name = prefix + service.name
        source.services[name] = service
        source.files[name] = file
        place(name, (_FILE_SERVICES, position))
        for number, method in enumerate(service.method):
            place(f"{name}.{method.name}", (_FILE_SERVICES, position, _MEMBERS, number))
    for name in source.enums:
        source.files.setdefault(name, file)


def _add_enums(
    source: Source,
    enums: Sequence[Descriptor],
    prefix: str,
    path: tuple[int, ...],
    place: Callable[[str, tuple[int, ...]], None],
) -> None:
    for position, enum in enumerate(enums):
        source.enums[prefix + enum.name] = enum
        place(prefix + enum.name, (*path, position))


def _messages(
    messages: Sequence[Descriptor], prefix: str, path: tuple[int, ...]
) -> Iterator[tuple[str, Descriptor, tuple[int, ...]]]:
    """Each message and those nested in it, with its full name and its path in source info."""
    for position, message in enumerate(messages):
        name = prefix + message.name
        yield name, message, (*path, position)
        nested = (*path, position, _NESTED_MESSAGES)
        yield from _messages(message.nested_type, f"{name}.", nested)
