import io
from types import SimpleNamespace
from typing import Any

from rich.console import Console

from trilho.training.progress import ProgressReporter


def _metrics(loss: float, accuracy: float) -> Any:
    # Not Metrics itself: its module loads TensorFlow.
    return SimpleNamespace(loss=loss, accuracy=accuracy)


def _run(*, steps: int, terminal: bool) -> str:
    out = io.StringIO()
    reporter = ProgressReporter(Console(file=out, force_terminal=terminal, width=100))
    reporter.start(steps=steps)
    for step in range(1, steps + 1):
        reporter.train(step, _metrics(0.5, 0.75))
    reporter.validation(steps // 2, _metrics(9, 0))
    reporter.validation(steps, _metrics(0.25, 0.875))
    reporter.stop()
    return out.getvalue()


def test_a_file_gets_a_line_each_tenth() -> None:
    lines = _run(steps=200, terminal=False).splitlines()
    assert len(lines) == 11
    assert lines[0].startswith("step  20/200  loss 0.5000  accuracy 0.7500  ")
    assert lines[9] == "step 200/200  loss 0.5000  accuracy 0.7500  0 s left"
    assert lines[10] == "validation  loss 0.2500  accuracy 0.8750"


def test_a_short_run_gets_a_line_each_step() -> None:
    assert len(_run(steps=3, terminal=False).splitlines()) == 4


def test_a_terminal_gets_a_bar() -> None:
    shown = _run(steps=200, terminal=True)
    assert "200/200" in shown
    assert "loss 0.5000  accuracy 0.7500" in shown
    assert "s left" not in shown
