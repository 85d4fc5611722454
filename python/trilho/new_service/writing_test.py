import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
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

    assert names == [
        *("README.md", "card_fraud.proto", "model.py", "query.py", "train.py", "train_test.py"),
    ]
    assert "CardFraudServiceStub" in (folder / "query.py").read_text()
    assert not [path for path in folder.iterdir() if "$name" in path.read_text()]
    # So that the next line of the block is run, too.
    assert "--contracts=card_fraud.desc &\n" in (folder / "README.md").read_text()


def test_the_contract_is_one(folder: Path) -> None:
    (contract,) = reading.read([folder / "card_fraud.proto"])

    assert contract.service == "card_fraud.CardFraudService"
    assert contract.model == "card_fraud"
    assert {field.alias: field.shape for field in contract.inputs} == {
        "amount": (),
        "country": (),
        "history": (3,),
    }


def _python(folder: Path, *args: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    search = [*([str(path)] if path else []), *sys.path]
    return subprocess.run(
        [sys.executable, *args],
        cwd=folder,
        env={
            "PYTHONPATH": os.pathsep.join(search),
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        check=False,
        capture_output=True,
        text=True,
    )


def test_its_own_test_passes(folder: Path) -> None:
    run = _python(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", "train_test.py")

    assert run.returncode == 0, run.stdout + run.stderr
    assert "3 passed" in run.stdout


def test_a_wrong_option_does_not_wait_for_tensorflow(folder: Path, tmp_path: Path) -> None:
    for module in ("keras", "tensorflow"):
        (tmp_path / f"{module}.py").write_text("raise RuntimeError('loaded')")

    run = _python(folder, "train.py", "--epochs", "x", path=tmp_path)

    assert run.returncode == 2
    assert "'x' is not a valid integer" in run.stderr


def test_a_network_of_another_contract_is_not_trained(folder: Path, tmp_path: Path) -> None:
    changed = tmp_path / "card_fraud"
    shutil.copytree(folder, changed)
    contract = changed / "card_fraud.proto"
    contract.write_text(contract.read_text().replace("float amount =", "float amounts ="))

    run = _python(changed, "train.py", "--export", str(tmp_path / "models"))

    assert run.returncode == 1
    assert run.stderr.startswith("Error: model card_fraud: 2 mismatches with the contract\n")
    assert 'has no input "amounts"' in run.stderr
    assert "Traceback" not in run.stderr
    assert "Epoch" not in run.stdout
    assert not (tmp_path / "models").exists()


def test_rows_of_a_table_take_the_place_of_those_made_up(folder: Path, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    amounts, history = random.gamma(2, 50, 1000), random.gamma(2, 50, (1000, 3))
    table = {
        "amount": amounts,
        "country": random.choice(["BR", "PT", "US"], 1000),
        "history": history.tolist(),
        "fraud": amounts > 2 * history.mean(axis=1),
        "note": ["not read"] * 1000,
    }
    pq.write_table(pa.table(table), tmp_path / "payments.parquet")
    changed = tmp_path / "card_fraud"
    shutil.copytree(folder, changed)
    module = changed / "model.py"
    # As docs/your-own-model.md has it.
    own = f"""def load_data():
    inputs = tables.read_arrays(
        "{tmp_path}/payments.parquet", columns=["amount", "country", "history", "fraud"]
    )
    labels = inputs.pop("fraud").astype(np.float32)
    return inputs, labels
"""
    made_up = re.compile(r"def load_data\(.*?return inputs,[^\n]*\n", re.DOTALL)
    text, count = made_up.subn(own, module.read_text())
    assert count == 1
    module.write_text(
        text.replace(
            "from trilho.export import",
            "from trilho.training import tables\nfrom trilho.export import",
            1,
        )
    )

    run = _python(changed, "train.py", "--export", str(tmp_path / "models"), "--epochs", "2")

    assert run.returncode == 0, run.stdout + run.stderr
    assert (tmp_path / "models" / "card_fraud" / "1").is_dir()


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        ([], 2, "Missing argument 'HOST:PORT'"),
        (["localhost:1"], 1, "Error: card_fraud.CardFraudService/Score: UNAVAILABLE: "),
    ],
)
def test_the_client_says_in_a_line_what_is_wrong(
    folder: Path, args: list[str], code: int, message: str
) -> None:
    contract = folder / "card_fraud.proto"
    command = ["contract", "compile", str(contract), "--python", str(folder / "client")]
    assert CliRunner().invoke(main, command).exit_code == 0

    run = _python(folder, "query.py", *args)

    assert run.returncode == code
    assert message in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("name", "language"),
    [("class", "Java and Python"), ("int", "Java"), ("null", "Java"), ("lambda", "Python")],
)
def test_a_keyword_is_no_name(name: str, language: str, tmp_path: Path) -> None:
    with pytest.raises(NewServiceError, match=f'"{name}": is a keyword of {language};'):
        write(name, tmp_path)
    assert not list(tmp_path.iterdir())


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
