"""KServe's Open Inference Protocol: tritonclient over gRPC, requests over REST."""

import http.client
import json
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
import tensorflow as tf
from tritonclient import grpc as triton
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from e2e.echo import VALUES, export_echo, tensor
from e2e.models import PIXELS, Export
from e2e.publishing import publish
from e2e.server_process import ServerProcess
from e2e.waiting import PATIENCE_SECONDS

JSON_SIZE = "Inference-Header-Content-Length"
# Those of VALUES that the protocol has, by its names.
DATATYPES = {
    "bool": "BOOL",
    "uint8": "UINT8",
    "uint16": "UINT16",
    "uint32": "UINT32",
    "uint64": "UINT64",
    "int8": "INT8",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "float16": "FP16",
    "bfloat16": "BF16",
    "float32": "FP32",
    "float64": "FP64",
    "string": "BYTES",
}


@pytest.fixture(scope="module")
def server(
    mnist: Export, half_plus_two: Export, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """A server of MNIST, half plus two in two versions, and echo, of every type."""
    folder = tmp_path_factory.mktemp("models")
    publish(mnist, folder / "mnist", 1)
    # In no configuration: beside the folders of those that are.
    publish(half_plus_two, folder / "outside", 1)
    for version in (1, 2):
        publish(half_plus_two, folder / "half_plus_two", version)
    export_echo(folder / "echo" / "1")
    (folder / "config").write_text(
        "model_config_list {"
        + "".join(
            f'config {{ name: "{name}" base_path: "{folder}/{name}" model_platform: "tensorflow"'
            f" model_version_policy {{ all {{}} }} {more} }}"
            for name, more in (
                ("mnist", ""),
                ("half_plus_two", 'version_labels { key: "stable" value: 1 }'),
                ("echo", ""),
            )
        )
        + "}",
        encoding="utf-8",
    )
    with ServerProcess(f"--model_config_file={folder}/config", "--rest_api_port=-1") as server:
        yield server


@pytest.fixture(scope="module")
def client(server: ServerProcess) -> Iterator[Any]:
    """tritonclient, connected over gRPC."""
    with triton.InferenceServerClient(f"127.0.0.1:{server.port}") as client:
        yield client


def url(server: ServerProcess, path: str) -> str:
    return f"http://127.0.0.1:{server.http_port()}/v2{path}"


def get(server: ServerProcess, path: str) -> requests.Response:
    return requests.get(url(server, path), timeout=PATIENCE_SECONDS)


def infer(server: ServerProcess, path: str, body: Any, **more: Any) -> requests.Response:
    return requests.post(
        url(server, f"/models/{path}/infer"), json=body, timeout=PATIENCE_SECONDS, **more
    )


def column(name: str, values: list[float]) -> dict[str, Any]:
    return {"name": name, "datatype": "FP32", "shape": [len(values)], "data": values}


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


def test_versions_and_labels(server: ServerProcess, client: Any) -> None:
    x = triton.InferInput("x", [2], "FP32")
    x.set_data_from_numpy(np.array([1, 4], np.float32))
    for version, answered in (("", "2"), ("1", "1"), ("stable", "1")):
        answer = client.infer("half_plus_two", [x], model_version=version, request_id="7")
        assert answer.get_response().model_version == answered
        assert answer.get_response().id == "7"
        assert answer.as_numpy("y").tolist() == [2.5, 4.0]
        path = f"half_plus_two/versions/{version}" if version else "half_plus_two"
        body = infer(server, path, {"id": "7", "inputs": [column("x", [1, 4])]}).json()
        assert (body["model_name"], body["model_version"], body["id"]) == (
            "half_plus_two",
            answered,
            "7",
        )
        (y,) = [output for output in body["outputs"] if output["name"] == "y"]
        assert y == {"name": "y", "datatype": "FP32", "shape": [2], "data": [2.5, 4.0]}


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


def test_what_is_null_is_not_there(server: ServerProcess) -> None:
    x = {**column("x", [1, 4]), "parameters": None}
    body = {"id": None, "parameters": None, "outputs": None, "inputs": [x]}
    answer = infer(server, "half_plus_two", body)
    assert answer.status_code == 200, answer.text
    assert "id" not in answer.json()
    (y,) = [output for output in answer.json()["outputs"] if output["name"] == "y"]
    assert y["data"] == [2.5, 4.0]


def test_a_coding_that_is_not_read_is_refused_with_those_that_are(server: ServerProcess) -> None:
    answer = requests.post(
        url(server, "/models/half_plus_two/infer"),
        data=zlib.compress(json.dumps({"inputs": [column("x", [1])]}).encode()),
        headers={"Content-Encoding": "deflate"},
        timeout=PATIENCE_SECONDS,
    )
    assert answer.status_code == 415
    assert answer.headers["Accept-Encoding"] == "gzip"
    assert answer.json()["error"] == "Content-Encoding: deflate is not supported, only gzip is"


@pytest.mark.parametrize("name", [name for name in DATATYPES if name != "bfloat16"])
def test_every_type_over_grpc(client: Any, name: str) -> None:
    values = tensor(name)
    x = triton.InferInput("x", [2, 2], np_to_triton_dtype(values.dtype))
    assert x.datatype() == DATATYPES[name]
    x.set_data_from_numpy(values)
    answer = client.infer("echo", [x], parameters={"signature_name": name})
    assert answer.as_numpy("y").tolist() == values.tolist()


@pytest.mark.parametrize("name", DATATYPES)
def test_every_type_in_bytes_over_rest(server: ServerProcess, name: str) -> None:
    values = tensor(name)
    if name == "string":
        raw = b"".join(len(s).to_bytes(4, "little") + s for s in VALUES[name])
    else:
        raw = values.tobytes()
    head = json.dumps(
        {
            "parameters": {"signature_name": name, "binary_data_output": True},
            "inputs": [
                {
                    "name": "x",
                    "datatype": DATATYPES[name],
                    "shape": [2, 2],
                    "parameters": {"binary_data_size": len(raw)},
                }
            ],
        }
    ).encode()
    answer = requests.post(
        url(server, "/models/echo/infer"),
        data=head + raw,
        headers={JSON_SIZE: str(len(head))},
        timeout=PATIENCE_SECONDS,
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/octet-stream"
    size = int(answer.headers[JSON_SIZE])
    (y,) = json.loads(answer.content[:size])["outputs"]
    assert y["datatype"] == DATATYPES[name]
    assert y["parameters"] == {"binary_data_size": len(raw)}
    assert answer.content[size:] == raw


@pytest.mark.parametrize("name", sorted(set(DATATYPES) - {"string"}))
def test_every_type_in_json(server: ServerProcess, name: str) -> None:
    values = tensor(name).tolist()
    request: dict[str, Any] = {"parameters": {"signature_name": name}}
    flat = [value for row in values for value in row]
    for data in (flat, values):
        x = {"name": "x", "datatype": DATATYPES[name], "shape": [2, 2], "data": data}
        answer = infer(server, "echo", {**request, "inputs": [x]})
        assert answer.status_code == 200, answer.text
        (y,) = answer.json()["outputs"]
        assert y["shape"] == [2, 2]
        back = tf.constant(y["data"], tf.as_dtype(name)).numpy()
        assert back.tolist() == tf.constant(flat, tf.as_dtype(name)).numpy().tolist()


def test_bad_requests_over_grpc_are_told_what_is_wrong(client: Any) -> None:
    def error(model: str, x: Any, **more: Any) -> str:
        with pytest.raises(InferenceServerException) as raised:
            client.infer(model, [x], **more)
        return f"{raised.value.status()}: {raised.value.message()}"

    x = triton.InferInput("x", [2], "FP32")
    x.set_data_from_numpy(np.zeros(2, np.float32))
    assert "NOT_FOUND" in error("none", x)
    assert "NOT_FOUND" in error("half_plus_two", x, model_version="9")
    assert "Unrecognized servable version label: best" in error(
        "half_plus_two", x, model_version="best"
    )
    assert 'has no output "z"; it has: version, y' in error(
        "half_plus_two", x, outputs=[triton.InferRequestedOutput("z")]
    )
    assert 'key "other" not found' in error(
        "half_plus_two", x, parameters={"signature_name": "other"}
    )
    other = triton.InferInput("other", [2], "FP32")
    other.set_data_from_numpy(np.zeros(2, np.float32))
    assert 'has no input "other"; it has: x' in error("half_plus_two", other)
    wrong = triton.InferInput("x", [2], "INT32")
    wrong.set_data_from_numpy(np.zeros(2, np.int32))
    assert "to be float but int32 is provided" in error("half_plus_two", wrong)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("{", "JSON Parse error"),
        ("{}", '"inputs" is missing'),
        ({"inputs": {}}, '"inputs" must be a list, not Object'),
        ({"inputs": []}, 'input "x" is missing; the inputs are: x'),
        ({"inputs": [column("x", [1]), column("x", [1])]}, 'input "x" is given twice'),
        (
            {"inputs": [{**column("x", [1]), "datatype": "FP8"}]},
            'input "x": datatype "FP8" is none of BOOL, UINT8,',
        ),
        ({"inputs": [{"name": "x", "datatype": "FP32", "data": [1]}]}, '"shape" is missing'),
        (
            {"inputs": [{**column("x", [1]), "shape": [2]}]},
            '"data" has 1 value, shape [2] needs 2',
        ),
        (
            {"inputs": [{**column("x", [1, 2]), "shape": [1]}]},
            '"data" has more values than "shape" says',
        ),
        ({"inputs": [{**column("x", [1]), "shape": [-1]}]}, "-1"),
        (
            {"inputs": [{**column("x", []), "shape": [2**40]}]},
            "has fewer values than shape [1099511627776] needs",
        ),
        ({"inputs": [{**column("x", []), "data": ["a"], "shape": [1]}]}, "is not of expected type"),
        (
            {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1]}]},
            'there is neither "data" nor the parameter "binary_data_size"',
        ),
        (
            {
                "inputs": [
                    {
                        "name": "x",
                        "datatype": "FP32",
                        "shape": [1],
                        "parameters": {"binary_data_size": 4},
                    }
                ]
            },
            "binary_data_size is 4, but 0 bytes are left behind the JSON",
        ),
    ],
)
def test_bad_requests_over_rest_are_told_what_is_wrong(
    server: ServerProcess, body: Any, problem: str
) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    answer = requests.post(
        url(server, "/models/half_plus_two/infer"), data=text, timeout=PATIENCE_SECONDS
    )
    assert answer.status_code == 400
    assert problem in answer.json()["error"]
    good = infer(server, "half_plus_two", {"inputs": [column("x", [1])]})
    assert good.status_code == 200


