"""Golden bytes as Python reads and writes them, and contract.proto's numbers; see README.md."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
from runfiles import Runfiles

_SERVICES = ("census", "mnist", "recommender")
for _service in _SERVICES:
    # By name, since generated modules have no types here.
    importlib.import_module(f"trilho.{_service}_pb2")


_FIELD = descriptor_pb2.FieldDescriptorProto


def _folder() -> Path:
    runfiles = Runfiles.Create()
    assert runfiles
    folder = runfiles.Rlocation("trilho/protos/golden")
    assert folder
    return Path(folder)


def _golden() -> list[Path]:
    return sorted(_folder().glob("*.txtpb"))


def _new(text: str) -> Any:
    name = text.splitlines()[0].removeprefix("# proto-message: ")
    descriptor = descriptor_pool.Default().FindMessageTypeByName(name)
    return message_factory.GetMessageClass(descriptor)()


@pytest.mark.parametrize("path", _golden(), ids=lambda path: path.stem)
def test_bytes_and_text_are_the_same_message(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    written = text_format.Parse(text, _new(text))
    golden = path.with_suffix(".binpb").read_bytes()
    assert written.SerializeToString() == golden
    read = _new(text)
    read.ParseFromString(golden)
    assert read == written


def test_every_service_has_golden_bytes() -> None:
    names = {path.stem.partition("_")[0] for path in _golden()}
    assert names == set(_SERVICES)


def _declared(file: Any) -> Iterator[str]:
    """A line for whatever has a number in a file."""
    for field in file.extension:
        yield f"{_field(field)} extends {field.extendee[1:]}"
    for message in file.message_type:
        yield from (f"{message.name}.{_field(field)}" for field in message.field)
    for enum in file.enum_type:
        yield from (f"{enum.name}.{value.name} = {value.number}" for value in enum.value)


def _field(field: Any) -> str:
    label = _FIELD.Label.Name(field.label).removeprefix("LABEL_").lower()
    kind = field.type_name[1:] or _FIELD.Type.Name(field.type).removeprefix("TYPE_").lower()
    return f"{field.name} = {field.number} {label} {kind}"


def test_the_numbers_of_contract_proto_stay() -> None:
    importlib.import_module("trilho.contract_pb2")
    file = descriptor_pb2.FileDescriptorProto()
    descriptor_pool.Default().FindFileByName("trilho/contract.proto").CopyToProto(file)
    kept = (_folder() / "contract_numbers.txt").read_text(encoding="utf-8").splitlines()
    # Released contracts are compiled with them: lines may be added, none may change.
    assert list(_declared(file)) == kept
