import base64
import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from email.parser import Parser
from pathlib import Path

import pytest
from runfiles import Runfiles

_Wheel = tuple[Path, zipfile.ZipFile]


@pytest.fixture(scope="module")
def wheel() -> Iterator[_Wheel]:
    found = Runfiles.Create()
    folder = found and found.Rlocation("trilho/python")
    assert folder
    (path,) = Path(folder).glob("trilho-*-py3-none-any.whl")
    with zipfile.ZipFile(path) as archive:
        yield path, archive


def _info(wheel: _Wheel, name: str) -> str:
    path, archive = wheel
    folder = "-".join(path.name.split("-")[:2]) + ".dist-info"
    return archive.read(f"{folder}/{name}").decode()


def test_the_record_holds_for_every_file(wheel: _Wheel) -> None:
    _, archive = wheel
    rows = {
        name: (digest, size)
        for name, digest, size in csv.reader(io.StringIO(_info(wheel, "RECORD")))
    }
    assert sorted(rows) == sorted(archive.namelist())
    for name, (digest, size) in rows.items():
        if name.endswith("/RECORD"):
            assert (digest, size) == ("", "")
            continue
        content = archive.read(name)
        found = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        assert (digest, size) == (f"sha256={found}", str(len(content)))


def test_it_has_what_is_generated_and_no_tests(wheel: _Wheel) -> None:
    names = wheel[1].namelist()
    for name in (
        "trilho/_version.py",
        "trilho/client/serving.desc",
        # The README's example compiles it.
        "trilho/contract/include/trilho/mnist.proto",
        "trilho/manifest_pb2.py",
        "trilho/mnist_pb2.py",
        "trilho/mnist_pb2.pyi",
        "trilho/mnist_pb2_grpc.py",
        "trilho/models/mnist/train.py",
        "trilho/py.typed",
    ):
        assert name in names
    assert not [name for name in names if name.endswith(("_test.py", ".pyc", ".md"))]


def test_metadata(wheel: _Wheel) -> None:
    path, _ = wheel
    metadata = Parser().parsestr(_info(wheel, "METADATA"))
    assert metadata["Name"] == "trilho"
    assert metadata["Version"] == path.name.split("-")[1]
    assert metadata["Requires-Python"] == ">=3.11"
    requires = metadata.get_all("Requires-Dist", [])
    always = {line.split(">=")[0] for line in requires if ";" not in line}
    base = {
        "click",
        "docstring-parser",
        "grpcio",
        "numpy",
        "protobuf",
        "pydantic",
        "pyyaml",
        "rich",
    }
    assert always == base
    assert any(line.endswith('; extra == "train"') for line in requires)
    assert str(metadata.get_payload()).startswith("# ")


def test_the_command_is_an_entry_point(wheel: _Wheel) -> None:
    assert _info(wheel, "entry_points.txt") == "[console_scripts]\ntrilho = trilho.cli.main:main\n"
    assert "Tag: py3-none-any\n" in _info(wheel, "WHEEL")


def test_license_and_bill_of_materials_are_where_pip_and_scanners_look(wheel: _Wheel) -> None:
    metadata = Parser().parsestr(_info(wheel, "METADATA"))
    assert metadata["License-File"] == "LICENSE"
    assert "Apache License" in _info(wheel, "licenses/LICENSE")
    bill = json.loads(_info(wheel, "sboms/trilho.cdx.json"))
    assert bill["metadata"]["component"]["purl"] == f"pkg:pypi/trilho@{metadata['Version']}"
    (edges,) = (edge for edge in bill["dependencies"] if edge["ref"].startswith("pkg:pypi/trilho@"))
    needed = {name.partition("@")[0].removeprefix("pkg:pypi/") for name in edges["dependsOn"]}
    requires = metadata.get_all("Requires-Dist", [])
    # All that pip fetches for any extra, and what is inside.
    declared = {line.partition(">=")[0] for line in requires}
    assert needed == declared | {"tensorflow-serving-api"}


def test_the_same_input_gives_the_same_bytes(wheel: _Wheel) -> None:
    assert {info.date_time for info in wheel[1].infolist()} == {(1980, 1, 1, 0, 0, 0)}
