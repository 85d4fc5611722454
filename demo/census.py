"""The census's test split, asked from Java and from Python, and one person over HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import requests

from demo.programs import program, run, trilho
from demo.show import Asked, Show, Training
from trilho.data import census
from trilho.evaluation.evaluation import Question
from trilho.models.census.config import RECIPE

_URL = "http://{}/v1/contracts/trilho.census.CensusService/Predict"
_PERSON: Mapping[str, int | str] = {
    "age": 39,
    "education": "Bachelors",
    "occupation": "Exec-managerial",
    "hoursPerWeek": 50,
}
_TIMEOUT = 10


def _fetch() -> None:
    run(trilho("data", "census"))


def _questions() -> Sequence[Question]:
    data = str(census.default_directory())
    return RECIPE.prepare_evaluation(RECIPE.config(), data, rows=1).questions


def _ask(server: str, http: str, store: Path) -> list[Asked]:
    rows = store / "census_test.tsv"
    if not rows.exists():
        census.write_tsv(census.load(census.default_directory()).test, rows)
    asked = [_java(server, rows), _python(server, store)]
    answer = requests.post(_URL.format(http), json={"people": [_PERSON]}, timeout=_TIMEOUT)
    answer.raise_for_status()
    print(f"HTTP: {json.dumps(_PERSON)}\n   -> {answer.text}")
    return asked


def _java(server: str, rows: Path) -> Asked:
    said = run([str(program("java_client/census_replay")), server, str(rows)], capture=True)
    print(said, end="")
    figures = dict(line.split() for line in said.splitlines())
    return _asked("Java", int(figures["people"]), figures["accuracy"], figures["people/s"])


def _python(server: str, store: Path) -> Asked:
    out = store / "Python.json"
    options = ("--server", server, "--trained", str(store / "census"), "--json", str(out))
    run(trilho("evaluate", "census", *options))
    result = json.loads(out.read_text())
    out.unlink()
    rate = result["rows"] / result["seconds"]
    accuracy = result["figures"]["test_accuracy"]
    return _asked("Python", result["rows"], f"{accuracy:.4f}", f"{rate:.0f}")


def _asked(client: str, people: int, accuracy: str, rate: str) -> Asked:
    return Asked(
        client=client,
        cells={"people": str(people), "accuracy": accuracy, "people/s": rate},
        # Both end with an error if a call fails.
        failed=0,
        quality=float(accuracy),
    )


def _more(server: str, http: str, store: Path) -> str:
    return f"""\
  trilho evaluate census --server {server} --trained {store}/census
  curl {_URL.format(http)} \\
      -d '{{"people": [{json.dumps(_PERSON)}]}}'
"""


SHOW = Show(
    model="census",
    title="Census, 16281 people of the test split",
    poor=Training(steps=20),
    good=Training(steps=1700),
    contract="protos/census.desc",
    fetch=_fetch,
    questions=_questions,
    ask=_ask,
    more=_more,
)
