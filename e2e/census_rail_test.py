"""The census from its table to every kind of caller, who see the accuracy that the trainer saw."""

import csv
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import tensorflow as tf
from tensorflow_serving.apis import classification_pb2, inference_pb2, regression_pb2
from trilho.census_pb2 import Person, PredictRequest
from trilho.census_pb2_grpc import CensusServiceStub

from e2e.client import Client
from e2e.grpcurl import Grpcurl
from e2e.programs import CENSUS_CONTRACT, TRILHO, runfile
from e2e.server_process import ServerProcess
from e2e.waiting import PATIENCE_SECONDS
from trilho.client import TrilhoClient

JAVA_REPLAY = "java_client/census_replay"
DATA = "data/adult.parquet.brotli"
CLASSES = ["<=50K", ">50K"]
# What one call asks about.
SOME = 500
# Of probabilities that went through JSON, or through another batch.
CLOSE = 1e-5


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, check=False, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    data = runfile(DATA, workspace="datasets").parent
    run(
        *(str(runfile(TRILHO)), "train", "census"),
        *("--data", str(data), "--export", str(folder), "--logs", str(folder / "logs")),
    )
    rows = folder / "rows.tsv"
    run(str(runfile(TRILHO)), "data", "census", "--dir", str(data), "--test-rows", str(rows))
    return folder


@pytest.fixture(scope="module")
def server(store: Path) -> Iterator[ServerProcess]:
    flags = ["--model_name=census", f"--model_base_path={store}/census", "--rest_api_port=-1"]
    with ServerProcess(*flags, f"--contracts={runfile(CENSUS_CONTRACT)}") as process:
        yield process


