"""Golden bytes as Python reads and writes them; see README.md."""

import importlib
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pool, message_factory, text_format
from runfiles import Runfiles

_SERVICES = ("census", "mnist", "recommender")
for _service in _SERVICES:
    # By name, since generated modules have no types here.
    importlib.import_module(f"trilho.{_service}_pb2")


def _golden() -> list[Path]:
    runfiles = Runfiles.Create()
    assert runfiles
    folder = runfiles.Rlocation("trilho/protos/golden")
    assert folder
    return sorted(Path(folder).glob("*.txtpb"))


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
