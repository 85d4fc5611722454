"""A contract whose fields are features of tf.Examples, before a model that parses these."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import tensorflow as tf

from e2e.client import Client, predict_request
from e2e.contract_messages import compiled
from e2e.models import Export
from e2e.payments import PROTO, SERVICE, Payments, payment
from e2e.publishing import publish
from e2e.server_process import ServerProcess
from e2e.waiting import PATIENCE_SECONDS

ASKED = [payment(), payment(country="DE", discount=2.0), payment(amount=0.0, history=[4.0, 8.0])]
SCORES = [5.5, 104.0, 11.5]


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(tmp_path_factory.mktemp("contract"), "payments", PROTO)


@pytest.fixture(scope="module")
def server(
    contract: Path, payments_model: Export, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    base = tmp_path_factory.mktemp("models") / "payments"
    publish(payments_model, base, 1)
    with ServerProcess(
        *("--model_name=payments", f"--model_base_path={base}", f"--contracts={contract}"),
        "--rest_api_port=-1",
    ) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: ServerProcess) -> Iterator[Client]:
    with Client(server.port) as client:
        yield client


@pytest.fixture(scope="module")
def payments(contract: Path, client: Client) -> Payments:
    return Payments(contract, client.channel)


def example(fields: dict[str, Any]) -> bytes:
    """As somebody builds it who has no contract."""
    built = tf.train.Example()
    for name, value in ({"discount": 0.5} | fields).items():
        feature = built.features.feature[name]
        if isinstance(value, str):
            feature.bytes_list.value.append(value.encode())
        else:
            feature.float_list.value.extend(value if isinstance(value, list) else [value])
    return bytes(built.SerializeToString())


def test_the_model_parses_what_the_server_writes(payments: Payments) -> None:
    assert payments(*ASKED, method="ScoreExamples") == SCORES


def test_it_answers_as_to_examples_and_as_to_tensors(payments: Payments, client: Client) -> None:
    request = predict_request("payments", examples=[example(fields) for fields in ASKED])
    request.model_spec.signature_name = "examples"
    answer = client.predict(request).outputs["value"]
    assert tf.make_ndarray(answer).tolist() == SCORES
    assert payments(*ASKED) == SCORES


def test_each_example_has_values_of_its_own_number(payments: Payments) -> None:
    asked = [payment(history=[]), payment(history=[1.0, 2.0, 4.0]), payment(history=[8.0])]
    assert payments(*asked, method="ScoreExamples") == [2.5, 9.5, 10.5]


def test_it_is_answered_over_http_too(server: ServerProcess) -> None:
    answer = requests.post(
        f"http://127.0.0.1:{server.http_port()}/v1/contracts/{SERVICE}/ScoreExamples",
        json={"payments": ASKED},
        timeout=PATIENCE_SECONDS,
    )
    assert answer.json() == {"scores": [{"value": score} for score in SCORES]}
