"""The recommender from MovieLens to every kind of caller."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from trilho.recommender_pb2 import RankRequest, RecommendRequest
from trilho.recommender_pb2_grpc import RecommenderServiceStub

from e2e.grpcurl import Grpcurl
from e2e.programs import RECOMMENDER_CONTRACT, TRILHO, runfile
from e2e.server_process import ServerProcess
from e2e.waiting import PATIENCE_SECONDS
from trilho.client import InvalidArgumentError, TrilhoClient

JAVA = "java_client/recommend"
DATA = "data/MovieLens100k_data.parquet.brotli"
URL = "http://127.0.0.1:{}/v1/contracts/trilho.recommender.RecommenderService/{}"
# Star Wars, Return of the Jedi, The Empire Strikes Back: somebody whom the model has never seen.
HISTORY = ["50", "181", "172"]


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, check=False, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    # Not as good as it could be: this is about the way, and the full training takes two minutes.
    run(
        *(str(runfile(TRILHO)), "train", "recommender", "--steps", "600"),
        *("--set", "rating_steps=300", "--set", "ranker_steps=80", "--set", "validations=2"),
        *("--data", str(runfile(DATA, workspace="datasets").parent)),
        *("--export", str(folder), "--logs", str(folder / "logs")),
    )
    manifest = json.loads((folder / "recommender" / "1" / "manifest.json").read_text())
    print(f"trained: {manifest['metrics']}")
    return folder


@pytest.fixture(scope="module")
def server(store: Path) -> Iterator[ServerProcess]:
    flags = ["--model_name=recommender", f"--model_base_path={store}/recommender"]
    with ServerProcess(
        *flags, f"--contracts={runfile(RECOMMENDER_CONTRACT)}", "--rest_api_port=-1"
    ) as process:
        yield process


@pytest.fixture(scope="module")
def service(server: ServerProcess) -> Iterator[RecommenderServiceStub]:
    with TrilhoClient(f"localhost:{server.port}") as client:
        yield client.stub(RecommenderServiceStub)


def test_somebody_new_gets_sensible_items(service: RecommenderServiceStub) -> None:
    items = service.Recommend(RecommendRequest(history=HISTORY, count=20)).items
    ids = [item.item_id for item in items]
    assert len(set(ids)) == 20
    assert not set(ids) & set(HISTORY)
    assert [item.score for item in items] == sorted((item.score for item in items), reverse=True)
    # Raiders of the Lost Ark: who likes these likes that.
    assert "174" in ids
    assert ids != [item.item_id for item in service.Recommend(RecommendRequest(count=20)).items]


def test_ten_come_unless_told(service: RecommenderServiceStub) -> None:
    assert len(service.Recommend(RecommendRequest(history=HISTORY)).items) == 10


def test_candidates_are_ranked_and_rated(service: RecommenderServiceStub) -> None:
    request = RankRequest(history=HISTORY, candidates=["174", "nobody", "1"])
    ranked = [item.item_id for item in service.Rank(request).items]
    assert sorted(ranked) == ["1", "174", "nobody"]
    assert ranked[-1] == "nobody"
    rated = service.Rate(request).items
    assert [item.item_id for item in rated] == ["174", "nobody", "1"]
    assert all(1 <= item.rating <= 5 for item in rated)


def test_bad_requests_are_named(service: RecommenderServiceStub) -> None:
    with pytest.raises(InvalidArgumentError, match="count is 1001, expected 1 to 1000"):
        service.Recommend(RecommendRequest(count=1001))


def test_java_and_http_get_the_same(server: ServerProcess, service: RecommenderServiceStub) -> None:
    expected = [item.item_id for item in service.Recommend(RecommendRequest(history=HISTORY)).items]
    lines = run(str(runfile(JAVA)), f"localhost:{server.port}", *HISTORY).splitlines()
    print("\n".join(lines))
    assert [line.split("\t")[0] for line in lines] == expected
    answer = requests.post(
        URL.format(server.http_port(), "Recommend"),
        json={"history": HISTORY},
        timeout=PATIENCE_SECONDS,
    )
    assert [item["itemId"] for item in answer.json()["items"]] == expected


def test_candidates_are_the_same_over_http_and_by_grpcurl(
    server: ServerProcess, service: RecommenderServiceStub
) -> None:
    candidates = ["174", "nobody", "1"]
    asked = {"history": HISTORY, "candidates": candidates}
    request = RankRequest(history=HISTORY, candidates=candidates)
    ranked = [item.item_id for item in service.Rank(request).items]
    ratings = pytest.approx([item.rating for item in service.Rate(request).items])

    def over_http(method: str) -> Any:
        url = URL.format(server.http_port(), method)
        return requests.post(url, json=asked, timeout=PATIENCE_SECONDS).json()["items"]

    def by_grpcurl(method: str) -> Any:
        name = f"trilho.recommender.RecommenderService/{method}"
        return Grpcurl(server.port).call(name, asked)["items"]

    for ask in (over_http, by_grpcurl):
        assert [item["itemId"] for item in ask("Rank")] == ranked
        rated = ask("Rate")
        assert [item["itemId"] for item in rated] == candidates
        assert [item["rating"] for item in rated] == ratings


def test_recommendations_are_the_same_by_grpcurl(
    server: ServerProcess, service: RecommenderServiceStub
) -> None:
    expected = [item.item_id for item in service.Recommend(RecommendRequest(history=HISTORY)).items]
    name = "trilho.recommender.RecommenderService/Recommend"
    items = Grpcurl(server.port).call(name, {"history": HISTORY})["items"]
    assert [item["itemId"] for item in items] == expected


def test_no_candidates_give_no_items(service: RecommenderServiceStub) -> None:
    request = RankRequest(history=HISTORY)
    assert not service.Rank(request).items
    assert not service.Rate(request).items


def test_trilho_evaluate_finds_the_trainers_figures(server: ServerProcess, store: Path) -> None:
    data = runfile(DATA, workspace="datasets").parent
    out = store / "served.json"
    said = run(
        *(str(runfile(TRILHO)), "evaluate", "recommender"),
        *("--server", f"localhost:{server.port}", "--trained", str(store / "recommender")),
        *("--data", str(data), "--json", str(out)),
    )
    print(said)
    figures = json.loads(out.read_text())["figures"]
    assert set(figures) == {"test_hit_at_10", "test_ndcg_at_10", "rating_test_rmse"}
    # Popularity has 0.0859: even this short training is well above.
    assert figures["test_hit_at_10"] >= 1.4 * 0.0859