@pytest.fixture(scope="module")
def rows(store: Path) -> list[dict[str, str]]:
    with (store / "rows.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.fixture(scope="module")
def accuracy(store: Path) -> float:
    """What the trainer says."""
    manifest = json.loads((store / "census" / "1" / "manifest.json").read_text())
    print(f"trained: {manifest['metrics']}")
    return float(manifest["metrics"]["test_accuracy"])


def person(row: dict[str, str]) -> Person:
    fields = {
        field.name: float(row[field.name])
        if field.cpp_type == field.CPPTYPE_FLOAT
        else row[field.name]
        for field in Person.DESCRIPTOR.fields
    }
    return Person(**fields)  # type: ignore[arg-type]


def example(row: dict[str, str]) -> Any:
    built = tf.train.Example()
    for field in Person.DESCRIPTOR.fields:
        feature = built.features.feature[field.name]
        if field.cpp_type == field.CPPTYPE_FLOAT:
            feature.float_list.value.append(float(row[field.name]))
        else:
            feature.bytes_list.value.append(row[field.name].encode())
    return built


@pytest.fixture(scope="module")
def probabilities(server: ServerProcess, rows: list[dict[str, str]]) -> list[float]:
    """What the typed service says of the first people."""
    people = [person(row) for row in rows[:SOME]]
    with TrilhoClient(f"localhost:{server.port}") as client:
        response = client.stub(CensusServiceStub).Predict(PredictRequest(people=people))
    return [income.probability for income in response.incomes]


def test_python_sees_the_trained_accuracy(
    server: ServerProcess, rows: list[dict[str, str]], accuracy: float
) -> None:
    right = 0
    with TrilhoClient(f"localhost:{server.port}") as client:
        service = client.stub(CensusServiceStub)
        for begin in range(0, len(rows), SOME):
            part = rows[begin : begin + SOME]
            response = service.Predict(PredictRequest(people=[person(row) for row in part]))
            assert len(response.incomes) == len(part)
            right += sum(
                income.income_class == row["income"]
                for income, row in zip(response.incomes, part, strict=True)
            )
    assert right / len(rows) == pytest.approx(accuracy, abs=1e-4)


def test_java_sees_the_trained_accuracy(
    server: ServerProcess, store: Path, accuracy: float
) -> None:
    said = run(str(runfile(JAVA_REPLAY)), f"localhost:{server.port}", str(store / "rows.tsv"))
    print(said)
    words = said.split()
    assert words[:2] == ["people", "16281"]
    assert float(words[3]) == pytest.approx(accuracy, abs=1e-4)


def test_trilho_evaluate_finds_the_trainers_figures(server: ServerProcess, store: Path) -> None:
    data = runfile(DATA, workspace="datasets").parent
    out = store / "served.json"
    said = run(
        *(str(runfile(TRILHO)), "evaluate", "census", "--server", f"localhost:{server.port}"),
        *("--trained", str(store / "census"), "--data", str(data), "--json", str(out)),
    )
    print(said)
    served = json.loads(out.read_text())
    assert (served["version"], served["rows"]) == (1, 16281)
    assert served["figures"]["test_accuracy"] >= 0.855
    assert served["figures"]["test_auc"] >= 0.908


def test_trilho_evaluate_fails_where_figures_differ(server: ServerProcess, store: Path) -> None:
    other = store / "other" / "1"
    other.mkdir(parents=True)
    manifest = json.loads((store / "census" / "1" / "manifest.json").read_text())
    manifest["metrics"]["test_auc"] += 0.01
    (other / "manifest.json").write_text(json.dumps(manifest))
    done = _evaluate(server, other)
    assert done.returncode == 1
    assert "test_auc: served and trained differ by more than 0.0001" in done.stderr

    # Figures of other rows are not compared at all.
    manifest["splits"]["test"]["sha256"] = "ab" * 32
    (other / "manifest.json").write_text(json.dumps(manifest))
    done = _evaluate(server, other)
    assert done.returncode == 1
    assert "measured on other rows than would be asked now; test: 16281 rows (SHA" in done.stderr
    assert "test auc" not in done.stdout


def _evaluate(server: ServerProcess, trained: Path) -> subprocess.CompletedProcess[str]:
    data = runfile(DATA, workspace="datasets").parent
    return subprocess.run(
        [
            *(str(runfile(TRILHO)), "evaluate", "census", "--server", f"localhost:{server.port}"),
            *("--trained", str(trained), "--data", str(data)),
        ],
        capture_output=True,
        check=False,
        text=True,
        timeout=PATIENCE_SECONDS,
    )


def test_json_over_http_gets_the_same(
    server: ServerProcess, rows: list[dict[str, str]], probabilities: list[float]
) -> None:
    asked = [
        {field.json_name: row[field.name] for field in Person.DESCRIPTOR.fields}
        for row in rows[:SOME]
    ]
    answer = requests.post(
        f"http://127.0.0.1:{server.http_port()}/v1/contracts/trilho.census.CensusService/Predict",
        json={"people": asked},
        timeout=PATIENCE_SECONDS,
    )
    incomes = answer.json()["incomes"]
    assert [income["probability"] for income in incomes] == pytest.approx(probabilities, abs=CLOSE)
    assert {income["incomeClass"] for income in incomes} == set(CLASSES)


def test_grpcurl_gets_the_same(
    server: ServerProcess, rows: list[dict[str, str]], probabilities: list[float]
) -> None:
    people = [
        {field.json_name: row[field.name] for field in Person.DESCRIPTOR.fields} for row in rows[:3]
    ]
    answer = Grpcurl(server.port).call("trilho.census.CensusService/Predict", {"people": people})
    found = [income["probability"] for income in answer["incomes"]]
    assert found == pytest.approx(probabilities[:3], abs=CLOSE)


def test_what_the_contract_forbids_is_named(server: ServerProcess) -> None:
    url = f"http://127.0.0.1:{server.http_port()}/v1/contracts/trilho.census.CensusService/Predict"
    answer = requests.post(
        url, json={"people": [{"age": 30}, {"age": 131}]}, timeout=PATIENCE_SECONDS
    )
    assert answer.status_code == 400
    assert answer.json() == {"error": "people[1].age is 131, expected 0 to 130"}


def test_tf_servings_api_gets_the_same(
    server: ServerProcess, rows: list[dict[str, str]], probabilities: list[float]
) -> None:
    examples = [example(row) for row in rows[:SOME]]
    classify = classification_pb2.ClassificationRequest()
    classify.model_spec.name = "census"
    classify.model_spec.signature_name = "classify"
    classify.input.example_list.examples.extend(examples)
    regress = regression_pb2.RegressionRequest()
    regress.model_spec.name = "census"
    regress.model_spec.signature_name = "regress"
    regress.input.example_list.examples.extend(examples)
    with Client(server.port) as client:
        classes = client.prediction.Classify(classify, timeout=PATIENCE_SECONDS).result
        regressions = client.prediction.Regress(regress, timeout=PATIENCE_SECONDS).result
    scores = [{one.label: one.score for one in row.classes} for row in classes.classifications]
    assert [row[CLASSES[1]] for row in scores] == pytest.approx(probabilities, abs=CLOSE)
    assert [row.value for row in regressions.regressions] == pytest.approx(probabilities, abs=CLOSE)


def test_multi_inference_asks_both_at_once(
    server: ServerProcess, rows: list[dict[str, str]], probabilities: list[float]
) -> None:
    request = inference_pb2.MultiInferenceRequest()
    for name in ("classify", "regress"):
        task = request.tasks.add(method_name=f"tensorflow/serving/{name}")
        task.model_spec.name = "census"
        task.model_spec.signature_name = name
    request.input.example_list.examples.extend(example(row) for row in rows[:3])
    with Client(server.port) as client:
        answer = client.prediction.MultiInference(request, timeout=PATIENCE_SECONDS)
    classes, regressions = answer.results
    assert len(classes.classification_result.classifications) == 3
    values = [row.value for row in regressions.regression_result.regressions]
    assert values == pytest.approx(probabilities[:3], abs=CLOSE)
