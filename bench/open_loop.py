"""A client that calls at a constant rate, however slow the answers, and notes what each took.

    open_loop.py ADDRESS REQUEST RATE PROBE_RATE OUT

calls Predict with the bytes of the file REQUEST, RATE times a second, and grpc.health.v1
PROBE_RATE times, until its standard input is closed. Then it writes to OUT what `read` reads. It
loads nothing but gRPC and handles bytes only, so that it takes little of the machine it measures.
"""

import asyncio
import struct
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc.aio

__all__ = ["HEALTH", "PREDICT", "Call", "read"]

PREDICT, HEALTH = 0, 1
TIMEOUT_SECONDS = 30

# Kind, answered or not, then the times of Call.
_RECORD = struct.Struct("<BBddd")


@dataclass(frozen=True, slots=True)
class Call:
    """One call.

    Attributes:
        kind: PREDICT or HEALTH.
        is_answered: Whether it was answered with OK.
        due: When it should have begun, in seconds of the monotonic clock.
        sent: When it did, later if the client had no processor.
        end: When it had its answer.
    """

    kind: int
    is_answered: bool
    due: float
    sent: float
    end: float


def read(file: Path) -> list[Call]:
    """Reads what a client wrote.

    Args:
        file: The file.

    Returns:
        Its calls, in the order of their ends.
    """
    records = _RECORD.iter_unpack(file.read_bytes())
    return [Call(kind, bool(ok), due, sent, end) for kind, ok, due, sent, end in records]


async def _pace(
    kind: int, rate: float, call: Callable[[], Awaitable[Any]], out: list[bytes]
) -> None:
    if rate == 0:
        return
    running: set[asyncio.Task[None]] = set()

    async def one(due: float) -> None:
        sent = time.monotonic()
        ok = True
        try:
            await call()
        except grpc.aio.AioRpcError:
            ok = False
        out.append(_RECORD.pack(kind, ok, due, sent, time.monotonic()))

    due = time.monotonic()
    while True:
        due += 1 / rate
        await asyncio.sleep(max(0, due - time.monotonic()))
        task = asyncio.create_task(one(due))
        running.add(task)
        task.add_done_callback(running.discard)


async def _call(address: str, content: bytes, rate: float, probe_rate: float) -> bytes:
    records: list[bytes] = []
    async with grpc.aio.insecure_channel(address) as channel:
        predict: Any = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
        health: Any = channel.unary_unary("/grpc.health.v1.Health/Check")
        await predict(content, timeout=TIMEOUT_SECONDS)

        def predict_once() -> Awaitable[Any]:
            return predict(content, timeout=TIMEOUT_SECONDS)  # type: ignore[no-any-return]

        def probe_once() -> Awaitable[Any]:
            return health(b"", timeout=TIMEOUT_SECONDS)  # type: ignore[no-any-return]

        paces = [
            asyncio.create_task(_pace(PREDICT, rate, predict_once, records)),
            asyncio.create_task(_pace(HEALTH, probe_rate, probe_once, records)),
        ]
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        for pace in paces:
            pace.cancel()
    return b"".join(records)


def main(address: str, request: str, rate: str, probe_rate: str, out: str) -> None:
    """Calls until standard input is closed."""
    content = Path(request).read_bytes()
    Path(out).write_bytes(asyncio.run(_call(address, content, float(rate), float(probe_rate))))


if __name__ == "__main__":
    main(*sys.argv[1:])
