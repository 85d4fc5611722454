"""Ctrl-C and SIGTERM that wait for the end of a step."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

__all__ = ["interrupts", "terminable"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# By `terminable`. Of the whole process, as its signals are.
_raised = threading.Event()

_Handler = Callable[[int, FrameType | None], object]


@contextlib.contextmanager
def interrupts() -> Iterator[Callable[[], bool]]:
    """Notes the first SIGINT or SIGTERM; the second one raises KeyboardInterrupt.

    Yields:
        Tells whether there was one. Outside of the main thread, which alone gets signals, it never
        says so.

    Raises:
        KeyboardInterrupt: At the end, if there was one and nobody asked any more; at the beginning,
            if there was one in the `terminable` around it, which then has not ended.
    """
    if _raised.is_set():
        raise KeyboardInterrupt
    noted = False

    def note(_: int, __: FrameType | None) -> None:
        nonlocal noted
        if noted:
            raise KeyboardInterrupt
        noted = True

    with _handled(_SIGNALS, note):
        yield lambda: noted
    if noted:
        raise KeyboardInterrupt


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Makes SIGTERM raise KeyboardInterrupt, as SIGINT does, so that nothing half-done stays.

    C code that has called Python may print the exception and go on, as tf.data's does: then the
    next `interrupts` raises it again.
    """
    _raised.clear()

    def interrupt(_: int, __: FrameType | None) -> None:
        _raised.set()
        raise KeyboardInterrupt

    with _handled(_SIGNALS, interrupt):
        yield


@contextlib.contextmanager
def _handled(numbers: tuple[signal.Signals, ...], handler: _Handler) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
