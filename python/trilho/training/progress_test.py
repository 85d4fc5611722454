import io

from rich.console import Console

from trilho.training.progress import ProgressReporter


def _figures(loss: float, accuracy: float) -> dict[str, float]:
    return {"loss": loss, "accuracy": accuracy}


def _run(*, steps: int, terminal: bool, first: int = 0, name: str = "") -> str:
    out = io.StringIO()
    reporter = ProgressReporter(Console(file=out, force_terminal=terminal, width=100))
    reporter.start(steps=steps, first=first, name=name)
    for step in range(first + 1, steps + 1):
        reporter.train(step, _figures(0.5, 0.75))
    reporter.validation(steps, _figures(0.25, 0.875))
    reporter.stop()
    return out.getvalue()


def test_a_file_gets_a_line_each_tenth() -> None:
    lines = _run(steps=200, terminal=False).splitlines()
    assert len(lines) == 11
    assert lines[0].startswith("step  20/200  loss 0.5000  accuracy 0.7500  ")
    assert lines[9] == "step 200/200  loss 0.5000  accuracy 0.7500  0 s left"
    assert lines[10] == "step 200/200  validation  loss 0.2500  accuracy 0.8750"


def test_a_short_run_gets_a_line_each_step() -> None:
    assert len(_run(steps=3, terminal=False).splitlines()) == 4


def test_a_resumed_run_says_so_and_counts_on() -> None:
    lines = _run(steps=200, first=100, terminal=False).splitlines()
    assert lines[0] == "resumed after step 100/200"
    assert lines[1].startswith("step 120/200")


def test_a_terminal_gets_a_bar() -> None:
    shown = _run(steps=200, terminal=True)
    assert "200/200" in shown
    assert "loss 0.5000  accuracy 0.7500" in shown
    assert "s left" not in shown


def test_one_of_several_runs_is_named_in_each_line() -> None:
    lines = _run(steps=200, first=100, terminal=False, name="ranker").splitlines()
    assert lines[0] == "ranker  resumed after step 100/200"
    assert lines[1].startswith("ranker  step 120/200  loss ")
    assert lines[-1].startswith("ranker  step 200/200  validation  ")


def test_one_of_several_runs_is_named_at_the_bar() -> None:
    assert "ranker  step" in _run(steps=200, terminal=True, name="ranker")


def test_an_early_end_is_told() -> None:
    out = io.StringIO()
    reporter = ProgressReporter(Console(file=out, width=100))
    reporter.start(steps=200, first=0)
    reporter.early(80, best=50)
    reporter.stop()
    assert out.getvalue() == "step  80/200  stopped early, as step 50 was the best\n"
