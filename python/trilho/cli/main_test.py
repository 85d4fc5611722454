import json
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent import futures
from pathlib import Path
from typing import Any

import click
import grpc
import numpy as np
import pytest
from click.testing import CliRunner, Result

import trilho
from trilho.cli.main import main
from trilho.client import serving, tensors
from trilho.client.serving import Message
from trilho.data import cache, mnist
from trilho.errors import TrilhoError
from trilho.mnist_pb2 import ClassifyResponse
from trilho.mnist_pb2_grpc import MnistServiceServicer, add_MnistServiceServicer_to_server

Array = np.ndarray[Any, np.dtype[Any]]

_LABELS = [3, 1, 4, 1, 5]


def _idx(array: Array) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(np.uint8).tobytes()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Five test images; the first pixel of each is its label."""
    images = np.zeros((5, 28, 28))
    images[:, 0, 0] = _LABELS
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "t10k-images-idx3-ubyte").write_bytes(_idx(images))
    (folder / "t10k-labels-idx1-ubyte").write_bytes(_idx(np.array(_LABELS)))
    return folder


def _read(pixels: Sequence[float]) -> Array:
    """A model that reads the first pixel, but takes a 4 for a 9."""
    digit = round(float(pixels[0]) * 255)
    scores = np.zeros(10, np.float32)
    scores[9 if digit == 4 else digit] = 1
    return scores


class _Digits(MnistServiceServicer):
    def __init__(self, failures: list[grpc.StatusCode]) -> None:
        self._failures = failures

    def Classify(self, request: Message, context: grpc.ServicerContext) -> Message:  # noqa: N802 - gRPC's name
        if self._failures:
            context.abort(self._failures.pop(), "broken")
        return ClassifyResponse(value=_read(request.image_data))


def _predict(request: Message, context: grpc.ServicerContext) -> Message:
    if request.model_spec.name != "mnist":
        context.abort(grpc.StatusCode.NOT_FOUND, "no such model")
    pixels = tensors.from_proto(request.inputs["image_data"])
    answer = serving.PredictResponse()
    answer.model_spec.version.value = 2
    answer.outputs["value"].CopyFrom(tensors.to_proto(_read(pixels[0])[np.newaxis]))
    return answer


def _status(*_: object) -> Message:
    answer = serving.GetModelStatusResponse()
    answer.model_version_status.add(version=1, state=30)
    bad = answer.model_version_status.add(version=2, state=50)
    bad.status.error_code, bad.status.error_message = 15, "bad checksum"
    return answer


def _metadata(*_: object) -> Message:
    found = serving.SignatureDefMap()
    signature = found.signature_def["serving_default"]
    signature.inputs["image_data"].dtype = 1
    signature.inputs["image_data"].tensor_shape.dim.add(size=-1)
    signature.inputs["image_data"].tensor_shape.dim.add(size=784)
    signature.outputs["value"].dtype = 1
    signature.outputs["value"].tensor_shape.unknown_rank = True
    answer = serving.GetModelMetadataResponse()
    answer.metadata["signature_def"].Pack(found)
    return answer


def _handler(
    service: str, functions: dict[str, tuple[Callable[..., Message], Message]]
) -> grpc.GenericRpcHandler:
    methods: Any = {
        name: grpc.unary_unary_rpc_method_handler(
            function,
            request_deserializer=request.FromString,
            response_serializer=lambda answer: answer.SerializeToString(),
        )
        for name, (function, request) in functions.items()
    }
    return grpc.method_handlers_generic_handler(f"tensorflow.serving.{service}", methods)


@pytest.fixture
def failures() -> list[grpc.StatusCode]:
    return []


@pytest.fixture
def server(failures: list[grpc.StatusCode]) -> Iterator[str]:
    started = grpc.server(futures.ThreadPoolExecutor(4))
    add_MnistServiceServicer_to_server(_Digits(failures), started)  # type: ignore[no-untyped-call]
    started.add_generic_rpc_handlers(
        [
            _handler(
                "PredictionService",
                {
                    "Predict": (_predict, serving.PredictRequest),
                    "GetModelMetadata": (_metadata, serving.GetModelMetadataRequest),
                },
            ),
            _handler("ModelService", {"GetModelStatus": (_status, serving.GetModelStatusRequest)}),
        ]
    )
    port = started.add_insecure_port("localhost:0")
    started.start()
    yield f"localhost:{port}"
    started.stop(0).wait()


def _run(*args: object) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


def test_version_and_help() -> None:
    assert _run("--version").output == f"trilho {trilho.__version__}\n"
    result = _run("--help")
    assert result.exit_code == 0
    for command in ("data", "models", "query", "train", "Examples:"):
        assert command in result.output


@pytest.mark.parametrize(
    "args", [["nothing"], ["query", "mnist", "--calls", "0"], ["data", "mnist", "--from", "/no/"]]
)
def test_wrong_usage_ends_with_2(args: list[str]) -> None:
    assert _run(*args).exit_code == 2


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["trian"], '"trian"; did you mean "train"? There are check, contract, convert, data, '),
        (["train", "mnits"], '"mnits"; did you mean "mnist"? There are census, mnist, recommender'),
        (["evaluate", "minst"], '"minst"; did you mean "mnist"? There are census, mnist, '),
        (["data", "minst"], '"minst"; did you mean "mnist"? There are census, mnist, movielens'),
        (["query", "census"], '"census"; there are mnist'),
        (["contract", "chek"], '"chek"; there are compile, diff'),
    ],
)
def test_a_wrong_name_is_told_with_the_nearest_and_all(args: list[str], told: str) -> None:
    result = _run(*args)
    assert result.exit_code == 2
    assert f"Error: No such command {told}" in result.output


@pytest.mark.parametrize(
    ("assignment", "told"),
    [
        ("networ=cnn", 'There is no option "networ"; did you mean "network"? Options are batch_s'),
        ("xyz=1", 'There is no option "xyz"; options are batch_size'),
        ("network", '"network" is no assignment; expected key=value'),
    ],
)
def test_a_wrong_key_is_wrong_usage(tmp_path: Path, assignment: str, told: str) -> None:
    result = _run("train", "mnist", "--export", tmp_path, "--set", assignment)
    assert result.exit_code == 2
    assert result.output.startswith(f"Error: {told}")


@pytest.mark.parametrize(
    "server", ["localhost", "::1", "localhost:", "localhost:65536", "http://localhost:8500", ""]
)
def test_a_server_is_named_with_its_port(server: str) -> None:
    for command in (["query", "mnist"], ["models", "mnist"], ["evaluate", "mnist"]):
        result = _run(*command, "--server", server)
        assert result.exit_code == 2
        assert f'"{server}": expected HOST:PORT, e.g. localhost:8500' in result.output


@pytest.mark.parametrize("server", ["[::1]:1", "127.0.0.1:1", "dns:///localhost:1"])
def test_a_server_with_a_port_is_asked(server: str) -> None:
    result = _run("models", "mnist", "--server", server, "--timeout", 1)
    assert result.exit_code == 1
    assert "GetModelStatus: " in result.output


def test_it_is_called_trilho_however_it_is_started() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "trilho", "--help"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=True,
        text=True,
    )
    assert run.stdout.startswith("Usage: trilho ")


@pytest.mark.parametrize("api", ["typed", "predict"])
def test_query_counts_wrong_answers(server: str, data: Path, tmp_path: Path, api: str) -> None:
    out = tmp_path / "result.json"
    result = _run(
        *("query", "mnist", "--server", server, "--data", data, "--api", api),
        *("--calls", 10, "--concurrency", 3, "--json", out),
    )
    assert result.exit_code == 0, result.output
    assert "error rate    20.00%" in result.output
    written = json.loads(out.read_text())
    assert written["calls"] == 10
    assert written["failed"] == 0
    assert written["errors"] == 2
    assert written["error_rate"] == pytest.approx(0.2)
    assert written["versions"] == ({"2": 10} if api == "predict" else {})
    assert written["calls_per_second"] > 0
    assert 0 < written["p50_ms"] <= written["p99_ms"]


def test_query_takes_scores_that_are_no_numbers_for_no_answer(
    server: str, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "_read", lambda _: np.full(10, np.nan, np.float32))
    result = _run("query", "mnist", "--server", server, "--data", data, "--calls", 3)
    assert result.exit_code == 1
    assert "3 failed: expected finite scores, found NaN or an infinity" in result.output


def test_query_ends_with_1_if_a_call_failed(
    server: str, data: Path, failures: list[grpc.StatusCode], tmp_path: Path
) -> None:
    failures += [grpc.StatusCode.INTERNAL] * 2
    out = tmp_path / "result.json"
    result = _run("query", "mnist", "--server", server, "--data", data, "--calls", 5, "--json", out)
    assert result.exit_code == 1
    assert "2 failed: trilho.mnist.MnistService/Classify: INTERNAL: broken" in result.output
    written = json.loads(out.read_text())
    assert (written["calls"], written["failed"]) == (5, 2)


def test_query_of_what_nobody_answers_has_no_rates(server: str, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "result.json"
    result = _run(
        *("query", "mnist", "--server", server, "--data", data, "--json", out),
        *("--api", "predict", "--model", "other", "--calls", 2),
    )
    assert result.exit_code == 1
    assert "2 failed" in result.output
    written = json.loads(out.read_text())
    assert written["error_rate"] is None
    assert written["p99_ms"] is None


def test_models_shows_states_and_reasons(server: str) -> None:
    result = _run("models", "mnist", "--server", server)
    assert result.exit_code == 0
    lines = result.output.splitlines()
    rows = [line.split() for line in lines[1:3]]
    assert rows == [["2", "END", "DATA_LOSS:", "bad", "checksum"], ["1", "AVAILABLE"]]
    assert lines[3:] == ["serving_default: image_data float[?, 784] -> value float"]


def test_query_may_go_on_for_a_time(server: str, data: Path) -> None:
    start = time.monotonic()
    result = _run("query", "mnist", "--server", server, "--data", data, "--duration", 0.5)
    assert result.exit_code == 0, result.output
    assert 0.5 <= time.monotonic() - start < 10


def test_ctrl_c_ends_a_query_at_once(data: Path) -> None:
    hold, asked = threading.Event(), threading.Event()

    class _Held(MnistServiceServicer):
        def Classify(self, request: Message, _: grpc.ServicerContext) -> Message:  # noqa: N802 - gRPC's name
            asked.set()
            hold.wait(60)
            return ClassifyResponse(value=_read(request.image_data))

    held = grpc.server(futures.ThreadPoolExecutor(4))
    add_MnistServiceServicer_to_server(_Held(), held)  # type: ignore[no-untyped-call]
    port = held.add_insecure_port("localhost:0")
    held.start()
    # A shell's background jobs ignore SIGINT, and so would all that this test starts.
    heeding = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from trilho.cli.main import main; main()"
    )
    command = [sys.executable, "-c", heeding, "query", "mnist", "--server", f"localhost:{port}"]
    started = subprocess.Popen(
        [*command, "--data", str(data), "--calls", "1000000", "--deadline", "60"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert asked.wait(30)
        started.send_signal(signal.SIGINT)
        _, said = started.communicate(timeout=15)
    finally:
        started.kill()
        started.wait()
        hold.set()
        held.stop(0).wait()
    assert started.returncode == 130
    assert said == "Interrupted\n"


def test_errors_are_one_line_without_a_traceback(tmp_path: Path) -> None:
    result = _run("query", "mnist", "--server", "localhost:1", "--data", tmp_path)
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert "t10k-images-idx3-ubyte" in result.output
    assert result.output.count("\n") == 1


def test_debug_lets_the_error_through(tmp_path: Path) -> None:
    result = _run("--debug", "query", "mnist", "--data", tmp_path)
    assert isinstance(result.exception, TrilhoError)


def test_a_bug_is_called_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash() -> Path:
        raise KeyError("x")

    monkeypatch.setattr(mnist, "default_directory", crash)
    result = _run("data", "mnist")
    assert result.exit_code == 1
    assert result.output == "Error: KeyError: 'x' (a bug; `trilho --debug ...` shows where)\n"


@pytest.mark.parametrize(
    ("module", "message"),
    [
        ("tensorflow", "Training needs TensorFlow: pip install 'trilho[train]'"),
        ("pyarrow", "Reading tables needs pyarrow: pip install 'trilho[convert]'"),
        ("implicit", "Comparing with ALS needs implicit: pip install 'trilho[compare]'"),
        ("matplotlib", "Drawing needs matplotlib: pip install 'trilho[train]'"),
        ("sklearn", "Measuring needs scikit-learn: pip install 'trilho[train]'"),
    ],
)
def test_for_a_module_that_is_missing_it_names_the_extra(
    module: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run() -> None:
        raise ModuleNotFoundError(f"No module named '{module}'", name=module)

    monkeypatch.setitem(main.commands, "data", click.Command("data", callback=run))
    assert _run("data").output == f"Error: {message}\n"


def test_data_says_where_the_files_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: Path
) -> None:
    sums = {path.name: cache.md5(path) for path in data.iterdir()}
    monkeypatch.setattr(mnist, "FILES", sums)
    monkeypatch.setenv("TRILHO_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "cache" / "mnist"
    assert _run("data", "mnist", "--from", data).output == f"MNIST is now in {folder}\n"
    assert _run("data", "mnist").output == f"MNIST is in {folder}\n"


def test_every_command_explains_itself() -> None:
    def walk(command: click.Command, path: list[str]) -> Iterator[tuple[list[str], click.Command]]:
        yield path, command
        commands = command.commands if isinstance(command, click.Group) else {}
        for name, sub in commands.items():
            yield from walk(sub, [*path, name])

    for path, command in walk(main, []):
        assert command.help, path
        assert _run(*path, "--help").exit_code == 0


def test_under_bazel_run_paths_are_meant_from_where_the_user_is(tmp_path: Path) -> None:
    runfiles = tmp_path / "runfiles"
    runfiles.mkdir()
    subprocess.run(
        [sys.executable, "-m", "trilho", "new-service", "card_fraud"],
        cwd=runfiles,
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join(sys.path), "BUILD_WORKING_DIRECTORY": str(tmp_path)},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    assert (tmp_path / "card_fraud" / "card_fraud.proto").is_file()
