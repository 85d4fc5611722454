import math

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
