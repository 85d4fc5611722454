"""Ctrl-C that waits for the end of a step."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

__all__ = ["interrupts"]


@contextlib.contextmanager
def interrupts() -> Iterator[Callable[[], bool]]:
    """Notes the first SIGINT instead of raising KeyboardInterrupt; the second one raises it.

    Yields:
        Tells whether there was one. Outside of the main thread, which alone gets signals, it never
        says so.
    """
    noted = False

    def note(_: int, __: FrameType | None) -> None:
        nonlocal noted
        if noted:
            raise KeyboardInterrupt
        noted = True

    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    before = signal.signal(signal.SIGINT, note)
    try:
        yield lambda: noted
    finally:
        signal.signal(signal.SIGINT, before)
