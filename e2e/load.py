"""Constant load: threads that call one after another and note what came of it."""

import bisect
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from types import TracebackType
from typing import Self

import grpc
import numpy as np
import tensorflow as tf

from e2e.client import Client, image_request, scores

__all__ = ["Call", "Load", "stale_calls"]


@dataclass(frozen=True, slots=True)
class Call:
    """What came of one call.

    Attributes:
        start: When it was begun, in nanoseconds of the monotonic clock.
        end: When its answer was there.
        code: Its status.
        version: The version that answered, 0 if none did.
        detail: The error's text, or what is wrong with the answer.
    """

    start: int
    end: int
    code: grpc.StatusCode
    version: int = 0
    detail: str = ""


class Load:
    """Calls MNIST-like models for the length of a `with` block.

    Attributes:
        calls: All calls that have ended so far, in no particular order.
    """

    def __init__(
        self, port: int, *, threads: int = 4, stop_on_error: bool = False, label: str = ""
    ) -> None:
        self.calls: list[Call] = []
        self._port = port
        self._stop_on_error = stop_on_error
        self._label = label
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Begins no more calls and waits for those that are under way."""
        self._stop.set()
        self.join()

    def join(self) -> None:
        """Waits for the threads to end by themselves."""
        for thread in self._threads:
            thread.join()

    def failed(self) -> list[Call]:
        """The calls that did not get the right answer."""
        return [c for c in self.calls if c.code != grpc.StatusCode.OK or c.detail]

    def codes(self) -> Counter[str]:
        """How many calls had which status."""
        return Counter(call.code.name for call in self.calls)

    def newest(self) -> int:
        """The newest version that has answered."""
        return max((call.version for call in self.calls), default=0)

    def _run(self) -> None:
        request = image_request()
        if self._label:
            request.model_spec.version_label = self._label
        with Client(self._port) as client:
            while not self._stop.is_set():
                call = _timed(lambda: client.predict(request))
                # Appending to a list is atomic.
                self.calls.append(call)
                if self._stop_on_error and call.code != grpc.StatusCode.OK:
                    return


def _timed(predict: Callable[[], object]) -> Call:
    start = time.monotonic_ns()
    try:
        answer = predict()
    except grpc.RpcError as error:
        return Call(start, time.monotonic_ns(), error.code(), detail=error.details() or "")
    end = time.monotonic_ns()
    version = answer.model_spec.version.value  # type: ignore[attr-defined]
    values = tf.make_ndarray(answer.outputs["value"])  # type: ignore[attr-defined]
    # A version that says it is another is as bad as an old one.
    detail = "" if np.array_equal(values, scores(version)) else f"version {version}: {values}"
    return Call(start, end, grpc.StatusCode.OK, version, detail)


def stale_calls(calls: Sequence[Call]) -> list[Call]:
    """Finds answers that go back behind a swap.

    Once somebody got an answer of version V, no call that is begun later may be answered by an
    older one.

    Args:
        calls: Calls; those that failed do not count.

    Returns:
        The calls that were answered by a version that was too old.
    """
    answered = sorted((c for c in calls if c.version), key=lambda c: c.end)
    ends = [call.end for call in answered]
    newest = list(accumulate((call.version for call in answered), max, initial=0))
    # newest[n] is the newest of the first n answers.
    return [c for c in answered if newest[bisect.bisect_left(ends, c.start)] > c.version]
