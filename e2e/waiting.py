"""Waiting for something to become true."""

import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["PATIENCE_SECONDS", "wait_for"]

# How long anything may take on a busy machine before a test gives up on it.
PATIENCE_SECONDS = 60.0

_PERIOD_SECONDS = 0.02

T = TypeVar("T")


def wait_for(what: str, probe: Callable[[], T | None], *, timeout: float = PATIENCE_SECONDS) -> T:
    """Asks again and again until the answer is neither None nor False.

    Args:
        what: What is waited for, for the message when it does not come.
        probe: Asked each time.
        timeout: Seconds.

    Returns:
        The answer.

    Raises:
        TimeoutError: It did not come.
    """
    deadline = time.monotonic() + timeout
    while True:
        answer = probe()
        if answer is not None and answer is not False:
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout:g} s in vain: {what}; last answer: {answer}")
        time.sleep(_PERIOD_SECONDS)
