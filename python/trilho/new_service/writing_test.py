import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from trilho.cli.main import main
from trilho.contract import reading
from trilho.new_service.writing import NewServiceError, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    parent = tmp_path_factory.mktemp("services")
    write("card_fraud", parent)
    return parent / "card_fraud"


def test_the_files_are_named_after_the_model(folder: Path) -> None:
    names = sorted(path.name for path in folder.iterdir())

    assert names == ["README.md", "card_fraud.proto", "query.py", "train.py", "train_test.py"]
    assert "CardFraudServiceStub" in (folder / "query.py").read_text()
    assert not [path for path in folder.iterdir() if "$name" in path.read_text()]


def test_the_contract_is_one(folder: Path) -> None:
    (contract,) = reading.read([folder / "card_fraud.proto"])

    assert contract.service == "card_fraud.CardFraudService"
    assert contract.model == "card_fraud"
    assert {field.alias: field.shape for field in contract.inputs} == {
        "amount": (),
        "country": (),
        "history": (3,),
    }


def test_its_own_test_passes(folder: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "train_test.py"]
    run = subprocess.run(
        command,
        cwd=folder,
        env={"PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin:/bin", "HOME": str(folder)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "3 passed" in run.stdout


@pytest.mark.parametrize("name", ["CardFraud", "card-fraud", "3d", "a__b", "", "trilho", "../a"])
def test_a_name_is_one_everywhere(name: str, tmp_path: Path) -> None:
    with pytest.raises(NewServiceError, match="expected lower-case words"):
        write(name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "fraud").mkdir()

    result = CliRunner().invoke(main, ["new-service", "fraud", "--in", str(tmp_path)])

    assert result.exit_code == 1
    assert "fraud: exists already" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["fraud"]


def test_the_command_says_how_to_go_on(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["new-service", "fraud", "--in", str(tmp_path / "new")])

    assert result.exit_code == 0, result.output
    assert f"{tmp_path}/new/fraud/fraud.proto" in result.output
    assert "README.md" in result.output.splitlines()[-1]
