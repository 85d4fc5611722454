"""Making many calls at a time, and what came of them."""

import math
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from trilho.errors import TrilhoError

__all__ = ["Answer", "AnswerError", "ReplayResult", "replay"]


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


def replay(call: Callable[[int], Answer], *, calls: int, concurrency: int) -> ReplayResult:
    """Makes calls, `concurrency` at a time.

    Args:
        call: Takes a call's number, from 0, and makes it; raises a TrilhoError if it fails.
        calls: How many.
        concurrency: How many at a time.

    Returns:
        What came of them.
    """

    def timed(number: int) -> tuple[Answer | TrilhoError, float]:
        start = time.perf_counter()
        try:
            answer = call(number)
        except TrilhoError as error:
            return error, 0
        return answer, time.perf_counter() - start

    result = ReplayResult()
    start = time.perf_counter()
    with ThreadPoolExecutor(concurrency, thread_name_prefix="replay") as pool:
        for answer, seconds in pool.map(timed, range(calls)):
            if isinstance(answer, TrilhoError):
                result.failed += 1
                result.reasons[str(answer)] += 1
                continue
            result.errors += not answer.right
            result.latencies.append(seconds)
            if answer.version is not None:
                result.versions[answer.version] += 1
    result.seconds = time.perf_counter() - start
    result.latencies.sort()
    return result


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
