"""--auth_token_file: what a caller without a token may ask, over gRPC and over REST."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest
import requests
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    regression_pb2,
)

from e2e.client import SERVING, Client, error_of, predict_request
from e2e.models import Export
from e2e.publishing import publish
from e2e.server_process import ServerProcess
from e2e.waiting import PATIENCE_SECONDS, wait_for

GOOD = {"Authorization": "Bearer secret"}
BAD: list[dict[str, str]] = [
    {},
    {"Authorization": "Bearer secre"},
    {"Authorization": "Bearer "},
    {"Authorization": "Basic secret"},
    {"Authorization": "secret"},
]


@pytest.fixture(scope="module")
def server(
    half_plus_two: Export, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """Serves half_plus_two as m to those who have the token."""
    folder = tmp_path_factory.mktemp("tokens")
    publish(half_plus_two, folder / "m", 1)
    tokens = folder / "tokens"
    tokens.write_text("# of the shop\nsecret\n", encoding="utf-8")
    with ServerProcess(
        "--model_name=m",
        f"--model_base_path={folder / 'm'}",
        "--rest_api_port=-1",
        f"--auth_token_file={tokens}",
    ) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: ServerProcess) -> Iterator[Client]:
    with Client(server.port) as connected:
        yield connected


def call(client: Client, method: str, request: bytes, headers: dict[str, str]) -> bytes:
    """Calls a method by its full name with these headers as metadata."""
    metadata = [(name.lower(), value) for name, value in headers.items()]
    stub: Any = client.channel.unary_unary(method)
    return bytes(stub(request, metadata=metadata, timeout=PATIENCE_SECONDS))


def predict(client: Client, headers: dict[str, str]) -> Any:
    metadata = [(name.lower(), value) for name, value in headers.items()]
    request = predict_request("m", x=[2.0])
    return client.prediction.Predict(request, metadata=metadata, timeout=PATIENCE_SECONDS)


@pytest.mark.parametrize("headers", BAD, ids=["none", "short", "empty", "basic", "bare"])
def test_predict_wants_the_token_over_grpc(client: Client, headers: dict[str, str]) -> None:
    code, text = error_of(lambda: predict(client, headers))
    assert code == grpc.StatusCode.UNAUTHENTICATED
    assert "secret" not in text
    assert list(predict(client, GOOD).outputs["y"].float_val) == [3.0]


def named(request: Any) -> bytes:
    """A request about the model, as bytes."""
    request.model_spec.name = "m"
    return bytes(request.SerializeToString())


def no_models() -> bytes:
    """A request to serve nothing any more."""
    request = model_management_pb2.ReloadConfigRequest()
    request.config.model_config_list.SetInParent()
    return bytes(request.SerializeToString())


PREDICTION = "/tensorflow.serving.PredictionService"
MODEL = "/tensorflow.serving.ModelService"
MANAGEMENT = "/trilho.management.ModelManagementService"
KSERVE = "/inference.GRPCInferenceService"
OK = grpc.StatusCode.OK
INVALID = grpc.StatusCode.INVALID_ARGUMENT
NOT_FOUND = grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize(
    ("method", "request_", "with_token"),
    [
        (f"{PREDICTION}/Classify", named(classification_pb2.ClassificationRequest()), INVALID),
        (f"{PREDICTION}/Regress", named(regression_pb2.RegressionRequest()), INVALID),
        (
            f"{PREDICTION}/MultiInference",
            inference_pb2.MultiInferenceRequest().SerializeToString(),
            INVALID,
        ),
        (
            f"{PREDICTION}/GetModelMetadata",
            named(get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])),
            OK,
        ),
        (f"{MODEL}/GetModelStatus", named(get_model_status_pb2.GetModelStatusRequest()), OK),
        # Not made with the token here: it would take the model away.
        (f"{MODEL}/HandleReloadConfigRequest", no_models(), None),
        (f"{MANAGEMENT}/ListModels", b"", OK),
        (f"{MANAGEMENT}/GetConfiguration", b"", OK),
        (f"{MANAGEMENT}/SetConfiguration", b"", INVALID),
        (f"{MANAGEMENT}/AddModel", b"", INVALID),
        (f"{MANAGEMENT}/RemoveModel", b"", NOT_FOUND),
        (f"{KSERVE}/ServerMetadata", b"", OK),
        # Of model "m".
        (f"{KSERVE}/ModelMetadata", b"\x0a\x01m", OK),
        (f"{KSERVE}/ModelInfer", b"\x0a\x01m", INVALID),
    ],
)
def test_every_method_wants_the_token_over_grpc(
    client: Client, method: str, request_: bytes, with_token: grpc.StatusCode | None
) -> None:
    for headers in BAD:
        code, _ = error_of(partial(call, client, method, request_, headers))
        assert code == grpc.StatusCode.UNAUTHENTICATED
    if with_token == OK:
        assert call(client, method, request_, GOOD)
    elif with_token is not None:
        assert error_of(lambda: call(client, method, request_, GOOD))[0] == with_token
    # It was refused before anything came of it.
    assert list(predict(client, GOOD).outputs["y"].float_val) == [3.0]


def test_health_is_for_everybody(client: Client) -> None:
    assert client.health() == SERVING


def test_a_token_is_wanted_over_rest(server: ServerProcess) -> None:
    def post(headers: dict[str, str]) -> requests.Response:
        return requests.post(
            f"http://127.0.0.1:{server.http_port()}/v1/models/m:predict",
            json={"inputs": [2]},
            headers=headers,
            timeout=PATIENCE_SECONDS,
        )

    for headers in BAD:
        refused = post(headers)
        assert refused.status_code == 401, headers
        assert refused.headers["WWW-Authenticate"] == "Bearer"
    taken = post(GOOD)
    assert taken.status_code == 200
    assert taken.json()["outputs"]["y"] == [3.0]
    for path in ["/healthz", "/readyz", "/readyz/m"]:
        url = f"http://127.0.0.1:{server.http_port()}{path}"
        assert requests.get(url, timeout=PATIENCE_SECONDS).status_code == 200
    for path in ["/metrics", "/v1/models", "/v1/models/m", "/openapi.json"]:
        url = f"http://127.0.0.1:{server.http_port()}{path}"
        assert requests.get(url, timeout=PATIENCE_SECONDS).status_code == 401
        assert requests.get(url, headers=GOOD, timeout=PATIENCE_SECONDS).status_code == 200


def test_the_file_of_tokens_is_looked_at_again(half_plus_two: Export, tmp_path: Path) -> None:
    publish(half_plus_two, tmp_path / "m", 1)
    tokens = tmp_path / "tokens"
    tokens.write_text("old\n", encoding="utf-8")
    with (
        ServerProcess(
            "--model_name=m", f"--model_base_path={tmp_path / 'm'}", f"--auth_token_file={tokens}"
        ) as server,
        Client(server.port) as client,
    ):
        assert error_of(lambda: predict(client, GOOD))[0] == grpc.StatusCode.UNAUTHENTICATED
        assert predict(client, {"Authorization": "Bearer old"})
        new = tmp_path / "tokens.new"
        new.write_text("secret\n", encoding="utf-8")
        new.replace(tokens)

        def taken() -> bool:
            try:
                predict(client, GOOD)
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.UNAUTHENTICATED:
                    raise
                return False
            return True

        wait_for("the new token to be taken", taken)
        code, _ = error_of(lambda: predict(client, {"Authorization": "Bearer old"}))
        assert code == grpc.StatusCode.UNAUTHENTICATED
