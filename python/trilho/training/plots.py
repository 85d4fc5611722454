"""Plots of a run, as PNG files."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from sklearn.calibration import calibration_curve
from sklearn.metrics import ConfusionMatrixDisplay, RocCurveDisplay, roc_auc_score

from trilho.training.curves import Point
from trilho.training.job import Predictions

__all__ = ["draw_curves", "draw_predictions"]

_SIZE = (6.4, 4.8)
_DPI = 100
_BINS = 10


def draw_curves(points: Sequence[Point], directory: Path, *, stage: str) -> list[Path]:
    """Draws each figure over the steps, a line for each split.

    Args:
        points: See `curves.read`.
        directory: Gets STAGE_FIGURE.png; made if missing.
        stage: The stage's name.

    Returns:
        The files.
    """
    names = list(dict.fromkeys(name for _, _, figures in points for name in figures))
    return [_curve(points, directory / f"{stage}_{name}.png", name) for name in names]


def draw_predictions(predictions: Predictions, directory: Path) -> list[Path]:
    """Draws ROC, confusion matrix and calibration.

    Args:
        predictions: Of the test split.
        directory: Gets roc.png, confusion_matrix.png and calibration.png; made if missing.

    Returns:
        The files; none if a score is not finite, as a drawing of the others would flatter.
    """
    scores = predictions.scores
    if not np.isfinite(scores).all():
        return []
    if scores.ndim == 1:
        scores = np.stack([1 - scores, scores], axis=1)
    labels, classes = predictions.labels, predictions.classes
    return [
        _roc(labels, scores, classes, directory / "roc.png"),
        _confusion(labels, scores, classes, directory / "confusion_matrix.png"),
        _calibration(labels, scores, directory / "calibration.png"),
    ]


def _curve(points: Sequence[Point], path: Path, name: str) -> Path:
    canvas, axes = _canvas()
    for split in ("train", "validation"):
        there = [(step, of[name]) for kind, step, of in points if kind == split and name in of]
        if there:
            axes.plot(*zip(*there, strict=True), label=split)
    axes.set_xlabel("step")
    axes.set_ylabel(name)
    axes.legend()
    return _save(canvas, path)


def _roc(labels: np.ndarray, scores: np.ndarray, classes: Sequence[str], path: Path) -> Path:
    canvas, axes = _canvas()
    # Of two classes the second one's curve says it all.
    shown = range(len(classes)) if len(classes) > 2 else [1]  # noqa: PLR2004
    for index in shown:
        own = labels == index
        if own.any() and not own.all():
            area = roc_auc_score(own, scores[:, index])
            RocCurveDisplay.from_predictions(
                own, scores[:, index], ax=axes, name=f"{classes[index]} ({area:.4f})"
            )
    axes.set_xlabel("false positive rate")
    axes.set_ylabel("true positive rate")
    names = [str(line.get_label()).split(" (AUC")[0] for line in axes.get_lines()]
    axes.legend(names, title="class (area)", fontsize=8, loc="lower right")
    return _save(canvas, path)


def _confusion(labels: np.ndarray, scores: np.ndarray, classes: Sequence[str], path: Path) -> Path:
    canvas, axes = _canvas()
    ConfusionMatrixDisplay.from_predictions(
        labels,
        scores.argmax(axis=1),
        labels=range(len(classes)),
        display_labels=classes,
        cmap="Blues",
        colorbar=False,
        ax=axes,
    )
    axes.set_xlabel("class given")
    axes.set_ylabel("class")
    return _save(canvas, path)


def _calibration(labels: np.ndarray, scores: np.ndarray, path: Path) -> Path:
    """Draws how often the model is right where it says so with some probability.

    Of two classes: how often it is class 1 for the probability of class 1. Of more: how often the
    class of the highest probability is right, as in Guo et al., On Calibration of Modern Neural
    Networks, ICML 2017.
    """
    binary = scores.shape[1] == 2  # noqa: PLR2004
    confidence = scores[:, 1] if binary else scores.max(axis=1)
    happened = labels == 1 if binary else scores.argmax(axis=1) == labels
    canvas, axes = _canvas()
    axes.plot([0, 1], [0, 1], linestyle="--", color="grey", label="perfect")
    share, mean = calibration_curve(
        happened, np.clip(confidence, 0, 1), n_bins=_BINS, strategy="quantile"
    )
    axes.plot(mean, share, marker="o", label="model")
    axes.set_xlabel("probability given")
    axes.set_ylabel("share that came true")
    axes.legend()
    return _save(canvas, path)


def _canvas() -> tuple[Canvas, Axes]:
    # Not pyplot, which keeps figures and may look for a display.
    canvas = Canvas(figsize=_SIZE, layout="constrained")
    return canvas, canvas.add_subplot()


def _save(canvas: Canvas, path: Path) -> Path:
    (axes,) = canvas.axes
    axes.set_title(path.stem.replace("_", " "))
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas.savefig(path, dpi=_DPI)
    return path
