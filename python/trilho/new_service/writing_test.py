import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from trilho.cli.main import main
from trilho.contract import reading
from trilho.export import manifest
from trilho.new_service.writing import NewServiceError, write
from trilho.training.recipe import GROUP


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    parent = tmp_path_factory.mktemp("services")
    write("card_fraud", parent)
    return parent / "card_fraud"


def test_the_files_are_named_after_the_model(folder: Path) -> None:
    names = sorted(path.name for path in folder.iterdir())

    assert names == [
        *("README.md", "__init__.py", "card_fraud.proto", "config.py", "data.py", "evaluate.py"),
        *("model.py", "pyproject.toml", "query.py", "train.py", "train_test.py"),
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


def _python(parent: Path, *args: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Runs Python in the folder that the service's is in."""
    search = [*([str(path)] if path else []), *sys.path]
    return subprocess.run(
        [sys.executable, *args],
        cwd=parent,
        env={
            "PYTHONPATH": os.pathsep.join(search),
            "PATH": "/usr/bin:/bin",
            "HOME": str(parent),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        check=False,
        capture_output=True,
        text=True,
    )


def _train(parent: Path, *options: str, path: Path | None = None) -> Any:
    command = ["-m", "trilho", "train", "--module", "card_fraud", "card_fraud"]
    return _python(parent, *command, "--export", "models", *options, path=path)


def _copy(folder: Path, parent: Path) -> Path:
    return Path(shutil.copytree(folder, parent / "card_fraud"))


def test_its_own_test_passes(folder: Path) -> None:
    run = _python(folder.parent, "-m", "pytest", "-q", "-p", "no:cacheprovider", "card_fraud")

    assert run.returncode == 0, run.stdout + run.stderr
    assert "3 passed" in run.stdout


def test_a_wrong_option_does_not_wait_for_tensorflow(folder: Path, tmp_path: Path) -> None:
    for module in ("keras", "tensorflow"):
        (tmp_path / f"{module}.py").write_text("raise RuntimeError('loaded')")

    run = _train(folder.parent, "--set", "hiden=3", path=tmp_path)

    assert run.returncode == 2
    assert 'no option "hiden"; did you mean "hidden"?' in run.stderr


def test_a_network_of_another_contract_is_not_trained(folder: Path, tmp_path: Path) -> None:
    contract = _copy(folder, tmp_path) / "card_fraud.proto"
    contract.write_text(contract.read_text().replace("float amount =", "float amounts ="))

    run = _train(tmp_path)

    assert run.returncode == 1
    assert run.stderr.startswith("Error: model card_fraud: 2 mismatches with the contract\n")
    assert 'has no input "amounts"' in run.stderr
    assert "Traceback" not in run.stderr
    assert "step" not in run.stderr
    assert not (tmp_path / "models" / "card_fraud").exists()


def test_workers_train_with_a_table_as_they_do_with_trilho_s_own_models(
    folder: Path, tmp_path: Path
) -> None:
    random = np.random.default_rng(1)
    amounts, history = random.gamma(2, 50, 1000), random.gamma(2, 50, (1000, 3))
    table = {
        "amount": amounts,
        # What the contract has a default for, and a list that it fills up.
        "country": [None, *random.choice(["BR", "PT", "US"], 999)],
        "history": [[20.0], *history[1:].tolist()],
        "label": amounts > 2 * history.mean(axis=1),
        "note": ["not read"] * 1000,
    }
    pq.write_table(pa.table(table), tmp_path / "payments.parquet")
    _copy(folder, tmp_path)
    (tmp_path / "options.yaml").write_text("hidden: 8\nsteps: 40\n")

    run = _train(
        tmp_path, "--data=payments.parquet", "--workers=2", "--config=options.yaml", "--patience=9"
    )

    assert run.returncode == 0, run.stdout + run.stderr
    made = manifest.verify(tmp_path / "models" / "card_fraud" / "1")
    assert made.training["hidden"] == "8"
    assert made.training["headline"] == "test_accuracy"
    assert made.splits["test"].rows == 200
    logs = tmp_path / "models" / "logs" / "card_fraud" / "1"
    assert {"checkpoints", "metrics.json", "plots", "report.html", "train"} <= {
        path.name for path in logs.iterdir()
    }
    assert "roc.png" in {path.name for path in (logs / "plots").iterdir()}


def test_a_package_of_it_is_found_by_its_entry_point(folder: Path) -> None:
    project = tomllib.loads((folder / "pyproject.toml").read_text())

    assert project["project"]["entry-points"][GROUP] == {"card_fraud": "card_fraud.config:RECIPE"}
    assert project["tool"]["setuptools"]["package-dir"] == {"card_fraud": "."}


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

    run = _python(folder.parent, "card_fraud/query.py", *args)

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


@pytest.mark.parametrize("name", ["json", "keras_core", "yaml"])
def test_a_module_of_python_is_not_hidden(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "keras_core.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path / "site"))

    with pytest.raises(NewServiceError, match=f'"{name}": is a module of Python here already'):
        write(name, tmp_path / "new")
    assert not (tmp_path / "new").exists()


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
