"""The three example services in one server, by tools that know them from reflection alone."""

from collections.abc import Iterator
from typing import Any

import pytest

from e2e.example_models import export_census, export_recommender
from e2e.grpcurl import Grpcurl, ghz
from e2e.models import PIXELS, Export
from e2e.programs import CENSUS_CONTRACT, MNIST_CONTRACT, RECOMMENDER_CONTRACT, runfile
from e2e.publishing import publish
from e2e.server_process import ServerProcess

CALLS = 2000
CONTRACTS = [MNIST_CONTRACT, CENSUS_CONTRACT, RECOMMENDER_CONTRACT]
MNIST = "trilho.mnist.MnistService"
CENSUS = "trilho.census.CensusService"
RECOMMENDER = "trilho.recommender.RecommenderService"
IMAGE = {"imageData": [0.5] * PIXELS}
PREDICTION = "tensorflow.serving.PredictionService"
PREDICT = {
    "model_spec": {"name": "mnist"},
    "inputs": {
        "image_data": {
            "dtype": "DT_FLOAT",
            "tensor_shape": {"dim": [{"size": 1}, {"size": PIXELS}]},
            "float_val": [0.5] * PIXELS,
        }
    },
}
SCORES = [10.5 + digit for digit in range(10)]


@pytest.fixture(scope="module")
def server(mnist: Export, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("models")
    exported = tmp_path_factory.mktemp("exported")
    models = {
        "mnist": mnist,
        "census": export_census(exported / "census"),
        "recommender": export_recommender(exported / "recommender"),
    }
    config = folder / "models.config"
    entries = ""
    for name, export in models.items():
        publish(export, folder / name, 1)
        entries += f'config {{ name: "{name}" base_path: "{folder / name}" '
        entries += 'model_platform: "tensorflow" }\n'
    config.write_text(f"model_config_list {{\n{entries}}}\n", encoding="utf-8")
    contracts = ",".join(str(runfile(contract)) for contract in CONTRACTS)
    with ServerProcess(f"--model_config_file={config}", f"--contracts={contracts}") as server:
        yield server


@pytest.fixture(scope="module")
def grpcurl(server: ServerProcess) -> Grpcurl:
    return Grpcurl(server.port)


def test_lists_all_services_and_their_methods(grpcurl: Grpcurl) -> None:
    services = grpcurl.list()
    assert {MNIST, CENSUS, RECOMMENDER} <= set(services)
    assert {PREDICTION, "tensorflow.serving.ModelService"} <= set(services)
    assert grpcurl.list(MNIST) == [f"{MNIST}.Classify"]
    assert grpcurl.list(RECOMMENDER) == [
        f"{RECOMMENDER}.{method}" for method in ("Rank", "Rate", "Recommend")
    ]


def test_describes_the_contracts_with_their_annotations(grpcurl: Grpcurl) -> None:
    assert "rpc Predict ( .trilho.census.PredictRequest )" in grpcurl.describe(CENSUS)
    assert 'name:"census"' in grpcurl.describe(CENSUS).replace(" ", "")
    request = grpcurl.describe("trilho.mnist.ClassifyRequest")
    assert "repeated float image_data = 1" in request
    assert "784" in request
    assert "repeated string candidates = 3" in grpcurl.describe("trilho.recommender.RankRequest")


def test_calls_the_three_services(grpcurl: Grpcurl) -> None:
    assert grpcurl.call(f"{MNIST}/Classify", IMAGE) == {"value": SCORES}
    people = {"people": [{"age": 13}, {"age": 104, "workclass": "Private"}]}
    assert grpcurl.call(f"{CENSUS}/Predict", people) == {
        "incomes": [
            {"probability": pytest.approx(0.1), "incomeClass": "<=50K"},
            {"probability": pytest.approx(0.8), "incomeClass": ">50K"},
        ]
    }
    assert grpcurl.call(f"{RECOMMENDER}/Recommend", {"count": 2}) == {
        "items": [{"itemId": "0"}, {"itemId": "1", "score": -1}]
    }
    candidates = {"history": ["7", "8", "9"], "candidates": ["a", "b"]}
    assert grpcurl.call(f"{RECOMMENDER}/Rank", candidates) == {
        "items": [{"itemId": "b"}, {"itemId": "a", "score": -1}]
    }
    assert grpcurl.call(f"{RECOMMENDER}/Rate", candidates) == {
        "items": [{"itemId": "a", "rating": 3}, {"itemId": "b", "rating": 3}]
    }


def test_calls_tf_servings_api(grpcurl: Grpcurl) -> None:
    answer = grpcurl.call(f"{PREDICTION}/Predict", PREDICT)
    assert answer["model_spec"]["version"] == "1"
    assert answer["outputs"]["value"]["float_val"] == SCORES
    status = grpcurl.call(
        "tensorflow.serving.ModelService/GetModelStatus", {"model_spec": {"name": "census"}}
    )
    (version,) = status["model_version_status"]
    assert (version["version"], version["state"]) == ("1", "AVAILABLE")


def test_says_what_is_wrong(grpcurl: Grpcurl) -> None:
    error = grpcurl.error(f"{MNIST}/Classify", {"imageData": [0.5]})
    assert "Code: InvalidArgument" in error
    assert "Message: image_data has 1 value, expected 784" in error
    error = grpcurl.error(f"{MNIST}/Guess", IMAGE)
    assert f'service "{MNIST}" does not include a method named "Guess"' in error


def test_ghz_has_all_its_calls_answered(server: ServerProcess) -> None:
    assert_all_are_answered(ghz(server.port, f"{MNIST}/Classify", IMAGE, calls=CALLS))


def test_ghz_has_all_its_calls_of_tf_servings_api_answered(server: ServerProcess) -> None:
    report = ghz(server.port, f"{PREDICTION}/Predict", PREDICT, calls=CALLS)
    assert_all_are_answered(report)


def assert_all_are_answered(report: Any) -> None:
    print(f"{report['rps']:.0f} calls a second, {report['average'] / 1e6:.2f} ms each")
    assert report["count"] == CALLS
    assert report["statusCodeDistribution"] == {"OK": CALLS}
    assert not report.get("errorDistribution")
