"""Showing how many rows of how many are done."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

__all__ = ["RowsProgress"]

_LINES = 10
# Seconds after which a line comes even if there is no tenth more, and before which there is none.
_LATEST, _SOONEST = 30.0, 1.0


class RowsProgress:
    """Shows a bar on a terminal, and lines elsewhere: at the start, the end, and each tenth."""

    def __init__(
        self, console: Console | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Prepares to show.

        Args:
            console: Where to; standard error by default.
            clock: Seconds, for tests.
        """
        self._console = console or Console(stderr=True, highlight=False)
        self._clock = clock
        self._bar = Progress(
            TextColumn("rows"),
            MofNCompleteColumn(),
            BarColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("")
        self._first: int | None = None
        self._shown = 0
        self._started = self._last = clock()

    def __enter__(self) -> Self:
        """Begins to show."""
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leaves what is shown as it is."""
        self._bar.stop()

    def update(self, done: int, total: int) -> None:
        """Shows that so many rows of so many are done."""
        self._bar.update(self._task, completed=done, total=total)
        if self._console.is_terminal:
            return
        now = self._clock()
        if self._first is None:
            self._first, self._started = done, now
        elif done < total:
            tenth = done * _LINES // total > self._shown * _LINES // total
            since = now - self._last
            if not (tenth and since >= _SOONEST) and since < _LATEST:
                return
        elif self._shown == total:
            return
        self._shown, self._last = done, now
        line = f"rows {done:{len(str(total))}}/{total}"
        passed, new = now - self._started, done - self._first
        if new and passed > 0:
            line += f"  {new / passed:.0f} a second"
            if done < total:
                line += f"  {passed / new * (total - done):.0f} s left"
        self._console.print(line, soft_wrap=True, markup=False)