def test_bad_sizes_of_the_json_part_are_named(server: ServerProcess) -> None:
    for size in ("x", "-1", "100000"):
        answer = infer(server, "half_plus_two", {}, headers={JSON_SIZE: size})
        assert answer.status_code == 400
        assert f'{JSON_SIZE} is "{size}"' in answer.json()["error"]


def test_paths_that_are_none(server: ServerProcess) -> None:
    for path in ("/", "/models", "/models/", "/models/m/infer/x", "/models/m/versions", "/other"):
        assert get(server, path).status_code == 404, path
    assert get(server, "/models/half_plus_two/infer").status_code == 405
    assert requests.post(url(server, "/models/half_plus_two"), timeout=10).status_code == 405


def test_a_page_of_another_site_may_ask_first(server: ServerProcess) -> None:
    answer = requests.options(
        url(server, "/models/mnist/infer"), headers={"Origin": "https://a.example"}, timeout=10
    )
    assert answer.status_code == 200


def test_requests_are_counted_by_their_method(server: ServerProcess) -> None:
    infer(server, "mnist", {"inputs": [{**column("image_data", [0.5] * 784), "shape": [1, 784]}]})
    metrics = requests.get(f"http://127.0.0.1:{server.http_port()}/metrics", timeout=10).text
    (line,) = (
        line
        for line in metrics.splitlines()
        if line.startswith("trilho_requests_total{")
        and 'method="infer"' in line
        and "mnist" in line
    )
    assert 'code="OK"' in line


