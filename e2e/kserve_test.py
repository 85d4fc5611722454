"""KServe's Open Inference Protocol: tritonclient over gRPC, requests over REST."""

import http.client
import json
import zlib
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import numpy as np
import pytest
import requests
import tensorflow as tf
from tritonclient import grpc as triton
from tritonclient.utils import InferenceServerException, np_to_triton_dtype

from e2e.echo import VALUES, tensor
from e2e.kserve import column, get, infer, serve, url
from e2e.models import Export
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
    with serve(mnist, half_plus_two, tmp_path_factory.mktemp("models")) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: ServerProcess) -> Iterator[Any]:
    """tritonclient, connected over gRPC."""
    with triton.InferenceServerClient(f"127.0.0.1:{server.port}") as client:
        yield client


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
