from pathlib import Path

import keras
import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

from trilho.errors import TrilhoError
from trilho.evaluation import figures
from trilho.evaluation.asking import EvaluationError
from trilho.evaluation.comparing import (
    check_data,
    compare,
    data_hint,
    trained_manifest,
    trained_options,
)
from trilho.evaluation.evaluation import Evaluation, in_batches
from trilho.export import manifest
from trilho.manifest_pb2 import DataSplit, Manifest
from trilho.models.census.config import CensusConfig
from trilho.models.mnist.config import MnistConfig
from trilho.training.overrides import resolve


def _publish(folder: Path, *, model: str = "mnist", training: dict[str, str] | None = None) -> None:
    folder.mkdir(parents=True)
    made = manifest.build(
        folder, model=model, metrics={"test_accuracy": 0.9}, training=training or {}
    )
    manifest.write(made, folder)


def test_a_split_is_cut_into_calls_in_its_order() -> None:
    first, last = in_batches({"x": np.arange(5), "y": np.arange(5) * 2}, rows=3, signature="rate")

    assert (first.rows, last.rows) == (3, 2)
    assert first.inputs["x"].tolist() == [0, 1, 2]
    assert last.inputs["y"].tolist() == [6, 8]
    assert last.signature == "rate"


def test_figures_are_those_of_keras() -> None:
    generator = np.random.default_rng(1)
    logits = generator.normal(size=(500, 4)).astype(np.float32)
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = generator.integers(0, 4, 500)
    scores[0] = [0, 0, 0, 1]

    own = keras.metrics.SparseCategoricalAccuracy()
    own.update_state(labels, scores)
    assert figures.accuracy(labels, scores) == pytest.approx(float(own.result()))
    loss = keras.losses.SparseCategoricalCrossentropy()(labels, scores)
    assert figures.cross_entropy(labels, scores) == pytest.approx(float(loss), abs=1e-5)


def test_the_area_under_the_curve_counts_ties_half() -> None:
    labels = np.array([0, 1, 0, 1])
    assert figures.auc(labels, np.array([0.1, 0.9, 0.2, 0.8], np.float32)) == 1
    assert figures.auc(labels, np.array([0.5, 0.5, 0.5, 0.5], np.float32)) == 0.5
    assert np.isnan(figures.auc(np.zeros(4), np.array([0.1, 0.9, 0.2, 0.8], np.float32)))


def test_figures_are_those_of_scikit_learn() -> None:
    random = np.random.default_rng(3)
    labels = random.integers(0, 3, 500)
    # Rounded, so that many are equal.
    scores = random.dirichlet([1, 1, 1], 500).round(2).astype(np.float32)
    likely = np.clip(scores.astype(np.float64), 1e-7, 1)
    likely /= likely.sum(axis=1, keepdims=True)

    assert figures.accuracy(labels, scores) == accuracy_score(labels, scores.argmax(axis=1))
    assert figures.cross_entropy(labels, scores) == pytest.approx(log_loss(labels, likely))
    area = roc_auc_score(labels == 1, scores[:, 1])
    assert figures.auc(labels == 1, scores[:, 1]) == pytest.approx(area, abs=1e-12)


@pytest.mark.parametrize("score", [np.nan, np.inf])
def test_of_scores_that_are_not_finite_no_figure_is_good(score: float) -> None:
    # NumPy takes NaN for the greatest, so that all of these rows would be right.
    labels, scores = np.array([0, 1]), np.array([[score, 0.1], [0.1, 0.9]], np.float32)
    assert np.isnan(figures.accuracy(labels, scores))
    assert np.isnan(figures.cross_entropy(labels, scores))
    assert np.isnan(figures.auc(labels, scores[:, 0]))


@pytest.mark.parametrize(("served", "trained"), [(np.nan, 0.9), (np.nan, np.nan), (0.9, np.nan)])
def test_what_is_not_finite_is_equal_to_nothing(served: float, trained: float) -> None:
    (row,) = compare({"test_auc": served}, {"test_auc": trained}, tolerance=1)
    assert not row.equal