@pytest.mark.parametrize(
    "path",
    [
        "outside",
        "outside/versions/1",
        "..%2Foutside",
        "%2e%2e%2Foutside",
        "half_plus_two%2F..%2Foutside",
        "half_plus_two/../outside",
        "half_plus_two/versions/..%2F..%2Foutside%2F1",
        "half_plus_two/versions/..%2F1",
        "half_plus_two/versions/1%2F",
        "half_plus_two%00",
        "half_plus_two/versions/1%00",
    ],
)
def test_what_is_not_configured_is_not_found_by_any_path(server: ServerProcess, path: str) -> None:
    # As it is: requests would tidy it up.
    port = server.http_port()
    with closing(
        http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    ) as connection:
        for verb in ("", "/ready", "/infer"):
            body = json.dumps({"inputs": [column("x", [1])]}) if verb == "/infer" else None
            connection.request("POST" if body else "GET", f"/v2/models/{path}{verb}", body)
            answer = connection.getresponse()
            answer.read()
            # 503: a version that the model does not have is not ready.
            assert answer.status in (400, 404, 503), verb
    assert get(server, "/models/half_plus_two/ready").json() == {"ready": True}
    # Nobody has looked there.
    assert "outside" not in server.log()


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
        # What a label stands for, or which there are, is not for everybody.
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
