"""The main job, by installed programs alone: convert, train, export, serve, query by gRPC and REST.

    PREFIX/bin/python job.py PREFIX TABLE FOLDER

TABLE is the census as Parquet, FOLDER a new one to work in. Nothing but what is installed is used.
The last line is a JSON object with the seconds that each step took.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

STEPS = 20
TIMEOUT_SECONDS = 300.0
CLOSE = 1e-5
_PORT = re.compile(r"serving (gRPC|HTTP) on port (\d+)$", re.MULTILINE)
PERSON: dict[str, Any] = {
    "age": 39.0,
    "workclass": "Private",
    "education": "Bachelors",
    "education_num": 13.0,
    "hours_per_week": 40.0,
}


def run(seconds: dict[str, float], step: str, *command: object) -> str:
    """Runs a program to its end, and notes how long it took."""
    begin = time.monotonic()
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=600, check=False
    )
    seconds[step] = round(time.monotonic() - begin, 1)
    if done.returncode != 0:
        raise SystemExit(f"{step}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def write_contract(file: Path) -> None:
    """Writes the census contract, of the messages that the package has, as protoc would."""
    from google.protobuf import descriptor, descriptor_pb2  # noqa: PLC0415  # timed as an import

    from trilho import census_pb2  # noqa: PLC0415  # timed as an import

    found = descriptor_pb2.FileDescriptorSet()
    seen = set()

    def add(one: descriptor.FileDescriptor) -> None:
        if one.name not in seen:
            seen.add(one.name)
            for needed in one.dependencies:
                add(needed)
            one.CopyToProto(found.file.add())

    add(census_pb2.DESCRIPTOR)
    file.write_bytes(found.SerializeToString())


@contextmanager
def serve(prefix: Path, folder: Path, contract: Path) -> Iterator[tuple[int, int]]:
    """Runs the installed server; yields its ports when it serves."""
    log = folder / "server.log"
    command = [
        prefix / "bin/trilho_server",
        "--port=0",
        "--rest_api_port=-1",
        "--bind_address=127.0.0.1",
        "--model_name=census",
        f"--model_base_path={folder}/models/census",
        f"--contracts={contract}",
    ]
    with log.open("wb") as out:
        server = subprocess.Popen(list(map(str, command)), stdout=out, stderr=out)
    try:
        end = time.monotonic() + TIMEOUT_SECONDS
        ports: dict[str, str] = {}
        while len(ports) < 2:  # noqa: PLR2004  # gRPC's and HTTP's
            if server.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"serve: the server does not serve\n{log.read_text()}")
            time.sleep(0.1)
            ports = dict(_PORT.findall(log.read_text()))
        yield int(ports["gRPC"]), int(ports["HTTP"])
        server.terminate()
        if server.wait(TIMEOUT_SECONDS) != 0:
            raise SystemExit(f"serve: exit code {server.returncode}\n{log.read_text()}")
    finally:
        server.kill()


def ask_by_grpc(port: int) -> float:
    """The probability that the typed service gives the person."""
    from trilho import census_pb2, census_pb2_grpc  # noqa: PLC0415  # timed as an import
    from trilho.client import TrilhoClient  # noqa: PLC0415  # timed as an import

    with TrilhoClient(f"127.0.0.1:{port}") as client:
        person = census_pb2.Person(**PERSON)
        request = census_pb2.PredictRequest(people=[person])
        answer = client.stub(census_pb2_grpc.CensusServiceStub).Predict(request)
        return float(answer.incomes[0].probability)


def ask_by_rest(port: int) -> float:
    """The same in JSON."""
    person = {"educationNum" if n == "education_num" else n: v for n, v in PERSON.items()}
    person["hoursPerWeek"] = person.pop("hours_per_week")
    request = urllib.request.Request(  # the server above
        f"http://127.0.0.1:{port}/v1/contracts/trilho.census.CensusService/Predict",
        data=json.dumps({"people": [person]}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310  # as above
        return float(json.load(answer)["incomes"][0]["probability"])


def main(prefix: Path, table: Path, folder: Path) -> None:
    """Does the steps, one after the other."""
    seconds: dict[str, float] = {}
    python, trilho = prefix / "bin/python", prefix / "bin/trilho"
    folder.mkdir()
    loaded = run(seconds, "import", python, "-c", "import tensorflow as tf; print(tf.__version__)")
    run(seconds, "convert", trilho, "convert", table, folder / "rows")
    train: list[Any] = ["train", "census", "--data", folder / "rows", "--steps", STEPS]
    run(seconds, "train", trilho, *train, "--export", folder / "models", "--logs", folder / "logs")
    manifest = json.loads((folder / "models/census/1/manifest.json").read_text())
    contract = folder / "census.desc"
    write_contract(contract)
    begin = time.monotonic()
    with serve(prefix, folder, contract) as (grpc, http):
        by_grpc, by_rest = ask_by_grpc(grpc), ask_by_rest(http)
    seconds["serve and query"] = round(time.monotonic() - begin, 1)
    if not 0 < by_grpc < 1 or abs(by_grpc - by_rest) > CLOSE:
        raise SystemExit(f"query: {by_grpc} by gRPC, {by_rest} by REST")
    figures = {"tensorflow": loaded.strip(), "probability": by_grpc, "seconds": seconds}
    print(json.dumps({**figures, "accuracy": manifest["metrics"]["test_accuracy"]}))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
