# The runs are of a model that trains in an instant, without TensorFlow's training.
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from trilho.cli import repeat as command
from trilho.cli.main import main
from trilho.export import manifest


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Takes the place of the processes: writes what each would publish, with a known accuracy."""
    commands: list[list[str]] = []

    def launch(line: list[str], **_: Any) -> None:
        commands.append(line)
        given = dict(word.removeprefix("--").split("=", 1) for word in line if "=" in word)
        seed = int(given["set"].removeprefix("seed="))
        folder = Path(given["export"]) / "mnist" / given["version"]
        folder.mkdir(parents=True)
        (folder / "model").touch()
        figures = {"test_accuracy": 0.9 + seed / 100}
        manifest.write(manifest.build(folder, model="mnist", metrics=figures, training={}), folder)

    monkeypatch.setattr(command, "launch", launch)
    return commands


def _repeat(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["repeat", "mnist", f"--export={folder}", *options])


def test_each_value_is_a_run_and_figures_have_a_mean_and_an_error(
    ran: list[list[str]], tmp_path: Path
) -> None:
    out = tmp_path / "table.json"

    result = _repeat(tmp_path / "runs", "--vary=seed=1,2,6", f"--json={out}", "--steps", "5")

    assert result.exit_code == 0, result.output
    assert [line[-4:] for line in ran] == [
        [f"--version={number}", "--steps", "5", f"--set=seed={seed}"]
        for number, seed in ((1, 1), (2, 2), (3, 6))
    ]
    assert ran[0][:5] == [sys.executable, "-m", "trilho", "train", "mnist"]
    found = json.loads(out.read_text())["figures"]["test_accuracy"]
    # The standard deviation of 1, 2, 6 is sqrt(7), and the mean's error a sqrt(3)-th of it.
    assert found == pytest.approx(
        {"mean": 0.93, "error": (7 / 3) ** 0.5 / 100, "least": 0.91, "greatest": 0.96}, abs=1e-6
    )
    assert "0.9300  0.0153  0.9100    0.9600" in result.output


@pytest.mark.parametrize(
    ("vary", "message"),
    [
        ("seed=1", "expected at least two values"),
        ("seed", "expected at least two values"),
        ("sead=1,2", 'no option "sead"; did you mean "seed"?'),
        ("seed=1,x", "seed is x"),
    ],
)
def test_what_cannot_be_varied_is_told_before_the_first_run(
    vary: str, message: str, ran: list[list[str]], tmp_path: Path
) -> None:
    result = _repeat(tmp_path, f"--vary={vary}")

    assert result.exit_code == 2
    assert message in result.output
    assert not ran
