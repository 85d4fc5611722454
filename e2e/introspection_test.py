"""What a server tells about itself: health, reflection, signatures, versions."""

from collections.abc import Iterator
from typing import Any

import pytest
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    predict_pb2,
)

from e2e.client import AVAILABLE, SERVING, Client, error_of, image_request
from e2e.mnist_service import CONTRACT_FLAG
from e2e.models import PIXELS, Export
from e2e.publishing import publish
from e2e.server_process import ServerProcess
from e2e.waiting import PATIENCE_SECONDS

VERSION = 3


@pytest.fixture(scope="module")
def client(mnist: Export, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    base = tmp_path_factory.mktemp("models") / "mnist"
    publish(mnist, base, VERSION)
    with (
        ServerProcess("--model_name=mnist", f"--model_base_path={base}", CONTRACT_FLAG) as server,
        Client(server.port) as client,
    ):
        yield client


@pytest.fixture(autouse=True)
def metadata_and_status_are_told(client: Client) -> Iterator[None]:
    """After every error, and before the first one."""
    assert "serving_default" in client.signatures("mnist")
    assert set(client.status("mnist")) == {VERSION}
    yield
    assert "serving_default" in client.signatures("mnist")
    assert set(client.status("mnist")) == {VERSION}


def metadata(model: str = "mnist", *fields: str, **spec: Any) -> Any:
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=fields)
    request.model_spec.CopyFrom(model_spec(model, **spec))
    return request


def model_spec(model: str, version: int | None = None, label: str = "") -> Any:
    """A ModelSpec; at most one of version and label."""
    spec = model_pb2.ModelSpec(name=model)
    if version is not None:
        spec.version.value = version
    if label:
        spec.version_label = label
    return spec


@pytest.mark.parametrize(
    ("request_", "code", "text"),
    [
        (
            get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"]),
            "INVALID_ARGUMENT",
            "Missing ModelSpec",
        ),
        (
            metadata(),
            "INVALID_ARGUMENT",
            "GetModelMetadataRequest must specify at least one metadata_field",
        ),
        (
            metadata("mnist", "accuracy"),
            "INVALID_ARGUMENT",
            "Metadata field accuracy is not supported",
        ),
        (
            metadata("minst", "signature_def"),
            "NOT_FOUND",
            "Servable not found for request: Latest(minst)",
        ),
        (metadata("", "signature_def"), "INVALID_ARGUMENT", "ModelSpec has no name specified."),
        (
            metadata("mnist", "signature_def", version=7),
            "NOT_FOUND",
            "Servable not found for request: Specific(mnist, 7)",
        ),
        (
            metadata("mnist", "signature_def", label="canary"),
            "INVALID_ARGUMENT",
            "Unrecognized servable version label: canary",
        ),
    ],
)
def test_a_bad_metadata_request_gets_code_and_text(
    client: Client, request_: Any, code: str, text: str
) -> None:
    found, details = error_of(lambda: client.metadata(request_))
    assert (found.name, details) == (code, text)


def test_status_tells_the_states_of_a_models_versions(client: Client) -> None:
    (status,) = client.status("mnist").values()
    assert (status.version, status.state) == (VERSION, AVAILABLE)
    assert (status.status.error_code, status.status.error_message) == (0, "")


@pytest.mark.parametrize(
    ("spec", "code", "text"),
    [
        (None, "INVALID_ARGUMENT", "Missing ModelSpec"),
        (model_spec(""), "INVALID_ARGUMENT", "ModelSpec has no name specified."),
        (model_spec("minst"), "NOT_FOUND", "Could not find any versions of model minst"),
        (model_spec("mnist", 7), "NOT_FOUND", "Could not find version 7 of model mnist"),
    ],
)
def test_a_bad_status_request_gets_code_and_text(
    client: Client, spec: Any, code: str, text: str
) -> None:
    request = get_model_status_pb2.GetModelStatusRequest(model_spec=spec)
    found, details = error_of(
        lambda: client.model.GetModelStatus(request, timeout=PATIENCE_SECONDS)
    )
    assert (found.name, details) == (code, text)


def test_the_status_asked_for_by_a_label_is_that_of_all_versions(client: Client) -> None:
    request = get_model_status_pb2.GetModelStatusRequest(
        model_spec=model_spec("mnist", label="canary")
    )
    answer = client.model.GetModelStatus(request, timeout=PATIENCE_SECONDS)
    # TF Serving does not look at it either.
    assert [status.version for status in answer.model_version_status] == [VERSION]


@pytest.mark.parametrize(
    "service",
    [
        "",
        "tensorflow.serving.PredictionService",
        "tensorflow.serving.ModelService",
        "trilho.mnist.MnistService",
        "PredictionService",
    ],
)
def test_health_is_serving(client: Client, service: str) -> None:
    assert client.health(service) == SERVING


def test_health_of_an_unknown_service_is_not_found(client: Client) -> None:
    assert error_of(lambda: client.health("acme.FraudService"))[0].name == "NOT_FOUND"


def test_reflection_lists_the_services(client: Client) -> None:
    listed = client.reflected_services()
    for service in (
        b"tensorflow.serving.PredictionService",
        b"tensorflow.serving.ModelService",
        b"trilho.mnist.MnistService",
        b"grpc.health.v1.Health",
    ):
        assert service in listed


def services_of(listed: bytes) -> list[str]:
    """Names out of a ServerReflectionResponse: list_services_response.service.name."""
    (services,) = fields(listed, 6)
    return [name.decode() for service in fields(services, 1) for name in fields(service, 1)]


def fields(message: bytes, number: int) -> list[bytes]:
    """The values of a field, out of a message whose fields all have a length."""
    found = []
    while message:
        tag, size, start = message[0], 0, 1
        shift = 0
        while True:
            byte = message[start]
            size |= (byte & 0x7F) << shift
            shift += 7
            start += 1
            if byte < 0x80:
                break
        if tag >> 3 == number:
            found.append(message[start : start + size])
        message = message[start + size :]
    return found


def test_reflection_describes_each_service_that_it_lists(client: Client) -> None:
    for service in services_of(client.reflected_services()):
        described = client.reflected_file(service)
        # file_descriptor_response, or error_response.
        assert fields(described, 4), f"{service}: {described!r}"


def test_metadata_tells_the_signatures(client: Client) -> None:
    signature = client.signatures("mnist")["serving_default"]
    assert [d.size for d in signature.inputs["image_data"].tensor_shape.dim] == [-1, PIXELS]
    assert [d.size for d in signature.outputs["value"].tensor_shape.dim] == [-1, 10]


def test_an_answer_tells_model_version_and_signature(client: Client) -> None:
    spec = client.predict(image_request(images=2)).model_spec
    assert isinstance(client.predict(image_request()), predict_pb2.PredictResponse)
    assert (spec.name, spec.version.value, spec.signature_name) == (
        "mnist",
        VERSION,
        "serving_default",
    )
