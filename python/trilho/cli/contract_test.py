import shutil
from pathlib import Path

import pytest
import tensorflow as tf
from click.testing import CliRunner, Result
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from trilho.cli.main import main
from trilho.export import manifest

_CONTRACT = """syntax = "proto3";
package a;
import "trilho/contract.proto";
service S { rpc M(Q) returns (Q) { option (trilho.contract.model) = { name: "m" }; } }
message Q { repeated float x = 1 [(trilho.contract.tensor) = { shape: 4 }]; }
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Has versions 2 and 10 of the model m; only 10 keeps the contract."""
    folder = tmp_path_factory.mktemp("models") / "m"
    for version, width in (("2", 3), ("10", 4)):
        spec = tf.TensorSpec([None, width], tf.float32, name="x")
        function = tf.function(lambda x: {"x": x * 2}).get_concrete_function(spec)
        tf.saved_model.save(tf.Module(), str(folder / version), signatures=function)
    return folder.parent


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    path = tmp_path / "a.proto"
    path.write_text(_CONTRACT)
    return path


def _run(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


def test_check_shows_what_matches(models: Path, contract: Path) -> None:
    result = _run("check", models / "m", "--contract", contract)
    assert result.exit_code == 0, result.output
    head, method, columns, *rows = result.output.splitlines()
    assert head == f"{models}/m/10 keeps the contract"
    assert method == "a.S.M, signature serving_default"
    assert columns.split() == ["field", "tensor", "dtype", "shape"]
    assert [row.split() for row in rows] == [
        ["x", "input", "x", "FLOAT", "[?,", "4]"],
        ["x", "output", "x", "FLOAT", "[?,", "4]"],
    ]


def test_check_ends_with_1_and_the_mismatches(models: Path, contract: Path) -> None:
    result = _run("check", models / "m" / "2", "--contract", contract)
    assert result.exit_code == 1
    head, *lines = result.output.splitlines()
    assert head == f"Error: {models}/m/2: 2 mismatches with the contract"
    assert [line.partition(": a.Q.x: ")[0] for line in lines] == [f"{contract}:5"] * 2


@pytest.mark.parametrize(
    ("model", "first"),
    [
        ("k", 'the contract is answered by the model "m"; FOLDER is a version of "k"'),
        ("m", "FOLDER: 2 mismatches with the contract"),
    ],
)
def test_check_says_first_that_the_version_is_of_another_model(
    models: Path, contract: Path, tmp_path: Path, model: str, first: str
) -> None:
    folder = tmp_path / "2"
    shutil.copytree(models / "m" / "2", folder)
    manifest.write(manifest.build(folder, model=model, metrics={}, training={}), folder)

    result = _run("check", folder, "--contract", contract)

    assert result.exit_code == 1
    assert result.output.splitlines()[0] == f"Error: {first.replace('FOLDER', str(folder))}"
    assert f"{folder}: 2 mismatches with the contract" in result.output


def test_check_of_a_version_whose_manifest_does_not_parse_tells_both(
    models: Path, contract: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "2"
    shutil.copytree(models / "m" / "2", folder)
    (folder / "manifest.json").write_text("{")

    output = _run("check", folder, "--contract", contract).output

    assert "manifest.json does not parse" in output
    assert "2 mismatches with the contract" in output


def test_check_takes_the_methods_of_one_model(models: Path, contract: Path, tmp_path: Path) -> None:
    other = tmp_path / "b.proto"
    other.write_text(_CONTRACT.replace("package a", "package b").replace('"m"', '"other"'))
    files = ("--contract", contract, "--contract", other)
    # By the name of the folder.
    result = _run("check", models / "m" / "10", *files)
    assert result.exit_code == 0, result.output
    assert "a.S.M" in result.output
    assert "b.S.M" not in result.output
    assert "b.S.M" in _run("check", models / "m", *files, "--model", "other").output
    result = _run("check", models / "m", *files, "--model", "k")
    assert result.exit_code == 1
    assert 'answered by the model "k"; --model can be m, other' in result.output


def test_check_of_a_folder_without_a_model_fails(contract: Path, tmp_path: Path) -> None:
    result = _run("check", tmp_path, "--contract", contract)
    assert result.exit_code == 1
    assert "has neither a saved_model.pb nor versions" in result.output


def test_wrong_usage_ends_with_2(models: Path, contract: Path) -> None:
    assert _run("check", models / "m").exit_code == 2
    assert _run("check", models / "no", "--contract", contract).exit_code == 2
    assert _run("contract", "diff", contract).exit_code == 2


def test_diff_ends_with_1_if_something_breaks(contract: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.proto"
    new.write_text(_CONTRACT.replace("float x = 1", "double x = 1"))
    result = _run("contract", "diff", contract, new)
    assert result.exit_code == 1
    assert "breaks clients: a.Q.x: type changed" in result.output


def test_diff_ends_with_0_if_nothing_does(contract: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.proto"
    new.write_text(_CONTRACT + "message New { float x = 1; }")
    result = _run("contract", "diff", contract, new)
    assert (result.exit_code, result.output) == (0, "compatible: a.New: message added\n")
    assert _run("contract", "diff", contract, contract).output == "No difference\n"


def test_help_shows_how_a_contract_looks() -> None:
    assert "option (trilho.contract.model)" in _run("check", "--help").output
    assert "breaks clients" in _run("contract", "diff", "--help").output


def test_compile_writes_what_servers_and_clients_take(contract: Path, tmp_path: Path) -> None:
    result = _run("contract", "compile", contract, "--output", tmp_path / "a.desc")
    assert result.exit_code == 0, result.output
    compiled = FileDescriptorSet.FromString((tmp_path / "a.desc").read_bytes())
    assert [file.name for file in compiled.file] == [
        "google/protobuf/descriptor.proto",
        "trilho/contract.proto",
        "a.proto",
    ]
    assert compiled.file[-1].source_code_info.location

    result = _run("contract", "compile", contract, "--python", tmp_path / "client")
    assert result.exit_code == 0, result.output
    names = sorted(path.name for path in (tmp_path / "client").iterdir())
    assert names == ["a_pb2.py", "a_pb2.pyi", "a_pb2_grpc.py"]


def test_compile_refuses_a_contradiction_and_writes_nothing(contract: Path, tmp_path: Path) -> None:
    contract.write_text(_CONTRACT.replace("shape: 4", "shape: -4"))
    result = _run("contract", "compile", contract, "--output", tmp_path / "a.desc")
    assert result.exit_code == 1
    assert f"{contract}:5: a.Q.x" in result.output
    assert list(tmp_path.iterdir()) == [contract]


def test_compile_needs_something_to_write(contract: Path, tmp_path: Path) -> None:
    assert "give --output or --python" in _run("contract", "compile", contract).output
    descriptors = tmp_path / "a.desc"
    descriptors.touch()
    result = _run("contract", "compile", descriptors, "--python", tmp_path)
    assert (result.exit_code, "expected a .proto" in result.output) == (2, True)


def test_contracts_of_the_package_s_own_models_are_at_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    result = _run("contract", "compile", "trilho/mnist.proto", "--output", "mnist.desc")

    assert result.exit_code == 0, result.output
    files = FileDescriptorSet.FromString((tmp_path / "mnist.desc").read_bytes()).file
    assert "trilho/mnist.proto" in {file.name for file in files}
    # Neither what is outside nor what nobody has.
    for name in ("../__init__.py", "trilho/nobody.proto"):
        result = _run("contract", "compile", name, "--output", "none.desc")
        assert result.exit_code == 2
        assert "does not exist" in result.output
