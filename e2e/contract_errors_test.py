"""What the caller of a contract's service does wrong has one code and one text, by gRPC and HTTP.

A good call is answered before and after each.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from e2e.client import Client, error_of
from e2e.contract_messages import compiled
from e2e.models import Export
from e2e.payments import PROTO, SERVICE, Payments, payment
from e2e.publishing import publish
from e2e.server_process import ServerProcess
from e2e.waiting import PATIENCE_SECONDS

BODY_BYTES = 4096
MEMORY_BYTES = 65536


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
        *("--rest_api_port=-1", f"--rest_api_max_body_bytes={BODY_BYTES}"),
        f"--max_request_memory_bytes={MEMORY_BYTES}",
    ) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: ServerProcess) -> Iterator[Client]:
    with Client(server.port) as client:
        yield client


@pytest.fixture
def payments(contract: Path, client: Client) -> Payments:
    return Payments(contract, client.channel)


@pytest.fixture(autouse=True)
def good_calls_are_answered(server: ServerProcess, payments: Payments) -> Iterator[None]:
    assert payments(payment(), payment(country="DE")) == [5.5, 105.5]
    yield
    assert payments(payment(), payment(country="DE")) == [5.5, 105.5]
    answer = post(server, "Score", {"payments": [payment()]})
    assert answer.json() == {"scores": [{"value": 5.5}]}


def post(server: ServerProcess, method: str, body: Any) -> requests.Response:
    url = f"http://127.0.0.1:{server.http_port()}/v1/contracts/{SERVICE}/{method}"
    return requests.post(url, json=body, timeout=PATIENCE_SECONDS)


@pytest.mark.parametrize("method", ["Score", "ScoreExamples"])
@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"amount": None}, "payments[1].amount is missing"),
        ({"country": "FR"}, 'payments[1].country is "FR", expected one of "BR", "DE"'),
        ({"country": None}, 'payments[1].country is "", expected one of "BR", "DE"'),
    ],
    ids=["missing", "not in the vocabulary", "no word"],
)
def test_a_field_that_breaks_its_rule(
    server: ServerProcess, payments: Payments, method: str, wrong: dict[str, Any], text: str
) -> None:
    asked = [payment(), payment(**wrong)]
    code, details = error_of(lambda: payments(*asked, method=method))
    assert (code.name, details) == ("INVALID_ARGUMENT", text)
    answer = post(server, method, {"payments": asked})
    assert (answer.status_code, answer.json()) == (400, {"error": text})


def test_a_ragged_batch(server: ServerProcess, payments: Payments) -> None:
    asked = [payment(), payment(history=[1.0])]
    text = (
        "payments[1].history has 1 value, payments[0].history has 2: "
        "examples of one request must have equal shapes"
    )
    code, details = error_of(lambda: payments(*asked))
    assert (code.name, details) == ("INVALID_ARGUMENT", text)
    answer = post(server, "Score", {"payments": asked})
    assert (answer.status_code, answer.json()) == (400, {"error": text})


@pytest.mark.parametrize("method", ["Refund", "Explain"], ids=["unknown", "without a model"])
def test_a_method_that_no_model_answers(server: ServerProcess, client: Client, method: str) -> None:
    code, _ = error_of(lambda: client.call_bytes(f"/{SERVICE}/{method}", b""))
    assert code.name == "UNIMPLEMENTED"
    answer = post(server, method, {})
    assert answer.status_code == 404
    assert answer.json() == {
        "error": f'there is no method of {SERVICE} "{method}"; there are Score, ScoreExamples'
    }


def test_an_unknown_service(client: Client) -> None:
    code, details = error_of(lambda: client.call_bytes("/acme.payments.Payments/Score", b""))
    assert code.name == "UNIMPLEMENTED"
    assert details.startswith('the server has no service "acme.payments.Payments"; its ')
    assert SERVICE in details
    assert details.endswith("; --contracts names those of annotated .proto files")


def test_a_message_that_is_too_large(server: ServerProcess, payments: Payments) -> None:
    code, details = error_of(lambda: payments(payment(history=[1.0] * MEMORY_BYTES)))
    assert code.name == "RESOURCE_EXHAUSTED"
    assert details.startswith("Received message larger than max (")
    assert details.endswith(f" vs. {MEMORY_BYTES})")
    answer = post(server, "Score", {"payments": [payment(history=[1.0] * BODY_BYTES)]})
    assert answer.status_code == 413
    assert answer.json() == {"error": f"the request's body is larger than {BODY_BYTES} bytes"}
