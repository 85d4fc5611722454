import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from trilho.training.job import Figure as Headline
from trilho.training.job import Job, Predictions
from trilho.training.plots import draw_predictions
from trilho.training.run import _draw

ROWS = 1000


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> dict[str, Axes]:
    """What is saved, by the file's name."""
    kept: dict[str, Axes] = {}
    save = Figure.savefig

    def keep(canvas: Figure, path: Path, **options: Any) -> None:
        (kept[path.stem],) = canvas.axes
        save(canvas, path, **options)

    monkeypatch.setattr(Figure, "savefig", keep)
    return kept


def _calibrated() -> tuple[np.ndarray, np.ndarray]:
    """Class 1 with a probability of 0.2 in one half of the rows, and of 0.7 in the other."""
    scores = np.repeat([0.2, 0.7], ROWS // 2).astype(np.float32)
    labels = np.arange(ROWS) % 10 < 10 * scores.astype(np.float64) - 0.5
    return labels.astype(np.int64), scores


def _texts(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


@pytest.mark.parametrize("columns", [1, 2])
def test_of_two_classes_all_is_about_the_second_one(
    drawn: dict[str, Axes], tmp_path: Path, columns: int
) -> None:
    labels, scores = _calibrated()
    given = scores if columns == 1 else np.stack([1 - scores, scores], axis=1)
    files = draw_predictions(
        Predictions(labels=labels, scores=given, classes=("poor", "rich")), tmp_path / "plots"
    )
    assert [path.name for path in files] == ["roc.png", "confusion_matrix.png", "calibration.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in files)

    legend = drawn["roc"].get_legend()
    assert legend is not None
    # The area: of a rich and a poor one the rich one scores higher in 7 of 9 halves, or is equal.
    (name,) = [text.get_text() for text in legend.get_texts()]
    assert name.startswith("rich (0.7")
    # Those above 0.5 count as rich.
    assert _texts(drawn["confusion_matrix"]) == ["400", "150", "100", "350"]
    _, model = drawn["calibration"].get_lines()
    assert np.asarray(model.get_xdata()).tolist() == pytest.approx([0.2, 0.7], rel=1e-6)
    assert np.asarray(model.get_ydata()).tolist() == pytest.approx([0.2, 0.7], rel=1e-6)


def test_of_more_classes_each_has_a_curve_and_the_likeliest_one_is_calibrated(
    drawn: dict[str, Axes], tmp_path: Path
) -> None:
    # In one half sure of class 0 and always right, in the other half of class 1 and 60 % right.
    labels = np.concatenate([np.zeros(ROWS // 2), np.arange(ROWS // 2) % 5 < 3]).astype(np.int64)
    labels[labels == 0] = np.where(np.arange(np.sum(labels == 0)) < ROWS // 2, 0, 2)
    scores = np.repeat([[0.9, 0.05, 0.05], [0.1, 0.6, 0.3]], ROWS // 2, axis=0)
    draw_predictions(
        Predictions(labels=labels, scores=scores.astype(np.float32), classes=("a", "b", "c")),
        tmp_path,
    )
    legend = drawn["roc"].get_legend()
    assert legend is not None
    assert [text.get_text()[0] for text in legend.get_texts()] == ["a", "b", "c"]
    assert _texts(drawn["confusion_matrix"]) == ["500", "0", "0", "0", "300", "0", "0", "200", "0"]
    _, model = drawn["calibration"].get_lines()
    assert np.asarray(model.get_xdata()).tolist() == pytest.approx([0.6, 0.9], rel=1e-6)
    assert np.asarray(model.get_ydata()).tolist() == pytest.approx([0.6, 1.0], rel=1e-6)


@pytest.mark.parametrize("missing", ["matplotlib", "sklearn"])
def test_where_nothing_draws_a_run_says_so_and_goes_on(
    missing: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in list(sys.modules):
        if name.split(".")[0] == missing or name == "trilho.training.plots":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    job = Job(stages=[], signatures=lambda _: [], headline=Headline(name="test_loss"))
    assert _draw(job, {}, tmp_path) == []
    assert capsys.readouterr().err == f"No plots: {missing} is not installed\n"
