"""Making many calls at a time, and what came of them."""

import itertools
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from trilho.errors import TrilhoError

__all__ = ["Answer", "AnswerError", "ReplayResult", "replay"]

_WATCH_SECONDS = 0.2


class AnswerError(TrilhoError):
    """An answer that makes no sense."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one call was answered.

    Attributes:
        right: Whether that is true.
        version: The model's version that answered, if it is known.
    """

    right: bool
    version: int | None


@dataclass(kw_only=True)
class ReplayResult:
    """What came of the calls.

    Attributes:
        failed: Calls without an answer.
        errors: Wrong answers.
        seconds: How long all calls took together.
        latencies: Seconds each answered call took, sorted.
        versions: How many calls each version answered, as far as known.
        reasons: Why calls failed, and how many did so.
    """

    failed: int = 0
    errors: int = 0
    seconds: float = 0
    latencies: list[float] = field(default_factory=list)
    versions: Counter[int] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def answered(self) -> int:
        """Calls with an answer, right or wrong."""
        return len(self.latencies)

    @property
    def calls(self) -> int:
        """All calls, answered or failed."""
        return self.answered + self.failed

    @property
    def error_rate(self) -> float:
        """The part of the answers that are wrong, 0 to 1; NaN if there are no answers."""
        return self.errors / self.answered if self.answered else math.nan

    @property
    def calls_per_second(self) -> float:
        """How many calls ended a second; NaN if there was no time."""
        return self.calls / self.seconds if self.seconds else math.nan

    def millis(self, share: float) -> float:
        """Returns the smallest latency, in ms, that `share` of the answered calls did not exceed.

        NaN if none was answered.
        """
        if not self.latencies:
            return math.nan
        return 1000 * self.latencies[max(0, math.ceil(share * len(self.latencies)) - 1)]

    def as_dict(self) -> dict[str, Any]:
        """Returns the result for JSON; what there is no number for is None."""
        return {
            "calls": self.calls,
            "failed": self.failed,
            "errors": self.errors,
            "error_rate": _or_none(self.error_rate),
            "calls_per_second": _or_none(self.calls_per_second),
            "p50_ms": _or_none(self.millis(0.5)),
            "p99_ms": _or_none(self.millis(0.99)),
            "versions": {str(v): n for v, n in sorted(self.versions.items())},
        }


def replay(
    call: Callable[[int], Answer],
    *,
    calls: int | None,
    concurrency: int,
    duration: float | None = None,
    watch: Callable[[int], None] | None = None,
) -> ReplayResult:
    """Makes calls, `concurrency` at a time.

    If it is interrupted, calls under way are not waited for: close the client that makes them.

    Args:
        call: Takes a call's number, from 0, and makes it; raises a TrilhoError if it fails.
        calls: How many; None for as many as `duration` allows.
        concurrency: How many at a time.
        duration: After how many seconds no further call is started; None for never.
        watch: Told a few times a second how many calls have ended.

    Returns:
        What came of them.

    Raises:
        ValueError: Neither `calls` nor `duration` is given.
    """
    if calls is None and duration is None:
        raise ValueError("Give calls or a duration")
    start = time.perf_counter()
    end = math.inf if duration is None else start + duration
    numbers = itertools.count()
    stop = threading.Event()

    def work(part: ReplayResult) -> None:
        try:
            while not stop.is_set() and time.perf_counter() < end:
                number = next(numbers)
                if calls is not None and number >= calls:
                    break
                _make(call, number, part)
        finally:
            stop.set()

    # A part for each thread: calls that are measured do not wait for a lock.
    parts = [ReplayResult() for _ in range(concurrency)]
    pool = ThreadPoolExecutor(concurrency, thread_name_prefix="replay")
    try:
        workers = [pool.submit(work, part) for part in parts]
        while wait(workers, timeout=_WATCH_SECONDS).not_done:
            if watch:
                watch(sum(part.calls for part in parts))
        for worker in workers:
            worker.result()
    finally:
        stop.set()
        pool.shutdown(wait=False, cancel_futures=True)
    return _sum(parts, seconds=time.perf_counter() - start)


def _make(call: Callable[[int], Answer], number: int, part: ReplayResult) -> None:
    start = time.perf_counter()
    try:
        answer = call(number)
    except TrilhoError as error:
        part.failed += 1
        part.reasons[str(error)] += 1
        return
    part.latencies.append(time.perf_counter() - start)
    part.errors += not answer.right
    if answer.version is not None:
        part.versions[answer.version] += 1


def _sum(parts: Iterable[ReplayResult], *, seconds: float) -> ReplayResult:
    result = ReplayResult(seconds=seconds)
    for part in parts:
        result.failed += part.failed
        result.errors += part.errors
        result.latencies += part.latencies
        result.versions += part.versions
        result.reasons += part.reasons
    result.latencies.sort()
    return result


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
