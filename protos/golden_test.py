"""Golden bytes as Python reads and writes them; see README.md."""

from pathlib import Path
from typing import Any

import pytest
from google.protobuf import message_factory, symbol_database, text_format
from runfiles import Runfiles

from trilho import census_pb2, mnist_pb2, recommender_pb2

_SERVICES = (census_pb2, mnist_pb2, recommender_pb2)


def _golden() -> list[Path]:
    runfiles = Runfiles.Create()
    assert runfiles
    folder = runfiles.Rlocation("trilho/protos/golden")
    assert folder
    return sorted(Path(folder).glob("*.txtpb"))


def _new(text: str) -> Any:
    name = text.splitlines()[0].removeprefix("# proto-message: ")
    descriptor = symbol_database.Default().pool.FindMessageTypeByName(name)
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
    assert names == {module.DESCRIPTOR.package.rpartition(".")[2] for module in _SERVICES}
