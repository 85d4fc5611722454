"""A service that nothing but a .proto describes, written here, beside no code of the server."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import requests

from e2e.client import AVAILABLE, Client, error_of
from e2e.contract_messages import compiled, message_class
from e2e.models import Export
from e2e.publishing import publish
from e2e.server_process import ServerProcess, run_to_end
from e2e.waiting import PATIENCE_SECONDS, wait_for

MISTAKE = 2
OK = 200
COMPUTE = "/acme.half.HalfService/Compute"
PROTO = """
syntax = "proto3";
package acme.half;
import "trilho/contract.proto";

service HalfService {
  rpc Compute(Request) returns (Response) {
    option (trilho.contract.model) = {name: "half"};
  }
}
message Request {
  repeated Number numbers = 1 [(trilho.contract.batch) = true];
}
message Number {
  float value = 1 [(trilho.contract.tensor) = {alias: "x" minimum: -100 maximum: 100}];
}
message Response {
  repeated Half halves = 1 [(trilho.contract.batch) = true];
}
message Half {
  float value = 1 [(trilho.contract.tensor) = {alias: "y"}];
}
"""


class Half:
    """Calls the service."""

    def __init__(self, descriptor_set: Path, channel: grpc.Channel) -> None:
        self._request = message_class(descriptor_set, "acme.half.Request")
        response = message_class(descriptor_set, "acme.half.Response")
        self._call: Any = channel.unary_unary(
            COMPUTE,
            request_serializer=lambda request: request.SerializeToString(),
            response_deserializer=response.FromString,
        )

    def __call__(self, *numbers: float) -> list[float]:
        request = self._request(numbers=[{"value": number} for number in numbers])
        answer = self._call(request, timeout=PATIENCE_SECONDS)
        return [half.value for half in answer.halves]


@pytest.fixture(scope="module")
def contracts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("contracts")
    compiled(folder, "half", PROTO)
    return folder


@pytest.fixture(scope="module")
def base(half_plus_two: Export, tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("models") / "half"
    publish(half_plus_two, base, 1)
    return base


@pytest.fixture(scope="module")
def server(contracts: Path, base: Path) -> Iterator[ServerProcess]:
    with ServerProcess(
        "--model_name=half",
        f"--model_base_path={base}",
        "--file_system_poll_wait_seconds=0.05",
        f"--contracts={contracts}",
        "--rest_api_port=-1",
    ) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: ServerProcess) -> Iterator[Client]:
    with Client(server.port) as client:
        yield client


@pytest.fixture(scope="module")
def half(contracts: Path, client: Client) -> Half:
    return Half(contracts / "half.desc", client.channel)


def test_a_model_is_served_by_its_contract_alone(half: Half) -> None:
    assert half(4) == [4]
    assert half(0, 1, -2) == [2, 2.5, 1]


def test_what_the_contract_forbids_is_refused_by_the_path_of_its_field(half: Half) -> None:
    code, text = error_of(lambda: half(1, 200))
    assert (code.name, text) == (
        "INVALID_ARGUMENT",
        "numbers[1].value is 200, expected -100 to 100",
    )
    code, text = error_of(half)
    assert (code.name, text) == (
        "INVALID_ARGUMENT",
        "numbers is empty, expected at least one",
    )
    assert half(4) == [4]


def post(server: ServerProcess, path: str, body: str) -> requests.Response:
    url = f"http://127.0.0.1:{server.http_port()}/v1/contracts/{path}"
    return requests.post(url, data=body, timeout=PATIENCE_SECONDS)


def test_it_is_answered_over_http_too(server: ServerProcess) -> None:
    answer = post(server, "acme.half.HalfService/Compute", '{"numbers": [{"value": 4}, {}]}')
    assert answer.status_code == OK
    assert answer.json() == {"halves": [{"value": 4}, {"value": 2}]}

    packed = gzip.compress(b'{"numbers": [{"value": "-2"}]}')
    url = f"http://127.0.0.1:{server.http_port()}/v1/contracts"
    answer = requests.post(
        f"{url}/acme.half.HalfService/Compute",
        data=packed,
        headers={"Content-Encoding": "gzip"},
        timeout=PATIENCE_SECONDS,
    )
    assert answer.json() == {"halves": [{"value": 1}]}

    (listed,) = requests.get(url, timeout=PATIENCE_SECONDS).json()["contracts"]
    assert (listed["service"], listed["method"]) == ("acme.half.HalfService", "Compute")
    assert (listed["model"], listed["signature"]) == ("half", "serving_default")
    example = post(server, "acme.half.HalfService/Compute", json.dumps(listed["example"]))
    assert example.status_code == OK


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("acme.half.HalfService/Compute", "{", 400, "the body is no acme.half.Request: "),
        ("acme.half.HalfService/Compute", "{}", 400, "numbers is empty, expected at least one"),
        ("acme.half.HalfService/Compute", '{"number": []}', 400, "number: Cannot find field."),
        (
            "acme.half.HalfService/Compute",
            '{"numbers": [{"value": 1}, {"value": 200}]}',
            400,
            "numbers[1].value is 200, expected -100 to 100",
        ),
        (
            "acme.half.HalfService/Compute",
            '{"numbers": [{"value": "NaN"}]}',
            400,
            "numbers[0].value is nan, expected -100 to 100",
        ),
        ("acme.half.HalfService/Divide", "{}", 404, "; there are Compute"),
        ("acme.half.Half/Compute", "{}", 404, "There are acme.half.HalfService"),
    ],
)
def test_over_http_errors_are_the_same(
    server: ServerProcess, path: str, body: str, status: int, message: str
) -> None:
    answer = post(server, path, body)
    assert answer.status_code == status
    assert message in answer.json()["error"]
    assert server.is_running()


def test_reflection_lists_and_describes_it(client: Client) -> None:
    assert b"acme.half.HalfService" in client.reflected_services()
    assert b"Compute" in client.reflected_file("acme.half.HalfService")


def test_a_version_that_breaks_the_contract_is_not_served(
    server: ServerProcess, client: Client, base: Path, mnist: Export, half: Half
) -> None:
    publish(mnist, base, 2)

    def refusal() -> str | None:
        states = client.status("half")
        return str(states[2].status.error_message) or None if 2 in states else None

    reason = wait_for("the reason of version 2", refusal)
    assert "acme.half.HalfService" in reason
    assert '"x"' in reason
    assert "image_data" in reason
    assert client.status("half")[1].state == AVAILABLE
    assert half(4) == [4]
    assert server.is_running()


@pytest.mark.parametrize(
    ("model", "code", "text"),
    [
        ("half", "UNAVAILABLE", 'no version of the model "half" is ready'),
        (
            "hafl",
            "NOT_FOUND",
            'the model "half", which answers acme.half.HalfService/Compute, is not configured',
        ),
    ],
)
def test_a_model_that_is_not_there_is_unavailable_if_it_is_configured(
    contracts: Path, tmp_path: Path, model: str, code: str, text: str
) -> None:
    flags = (f"--model_name={model}", f"--model_base_path={tmp_path}", f"--contracts={contracts}")
    with ServerProcess(*flags) as server, Client(server.port) as client:
        found, message = error_of(lambda: Half(contracts / "half.desc", client.channel)(1))
        assert (found.name, message) == (code, text)
    warning = 'which is not configured, perhaps "hafl"; there are "hafl"'
    checked = run_to_end(*flags, "--check_config")
    assert checked.code == 0
    assert (warning in checked.err) == (model == "hafl")


def test_a_contract_that_contradicts_itself_stops_the_start(tmp_path: Path) -> None:
    text = PROTO.replace("minimum: -100 maximum: 100", "minimum: 100 maximum: -100")
    file = compiled(tmp_path, "half", text)
    for check in ([], ["--check_config"]):
        ended = run_to_end("--model_base_path=/models/m", f"--contracts={file}", *check)
        assert ended.code == MISTAKE
        assert "half.proto:15" in ended.err
        assert "acme.half.Number.value" in ended.err


def test_a_contract_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    for path, text in (
        (tmp_path / "no.desc", "cannot read"),
        (tmp_path, "has no file *.desc"),
    ):
        ended = run_to_end("--model_base_path=/models/m", f"--contracts={path}")
        assert ended.code == MISTAKE
        assert text in ended.err
