import io

import pytest
from rich.console import Console

from trilho.cli._rows import RowsProgress


class _Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def said() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def progress(clock: _Clock, said: io.StringIO) -> RowsProgress:
    return RowsProgress(Console(file=said, force_terminal=False, width=200), clock=clock)


def test_without_a_terminal_each_tenth_is_a_line(
    progress: RowsProgress, clock: _Clock, said: io.StringIO
) -> None:
    with progress:
        for done in range(0, 1001, 50):
            progress.update(done, 1000)
            clock.now += 2

    assert said.getvalue().splitlines() == [
        "rows    0/1000",
        *(
            f"rows {done:4}/1000  25 a second  {(1000 - done) // 25} s left"
            for done in range(100, 1000, 100)
        ),
        "rows 1000/1000  25 a second",
    ]


def test_what_takes_no_second_has_two_lines(progress: RowsProgress, said: io.StringIO) -> None:
    with progress:
        for done in (0, 3, 6, 9, 10, 10):
            progress.update(done, 10)

    assert said.getvalue() == "rows  0/10\nrows 10/10\n"


def test_what_is_slow_says_so(progress: RowsProgress, clock: _Clock, said: io.StringIO) -> None:
    with progress:
        for done in range(8):
            progress.update(done, 1000)
            clock.now += 10

    assert said.getvalue().splitlines() == [
        "rows    0/1000",
        "rows    3/1000  0 a second  9970 s left",
        "rows    6/1000  0 a second  9940 s left",
    ]


def test_what_an_earlier_run_did_is_no_speed(
    progress: RowsProgress, clock: _Clock, said: io.StringIO
) -> None:
    with progress:
        progress.update(900, 1000)
        clock.now += 10
        progress.update(1000, 1000)

    assert said.getvalue() == "rows  900/1000\nrows 1000/1000  10 a second\n"
