"""MNIST: 1000 test images, one a call, from Java and from Python."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from demo.programs import program, run, trilho
from demo.show import Asked, Show, Training
from trilho.data import mnist
from trilho.evaluation.evaluation import Question
from trilho.models.mnist.config import RECIPE

_CALLS = 1000
_CONCURRENCY = 10


def _fetch() -> None:
    run(trilho("data", "mnist"))


def _questions() -> Sequence[Question]:
    data = str(mnist.default_directory())
    return RECIPE.prepare_evaluation(RECIPE.config(), data, rows=1).questions


def _ask(server: str, _: str, store: Path) -> list[Asked]:
    return [_query(client, server, store) for client in ("Java", "Python")]


def _query(client: str, server: str, store: Path) -> Asked:
    out = store / f"{client}.json"
    options = {
        "--server": server,
        "--calls": str(_CALLS),
        "--concurrency": str(_CONCURRENCY),
        "--api": "predict",
        "--data": str(mnist.default_directory()),
        "--json": str(out),
    }
    words = [word for option in options.items() for word in option]
    if client == "Java":
        run([str(program("java_client/mnist_replay")), *words])
    else:
        run(trilho("query", "mnist", *words))
    result: dict[str, Any] = json.loads(out.read_text())
    out.unlink()
    return Asked(
        client=client,
        cells={
            "calls": str(result["calls"]),
            "failed": str(result["failed"]),
            "error rate": f"{result['error_rate']:.1%}",
            "calls/s": f"{result['calls_per_second']:.0f}",
            "p99 ms": f"{result['p99_ms']:.1f}",
        },
        failed=result["failed"],
        quality=-result["error_rate"],
    )


def _more(server: str, _: str, store: Path) -> str:
    return f"""\
  trilho query mnist --server {server}
  trilho evaluate mnist --server {server} --trained {store}/mnist

  try (TrilhoClient client = TrilhoClient.builder("{server}").usePlaintext().build()) {{
    ClassifyResponse scores = client.call(MnistServiceGrpc.getClassifyMethod(), image);
  }}
"""


SHOW = Show(
    model="mnist",
    title=f"MNIST, {_CALLS} test images, {_CONCURRENCY} calls at once",
    poor=Training(steps=100),
    good=Training(steps=2000),
    contract="protos/mnist.desc",
    fetch=_fetch,
    questions=_questions,
    ask=_ask,
    more=_more,
)
