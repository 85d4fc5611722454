"""What a request of MnistService costs the server by its contract, and the same work by Predict.

    python -m bench.contract_cost --rounds 15 --calls 10000

One server; ghz calls it in turns: the typed service, Predict with the image as tensor_content, and
Predict with it as float_val. What counts is the server's processor time, not the client's.
"""

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from tensorflow.core.framework import tensor_pb2

from e2e.client import image_request
from e2e.contract_messages import message_class
from e2e.grpcurl import ghz
from e2e.mnist_service import CONTRACT_FLAG
from e2e.models import PIXELS, export_mnist
from e2e.programs import MNIST_CONTRACT, runfile
from e2e.publishing import publish
from e2e.server_process import ServerProcess

CLASSIFY = "trilho.mnist.MnistService/Classify"
PREDICT = "tensorflow.serving.PredictionService/Predict"
TYPED, CONTENT, VALUES = "MnistService", "Predict, tensor_content", "Predict, float_val"
CALLERS = 4
# A random image, as real ones compress neither.
SEED = 1


def _requests() -> dict[str, tuple[str, bytes]]:
    """Each way to ask: its method and its request."""
    image = np.random.default_rng(SEED).random(PIXELS, np.float32)
    typed = message_class(runfile(MNIST_CONTRACT), "trilho.mnist.ClassifyRequest")(image_data=image)

    def predict(**values: Any) -> bytes:
        request = image_request()
        tensor = tensor_pb2.TensorProto(dtype=request.inputs["image_data"].dtype, **values)
        tensor.tensor_shape.dim.add(size=1)
        tensor.tensor_shape.dim.add(size=PIXELS)
        request.inputs["image_data"].CopyFrom(tensor)
        return bytes(request.SerializeToString())

    return {
        TYPED: (CLASSIFY, typed.SerializeToString()),
        CONTENT: (PREDICT, predict(tensor_content=image.tobytes())),
        VALUES: (PREDICT, predict(float_val=image)),
    }


def measure(folder: Path, *, rounds: int, calls: int) -> dict[str, list[float]]:
    """Measures all ways in turns.

    Args:
        folder: Room for the model.
        rounds: How often each way's turn comes.
        calls: How many calls that is.

    Returns:
        Microseconds of the server's processor time a call, by way and round.
    """
    publish(export_mnist(folder / "export"), folder / "mnist", 1)
    requests = _requests()
    costs: dict[str, list[float]] = {name: [] for name in requests}
    flags = ("--model_name=mnist", f"--model_base_path={folder}/mnist", CONTRACT_FLAG)
    with ServerProcess(*flags) as server:
        names = list(requests)
        # The round before the first is no round: the server warms up.
        for turn in range(-1, rounds):
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                method, request = requests[name]
                before = server.cpu_seconds()
                report = ghz(server.port, method, request, calls=calls, concurrency=CALLERS)
                spent = server.cpu_seconds() - before
                assert report["statusCodeDistribution"] == {"OK": calls}, report
                if turn >= 0:
                    costs[name].append(spent / calls * 1e6)
    return costs


def report(costs: dict[str, list[float]]) -> str:
    """A table; ratios are to the typed service in the same round, their median."""
    lines = [f"{'server CPU a call':26}{'us':>8}{'least':>8}{'most':>8}{'ratio':>8}"]
    for name, mine in costs.items():
        ratio = statistics.median(a / b for a, b in zip(mine, costs[TYPED], strict=True))
        numbers = (statistics.median(mine), min(mine), max(mine))
        cells = "".join(f"{number:8.1f}" for number in numbers)
        lines.append(f"{name:26}{cells}{ratio:8.2f}")
    return "\n".join(lines)


def main() -> None:
    """Measures as told on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--calls", type=int, default=10000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(report(measure(Path(folder), rounds=args.rounds, calls=args.calls)))


if __name__ == "__main__":
    main()
