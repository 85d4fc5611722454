import math
import time

import pytest

from trilho.cli._replay import Answer, AnswerError, ReplayResult, replay


def _call(number: int) -> Answer:
    if number % 5 == 4:
        raise AnswerError("no sense")
    return Answer(right=number % 5 != 0, version=1 + number % 2)


def test_answers_and_failures_are_counted_apart() -> None:
    result = replay(_call, calls=10, concurrency=3)
    assert (result.calls, result.answered, result.failed, result.errors) == (10, 8, 2, 2)
    assert result.error_rate == 0.25
    assert result.reasons == {"no sense": 2}
    assert result.versions == {1: 4, 2: 4}
    assert result.latencies == sorted(result.latencies)


def test_percentiles_are_real_latencies() -> None:
    result = ReplayResult(latencies=[n / 1000 for n in range(1, 101)])
    assert result.millis(0.5) == 50
    assert result.millis(0.99) == 99
    assert result.millis(1) == 100
    assert ReplayResult(latencies=[0.003]).millis(0.5) == 3


def test_nothing_answered_is_nan_and_null() -> None:
    result = ReplayResult(failed=1, seconds=1)
    assert math.isnan(result.error_rate)
    assert result.as_dict()["error_rate"] is None
    assert result.as_dict()["p50_ms"] is None
    assert result.as_dict()["calls_per_second"] == 1


def test_a_duration_ends_the_calls() -> None:
    def call(_: int) -> Answer:
        time.sleep(0.01)
        return Answer(right=True, version=None)

    seen: list[int] = []
    result = replay(call, calls=None, concurrency=2, duration=0.5, watch=seen.append)
    assert 2 <= result.calls <= 102
    assert seen == sorted(seen)
    assert seen[-1] > 0
    assert replay(call, calls=3, concurrency=2, duration=60).calls == 3


def test_without_an_end_nothing_is_started() -> None:
    with pytest.raises(ValueError, match="calls or a duration"):
        replay(_call, calls=None, concurrency=1)


def test_a_bug_in_a_call_ends_all() -> None:
    def crash(number: int) -> Answer:
        if number == 3:
            raise KeyError("bug")
        return Answer(right=True, version=None)

    with pytest.raises(KeyError, match="bug"):
        replay(crash, calls=None, concurrency=2, duration=60)
