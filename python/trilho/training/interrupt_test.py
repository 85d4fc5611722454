import contextlib
import os
import signal

import pytest

from trilho.training.interrupt import interrupts, terminable

_NUMBERS = [signal.SIGINT, signal.SIGTERM]


def _send(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", _NUMBERS)
def test_the_first_signal_is_noted_and_the_second_one_raises(number: int) -> None:
    seen: list[object] = []
    with pytest.raises(KeyboardInterrupt), interrupts() as interrupted:  # noqa: PT012
        seen.append(interrupted())
        _send(number)
        seen.append(interrupted())
        _send(number)
        seen.append("never")
    assert seen == [False, True]


def test_a_signal_that_nobody_asked_for_is_not_lost() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), interrupts():  # noqa: PT012
        _send(signal.SIGINT)
        done.append("the last step")
    assert done == ["the last step"]


def test_without_a_signal_nothing_is_raised_and_the_handlers_are_back() -> None:
    before = [signal.getsignal(number) for number in _NUMBERS]
    with terminable(), interrupts() as interrupted:
        assert not interrupted()
    assert [signal.getsignal(number) for number in _NUMBERS] == before


def test_sigterm_is_an_interruption() -> None:
    with pytest.raises(KeyboardInterrupt), terminable():
        _send(signal.SIGTERM)


@pytest.mark.parametrize("number", _NUMBERS)
def test_a_signal_that_somebody_has_swallowed_is_raised_before_the_training(number: int) -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), terminable():  # noqa: PT012
        with contextlib.suppress(KeyboardInterrupt):
            _send(number)
        with interrupts():
            done.append("a step")
    assert done == []
    # The next run has nothing of it.
    with terminable(), interrupts() as interrupted:
        assert not interrupted()
