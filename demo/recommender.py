"""MovieLens: what somebody whom the model has never seen may like, from Java and from Python."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click
import requests
from rich.console import Console
from rich.table import Table
from trilho.recommender_pb2 import RankedItem, RankRequest, RecommendRequest
from trilho.recommender_pb2_grpc import RecommenderServiceStub

from demo.programs import program, run, trilho
from demo.show import Asked, Show, Training
from trilho.client import TrilhoClient
from trilho.data import movielens
from trilho.evaluation.evaluation import Question
from trilho.models.recommender.config import RECIPE

_URL = "http://{}/v1/contracts/trilho.recommender.RecommenderService/Recommend"
# Star Wars, The Empire Strikes Back, Return of the Jedi.
_HISTORY = ["50", "172", "181"]
_TIMEOUT = 10


def _fetch() -> None:
    run(trilho("data", "movielens"))


def _questions() -> Sequence[Question]:
    data = str(movielens.default_directory())
    return RECIPE.prepare_evaluation(RECIPE.config(), data, rows=1).questions


def _ask(server: str, http: str, store: Path) -> list[Asked]:
    java = run([str(program("java_client/recommend")), server, *_HISTORY], capture=True)
    by_java = [line.split("\t") for line in java.splitlines()]
    with TrilhoClient(server) as client:
        service = client.stub(RecommenderServiceStub)
        items = service.Recommend(RecommendRequest(history=_HISTORY)).items
        asked = RankRequest(history=_HISTORY, candidates=[item.item_id for item in items])
        stars = [item.rating for item in service.Rate(asked).items]
    answer = requests.post(_URL.format(http), json={"history": _HISTORY}, timeout=_TIMEOUT)
    answer.raise_for_status()
    by_http = [item["itemId"] for item in answer.json()["items"]]
    _show(items, stars)
    ids = [item.item_id for item in items]
    if [line[0] for line in by_java] != ids or by_http != ids:
        raise click.ClickException(f"Python was told {ids}, Java {by_java}, HTTP {by_http}")
    figures = _figures(server, store)
    cells = {
        "users": "943",
        "hit@10": f"{figures['test_hit_at_10']:.4f}",
        "NDCG@10": f"{figures['test_ndcg_at_10']:.4f}",
        "RMSE of stars": f"{figures['rating_test_rmse']:.4f}",
    }
    # All that failed has ended the demo.
    return [Asked(client="Python", cells=cells, failed=0, quality=figures["test_hit_at_10"])]


def _show(items: Sequence[RankedItem], stars: Sequence[float]) -> None:
    read = movielens.load(movielens.default_directory())
    titles = dict(zip(read.item_ids, read.titles, strict=True))
    liked = ", ".join(titles[item] for item in _HISTORY)
    table = Table(title=f"Who liked {liked}\nmay like, say Java, Python and HTTP", box=None)
    for heading in ("film", "score", "stars"):
        table.add_column(heading, justify="left" if heading == "film" else "right")
    for item, rating in zip(items, stars, strict=True):
        table.add_row(titles[item.item_id], f"{item.score:.3f}", f"{rating:.2f}")
    Console(highlight=False).print(table)


def _figures(server: str, store: Path) -> dict[str, float]:
    out = store / "Python.json"
    options = ("--server", server, "--trained", str(store / "recommender"), "--json", str(out))
    run(trilho("evaluate", "recommender", *options))
    figures: dict[str, float] = json.loads(out.read_text())["figures"]
    out.unlink()
    return figures


def _more(server: str, http: str, store: Path) -> str:
    return f"""\
  trilho evaluate recommender --server {server} --trained {store}/recommender
  curl {_URL.format(http)} \\
      -d '{json.dumps({"history": _HISTORY})}'
"""


SHOW = Show(
    model="recommender",
    title="MovieLens, the last film of each of 943 users",
    poor=Training(steps=100, options=("--set", "rating_steps=50")),
    good=Training(steps=2200),
    contract="protos/recommender.desc",
    fetch=_fetch,
    questions=_questions,
    ask=_ask,
    more=_more,
)
