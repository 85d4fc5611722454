"""The whole rail: real images, trained, served, and asked by both clients and both APIs."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from e2e.client import AVAILABLE, END, Client
from e2e.grpcurl import Grpcurl
from e2e.mnist_service import CONTRACT_FLAG, classify
from e2e.models import PIXELS
from e2e.programs import JAVA_REPLAY, MNIST_IMAGES, TRILHO, runfile
from e2e.server_process import ServerProcess
from e2e.waiting import PATIENCE_SECONDS

# All test images, so that the served model's error is the trainer's to the last image.
IMAGES = 10000
POOR_STEPS, GOOD_STEPS = 100, 2000


@pytest.fixture(scope="module")
def data() -> Path:
    return runfile(f"{MNIST_IMAGES}/t10k-images-idx3-ubyte", workspace="npm").parent


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, data: Path) -> Path:
    folder = tmp_path_factory.mktemp("store")
    train(folder, data, POOR_STEPS)
    return folder


@pytest.fixture(scope="module")
def server(store: Path) -> Iterator[ServerProcess]:
    flags = ["--model_name=mnist", f"--model_base_path={store}/mnist", CONTRACT_FLAG]
    with ServerProcess(*flags, "--rest_api_port=-1") as process:
        yield process


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, check=False, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr


def train(store: Path, data: Path, steps: int) -> None:
    run(
        *(str(runfile(TRILHO)), "train", "mnist", "--steps", str(steps)),
        *("--data", str(data), "--export", str(store), "--logs", str(store / f"logs-{steps}")),
    )


def ask(program: list[str], server: ServerProcess, data: Path, out: Path, api: str) -> Any:
    run(
        *program,
        *("--server", f"localhost:{server.port}", "--data", str(data), "--json", str(out)),
        *("--calls", str(IMAGES), "--concurrency", "10", "--api", api),
    )
    return json.loads(out.read_text())


def trained_error(store: Path, version: int) -> float:
    manifest = json.loads((store / "mnist" / str(version) / "manifest.json").read_text())
    return round((1 - float(manifest["metrics"]["test_accuracy"])) * IMAGES)


def assert_every_client_sees(
    version: int, store: Path, server: ServerProcess, data: Path, tmp_path: Path
) -> int:
    java, python = [str(runfile(JAVA_REPLAY))], [str(runfile(TRILHO)), "query", "mnist"]
    for program in (java, python):
        for api in ("typed", "predict"):
            result = ask(program, server, data, tmp_path / "result.json", api)
            print(f"version {version}: {Path(program[0]).name} {api}: {result}")
            assert (result["calls"], result["failed"]) == (IMAGES, 0)
            # A score on the edge may fall the other way when images come one by one.
            assert result["errors"] == pytest.approx(trained_error(store, version), abs=3)
            if api == "predict":
                assert result["versions"] == {str(version): IMAGES}
    run(
        *(str(runfile(TRILHO)), "evaluate", "mnist", "--server", f"localhost:{server.port}"),
        *("--trained", str(store / "mnist"), "--data", str(data)),
    )
    return int(trained_error(store, version))


def test_the_served_model_errs_as_often_as_its_trainer_said_and_a_better_one_takes_over(
    store: Path, server: ServerProcess, data: Path, tmp_path: Path
) -> None:
    poor = assert_every_client_sees(1, store, server, data, tmp_path)
    train(store, data, GOOD_STEPS)
    with Client(server.port) as client:
        client.wait_until("mnist", 2, AVAILABLE)
        client.wait_until("mnist", 1, END)
    good = assert_every_client_sees(2, store, server, data, tmp_path)
    print(f"error rates: {poor / IMAGES:.2%}, {good / IMAGES:.2%}")
    assert good <= 0.03 * IMAGES < 0.05 * IMAGES < poor


def test_json_over_http_and_grpcurl_get_the_same(server: ServerProcess, data: Path) -> None:
    header = 16
    pixels = (data / "t10k-images-idx3-ubyte").read_bytes()[header : header + PIXELS]
    image = [pixel / 255 for pixel in pixels]
    with Client(server.port) as client:
        expected = pytest.approx(classify(client.channel, image))
    answer = requests.post(
        f"http://127.0.0.1:{server.http_port()}/v1/contracts/trilho.mnist.MnistService/Classify",
        json={"imageData": image},
        timeout=PATIENCE_SECONDS,
    )
    scores = answer.json()["value"]
    assert scores == expected
    # The first test image is a seven.
    assert scores.index(max(scores)) == 7
    called = Grpcurl(server.port).call("trilho.mnist.MnistService/Classify", {"imageData": image})
    assert called["value"] == expected
