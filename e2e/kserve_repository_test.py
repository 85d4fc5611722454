"""What KServe's protocol and Triton's extensions tell of a server, by gRPC and by REST."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from tritonclient import grpc as triton
from tritonclient.utils import InferenceServerException

from e2e.kserve import get, serve, url
from e2e.models import PIXELS, Export
from e2e.publishing import publish
from e2e.server_process import ServerProcess
from e2e.waiting import PATIENCE_SECONDS


@pytest.fixture(scope="module")
def server(
    mnist: Export, half_plus_two: Export, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """A server of MNIST, half plus two in two versions, and echo, of every type."""
    with serve(mnist, half_plus_two, tmp_path_factory.mktemp("models")) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: ServerProcess) -> Iterator[Any]:
    """tritonclient, connected over gRPC."""
    with triton.InferenceServerClient(f"127.0.0.1:{server.port}") as client:
        yield client


def test_health_and_metadata_over_grpc(client: Any) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("half_plus_two")
    assert client.is_model_ready("half_plus_two", "2")
    assert client.is_model_ready("half_plus_two", "stable")
    assert not client.is_model_ready("half_plus_two", "3")
    assert not client.is_model_ready("none")
    assert client.get_server_metadata().name == "trilho"
    metadata = client.get_model_metadata("mnist")
    assert metadata.name == "mnist"
    assert list(metadata.versions) == ["1"]
    assert metadata.platform == "tensorflow_savedmodel"
    (image,) = metadata.inputs
    assert (image.name, image.datatype, list(image.shape)) == ("image_data", "FP32", [-1, PIXELS])


def test_health_and_metadata_over_rest(server: ServerProcess) -> None:
    extensions = ["binary_tensor_data", "model_configuration", "statistics"]
    assert get(server, "").json()["extensions"] == extensions
    assert get(server, "/health/live").json() == {"live": True}
    assert get(server, "/health/ready").json() == {"ready": True}
    assert get(server, "/models/half_plus_two/ready").json() == {"ready": True}
    assert get(server, "/models/half_plus_two/versions/3/ready").status_code == 503
    assert get(server, "/models/none/ready").status_code == 404
    metadata = get(server, "/models/half_plus_two/versions/1").json()
    assert metadata["versions"] == ["2", "1"]
    assert metadata["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [-1]}]


def test_the_repository_index_by_both(server: ServerProcess, client: Any) -> None:
    listed = [
        (model.name, model.version, model.state, model.reason)
        for model in client.get_model_repository_index().models
    ]
    assert listed == [
        ("mnist", "1", "READY", ""),
        ("half_plus_two", "2", "READY", ""),
        ("half_plus_two", "1", "READY", ""),
        ("echo", "1", "READY", ""),
    ]
    for body in ("", "{}", '{"ready": true}'):
        answer = requests.post(
            url(server, "/repository/index"), data=body, timeout=PATIENCE_SECONDS
        )
        assert answer.status_code == 200, answer.text
        assert answer.json() == [
            {"name": name, "version": version, "state": state} for name, version, state, _ in listed
        ]


def test_models_are_not_loaded_by_the_repository(server: ServerProcess, client: Any) -> None:
    for change in (client.load_model, client.unload_model):
        with pytest.raises(InferenceServerException, match="ModelManagementService") as raised:
            change("mnist")
        assert raised.value.status() == "StatusCode.UNIMPLEMENTED"
    for verb in ("load", "unload"):
        answer = requests.post(
            url(server, f"/repository/models/mnist/{verb}"), json={}, timeout=PATIENCE_SECONDS
        )
        assert answer.status_code == 501
        assert "ModelManagementService" in answer.json()["error"]
    assert client.is_model_ready("mnist")


def test_a_models_configuration_by_both(server: ServerProcess, client: Any) -> None:
    config = client.get_model_config("mnist").config
    assert (config.name, config.platform, config.backend, config.max_batch_size) == (
        "mnist",
        "tensorflow_savedmodel",
        "tensorflow",
        0,
    )
    (image,) = config.input
    assert (image.name, list(image.dims)) == ("image_data", [-1, PIXELS])
    as_json = client.get_model_config("mnist", as_json=True)["config"]
    assert as_json["input"][0]["data_type"] == "TYPE_FP32"
    by_rest = get(server, "/models/mnist/config").json()
    assert by_rest["input"] == [
        {"name": "image_data", "data_type": "TYPE_FP32", "dims": [-1, PIXELS], "optional": False}
    ]
    assert get(server, "/models/half_plus_two/versions/1/config").json()["output"] == [
        {"name": "version", "data_type": "TYPE_FP32", "dims": []},
        {"name": "y", "data_type": "TYPE_FP32", "dims": [-1]},
    ]


def test_statistics_by_both(server: ServerProcess, client: Any) -> None:
    def statistics() -> dict[str, Any]:
        answer = client.get_inference_statistics("half_plus_two", "1")
        (model,) = answer.model_stats
        assert (model.name, model.version) == ("half_plus_two", "1")
        (by_rest,) = get(server, "/models/half_plus_two/versions/1/stats").json()["model_stats"]
        durations = by_rest["inference_stats"]
        assert by_rest["inference_count"] == model.inference_count
        assert by_rest["last_inference"] == pytest.approx(model.last_inference, abs=1)
        assert durations["success"] == {
            "count": model.inference_stats.success.count,
            "ns": model.inference_stats.success.ns,
        }
        return {
            "examples": by_rest["inference_count"],
            "good": durations["success"]["count"],
            "bad": durations["fail"]["count"],
            "ns": durations["success"]["ns"],
            "run": durations["compute_infer"]["ns"] + durations["queue"]["ns"],
        }

    before = statistics()
    x = triton.InferInput("x", [3], "FP32")
    x.set_data_from_numpy(np.array([1, 2, 3], np.float32))
    client.infer("half_plus_two", [x], model_version="1")
    with pytest.raises(InferenceServerException):
        client.infer(
            "half_plus_two", [x], model_version="1", outputs=[triton.InferRequestedOutput("z")]
        )
    after = statistics()
    assert after["examples"] - before["examples"] == 3
    assert after["good"] - before["good"] == 1
    assert after["bad"] - before["bad"] == 1
    assert after["ns"] > before["ns"]
    assert after["run"] <= after["ns"]
    everything = get(server, "/models/stats").json()["model_stats"]
    assert [(model["name"], model["version"]) for model in everything] == [
        ("mnist", "1"),
        ("half_plus_two", "2"),
        ("half_plus_two", "1"),
        ("echo", "1"),
    ]
    with pytest.raises(InferenceServerException, match="NOT_FOUND"):
        client.get_inference_statistics("none")


def test_probes_need_no_token_over_grpc_as_over_rest(half_plus_two: Export, tmp_path: Path) -> None:
    publish(half_plus_two, tmp_path / "m", 1)
    tokens = tmp_path / "tokens"
    tokens.write_text("secret\n", encoding="utf-8")
    with (
        ServerProcess(
            "--model_name=m",
            f"--model_base_path={tmp_path / 'm'}",
            "--rest_api_port=-1",
            f"--auth_token_file={tokens}",
        ) as server,
        triton.InferenceServerClient(f"127.0.0.1:{server.port}") as client,
    ):
        for probe in ("/health/ready", "/models/m/ready", "/models/m/versions/1/ready"):
            assert get(server, probe).json() == {"ready": True}
        # The version that a label stands for is not for everybody, nor is the list of labels.
        assert get(server, "/models/m/versions/x/ready").json() == {"ready": False}
        assert get(server, "/models/m").status_code == 401
        for path in ("/models/stats", "/models/m/stats", "/models/m/config"):
            assert get(server, path).status_code == 401
        index = requests.post(url(server, "/repository/index"), timeout=PATIENCE_SECONDS)
        assert index.status_code == 401
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("m")
        assert not client.is_model_ready("other")
        for ask in (
            lambda: client.get_model_metadata("m"),
            lambda: client.get_model_config("m"),
            lambda: client.get_inference_statistics("m"),
            client.get_model_repository_index,
        ):
            with pytest.raises(InferenceServerException, match="UNAUTHENTICATED"):
                ask()
        assert (
            client.get_model_metadata("m", headers={"authorization": "Bearer secret"}).name == "m"
        )