def test_figures_are_equal_within_a_tolerance() -> None:
    trained = {"test_accuracy": 0.9, "test_loss": 0.3, "validation_loss": 0.2}
    accuracy, loss = compare({"test_accuracy": 0.90005, "test_loss": 0.31}, trained, tolerance=1e-4)

    assert accuracy.equal
    assert not loss.equal
    assert loss.trained == 0.3


def test_without_a_manifest_nothing_is_compared() -> None:
    (row,) = compare({"test_accuracy": 0.1}, {}, tolerance=0)
    assert row.equal
    assert row.trained is None


def test_a_figure_that_the_trainer_does_not_know_is_named() -> None:
    with pytest.raises(EvaluationError, match="has no test_auc; it has test_accuracy"):
        compare({"test_auc": 0.9}, {"test_accuracy": 0.9}, tolerance=1e-4)


def test_the_served_versions_manifest_is_found(tmp_path: Path) -> None:
    for version in (1, 2):
        _publish(tmp_path / "mnist" / str(version), training={"version": str(version)})

    for folder in (tmp_path / "mnist", tmp_path / "mnist" / "2"):
        found = trained_manifest(folder, model="mnist", version=2)
        assert found.training["version"] == "2"


def _evaluation(test: DataSplit | None) -> Evaluation:
    return Evaluation(questions=[], figures=lambda _: {}, test=test)


def test_figures_of_other_rows_are_not_compared() -> None:
    rows, others = DataSplit(rows=2, sha256="ab" * 32), DataSplit(rows=2, sha256="cd" * 32)
    # Whatever it was trained with.
    made = Manifest(splits={"test": rows, "train": others})

    check_data(made, _evaluation(rows))
    with pytest.raises(
        EvaluationError, match=r"other rows .*; test: 2 rows \(SHA-256 ababab.* 2 rows .*cdcdcd"
    ):
        check_data(made, _evaluation(others))
    for known, asked in ((Manifest(), rows), (made, None)):
        check_data(known, _evaluation(asked))


def test_where_nobody_knows_the_rows_the_places_are_told() -> None:
    made = Manifest(training={"data": "people.parquet"})
    assert data_hint(made, None).endswith("only that --data was people.parquet, and now is default")
    made.splits["test"].rows = 2
    assert data_hint(made, None) == ""


def test_another_versions_or_models_manifest_is_refused(tmp_path: Path) -> None:
    for version in (1, 2):
        _publish(tmp_path / "mnist" / str(version))

    with pytest.raises(EvaluationError, match="is version 1, and the server answers with"):
        trained_manifest(tmp_path / "mnist" / "1", model="mnist", version=2)
    with pytest.raises(EvaluationError, match=r"no version 8, .* published as this, e\.g\. .*/2$"):
        trained_manifest(tmp_path / "mnist", model="mnist", version=8)
    # A version that was published under another number.
    assert trained_manifest(tmp_path / "mnist" / "1", model="mnist", version=8).model == "mnist"
    with pytest.raises(TrilhoError, match=r"3/manifest\.json"):
        trained_manifest(tmp_path / "nowhere", model="mnist", version=3)
    with pytest.raises(EvaluationError, match='a version of "mnist", not of "census"'):
        trained_manifest(tmp_path / "mnist", model="census", version=1)


@pytest.mark.parametrize(
    "config", [MnistConfig(seed=7, dropout=0.25), CensusConfig(hidden=(64, 32), compare=True)]
)
def test_options_come_back_out_of_a_manifest(
    config: MnistConfig | CensusConfig, tmp_path: Path
) -> None:
    kept = {**config.as_strings(), "headline": "test_accuracy"}
    _publish(tmp_path / "1", training=kept)

    values = trained_options(manifest.read(tmp_path / "1"), type(config))
    assert "headline" not in values
    assert resolve(type(config), values) == config
