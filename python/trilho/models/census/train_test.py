import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from rich.console import Console

from trilho.convert.conversion import convert
from trilho.convert.engines import LocalEngine
from trilho.data import census
from trilho.data.cache import DataError
from trilho.errors import TrilhoError
from trilho.evaluation.asking import EvaluationError
from trilho.evaluation.comparing import check_data
from trilho.export import manifest
from trilho.export.publishing import publish
from trilho.export.stores import FolderStore
from trilho.export.versions import ExportError
from trilho.models.census import data, preprocessing
from trilho.models.census.compare import compare
from trilho.models.census.config import RECIPE, CensusConfig
from trilho.models.census.reading import digest_of, read
from trilho.training import run
from trilho.training.leftovers import TrainError
from trilho.training.progress import ProgressReporter

_TEST_ROWS = 300
_CONFIG = CensusConfig(
    steps=150,
    batch_size=32,
    learning_rate=0.01,
    hidden=(16,),
    cross_bins=50,
    test_rows=_TEST_ROWS,
    validation_size=200,
)


def _people(size: int) -> dict[str, Any]:
    """Made people in the file's format: who is married and studied long, or neither, earns much."""
    random = np.random.default_rng(0)
    years = random.integers(1, 17, size)
    married = random.random(size) < 0.5
    much = married == (years > 8)
    return {
        "age": random.integers(17, 91, size),
        "workclass": random.choice(["Private", "Local-gov", "?"], size),
        "fnlwgt": random.integers(1, 10**6, size),
        "education": [f"{number} years" for number in years],
        "educational-num": years,
        "marital-status": np.where(married, "Married", "Never-married"),
        "occupation": random.choice(["Sales", "Tech-support", "?"], size),
        "relationship": random.choice(["Husband", "Wife", "Unmarried"], size),
        "race": random.choice(["White", "Black"], size),
        "gender": random.choice(["Male", "Female"], size),
        "capital-gain": random.choice([0, 0, 0, 7688], size),
        "capital-loss": np.zeros(size, np.int64),
        "hours-per-week": random.integers(1, 99, size),
        "native-country": random.choice(["Peru", "United-States"], size),
        "income": np.where(much, ">50K", "<=50K"),
    }


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    pq.write_table(pa.table(_people(1300)), folder / census.FILE, compression="brotli")
    return folder


def _train(
    source: Path | str, folder: Path, config: CensusConfig = _CONFIG, *, resume: bool = False
) -> run.TrainResult:
    with (folder / "output").open("a") as output:
        return run.train(
            RECIPE,
            config,
            source=str(source),
            export_dir=folder / "models",
            logs_dir=folder / "logs",
            resume=resume,
            reporter=ProgressReporter(Console(file=output)),
        )


@pytest.fixture(scope="module")
def trained(source: Path, tmp_path_factory: pytest.TempPathFactory) -> run.TrainResult:
    return _train(source, tmp_path_factory.mktemp("trained"))


@pytest.fixture(scope="module")
def signatures(trained: run.TrainResult) -> Any:
    return tf.saved_model.load(str(trained.folder)).signatures


@pytest.fixture(scope="module")
def person(source: Path) -> dict[str, Any]:
    """A married one with 16 years of education."""
    people = census.load(source, test_rows=_TEST_ROWS).test.fields
    married = people["marital_status"] == "Married"
    (row, *_) = np.flatnonzero(married & (people["education_num"] == 16))
    return {name: column[row] for name, column in people.items()}


def _ask(signatures: Any, *people: dict[str, Any]) -> dict[str, Any]:
    rows = {name: tf.constant([person[name] for person in people]) for name in people[0]}
    answer = signatures["serving_default"](**rows)
    return {name: tensor.numpy() for name, tensor in answer.items()}


def _example(person: dict[str, Any]) -> bytes:
    def feature(value: Any) -> tf.train.Feature:
        if isinstance(value, str):
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value.encode()]))
        return tf.train.Feature(float_list=tf.train.FloatList(value=[value]))

    features = {name: feature(value) for name, value in person.items()}
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return bytes(example.SerializeToString())


def test_it_learns(trained: run.TrainResult) -> None:
    assert trained.metrics["test_accuracy"] > 0.95
    assert trained.metrics["test_auc"] > 0.99
    assert trained.metrics["validation_auc"] > 0.99
    written = json.loads((trained.logs / "metrics.json").read_text())
    assert written["test_auc"] == trained.metrics["test_auc"]


def test_one_seed_gives_one_result(trained: run.TrainResult, source: Path, tmp_path: Path) -> None:
    again = _train(source, tmp_path)
    assert again.metrics == trained.metrics
    other = _train(source, tmp_path, dataclasses.replace(_CONFIG, seed=2))
    assert other.metrics["test_loss"] != trained.metrics["test_loss"]


def test_a_person_is_answered_by_probability_and_class(
    signatures: Any, person: dict[str, Any]
) -> None:
    single = {**person, "marital_status": "Never-married"}
    answer = _ask(signatures, person, single)
    assert answer["class"].tolist() == [b">50K", b"<=50K"]
    assert answer["probability"].dtype == np.float32
    assert answer["probability"].shape == (2,)
    assert answer["probability"][0] > 0.8
    assert answer["probability"][1] < 0.2


def test_examples_get_the_same_answers(signatures: Any, person: dict[str, Any]) -> None:
    single = {**person, "marital_status": "Never-married"}
    probability = _ask(signatures, person, single)["probability"]
    examples = tf.constant([_example(person), _example(single)])
    classified = signatures["classify"](inputs=examples)
    assert classified["classes"].numpy().tolist() == [[b"<=50K", b">50K"]] * 2
    scores = classified["scores"].numpy()
    np.testing.assert_allclose(scores[:, 1], probability, rtol=1e-5)
    np.testing.assert_allclose(scores.sum(axis=1), 1, rtol=1e-5)
    outputs = signatures["regress"](inputs=examples)["outputs"]
    np.testing.assert_allclose(outputs, probability, rtol=1e-5)


def test_an_example_may_lack_a_string_but_no_number(
    signatures: Any, person: dict[str, Any]
) -> None:
    unknown = {**person, "workclass": ""}
    without = {name: value for name, value in person.items() if name != "workclass"}
    outputs = signatures["regress"](inputs=tf.constant([_example(unknown), _example(without)]))
    assert outputs["outputs"].numpy()[0] == pytest.approx(outputs["outputs"].numpy()[1])
    without = {name: value for name, value in person.items() if name != "age"}
    with pytest.raises(tf.errors.InvalidArgumentError, match="age"):
        signatures["regress"](inputs=tf.constant([_example(without)]))


def test_strings_never_seen_are_all_unknown(signatures: Any, person: dict[str, Any]) -> None:
    answers = _ask(signatures, *({**person, "race": race} for race in ("", "?", "Martian")))
    assert len(set(answers["probability"].tolist())) == 1


def test_numbers_beyond_all_that_was_seen_are_the_most_extreme_that_were(
    signatures: Any, person: dict[str, Any]
) -> None:
    people = [{**person, "age": np.float32(age)} for age in (90, 130, 1e30)]
    assert len(set(_ask(signatures, *people)["probability"].tolist())) == 1


def test_method_names_are_tf_serving_s(trained: run.TrainResult) -> None:
    from tensorflow.core.protobuf import saved_model_pb2  # noqa: PLC0415 - no part of tf

    content = (trained.folder / "saved_model.pb").read_bytes()
    found = saved_model_pb2.SavedModel.FromString(content).meta_graphs[0].signature_def
    names = {name: one.method_name for name, one in found.items() if not name.startswith("__")}
    assert names == {
        "serving_default": "tensorflow/serving/predict",
        "classify": "tensorflow/serving/classify",
        "regress": "tensorflow/serving/regress",
    }


@pytest.fixture(scope="module")
def tables(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The same rows as Parquet in two files, and as TFRecord in three."""
    folder = tmp_path_factory.mktemp("tables")
    people = pq.read_table(source / census.FILE)
    (folder / "parquet").mkdir()
    pq.write_table(people.slice(0, 500), folder / "parquet" / "1.parquet", row_group_size=90)
    pq.write_table(people.slice(500), folder / "parquet" / "2.parquet")
    records = str(folder / "records")
    convert(str(folder / "parquet"), records, engine=LocalEngine(1), shard_count=3)
    return {"Parquet": f"{folder}/parquet/?.parquet", "TFRecord": records}


@pytest.mark.parametrize("kind", ["Parquet", "TFRecord"])
def test_the_same_rows_give_the_same_metrics_wherever_they_are(
    trained: run.TrainResult, tables: dict[str, str], tmp_path: Path, kind: str
) -> None:
    other = _train(RECIPE.fetch(tables[kind]), tmp_path)

    assert other.metrics == trained.metrics
    names = [folder / "metrics.json" for folder in (other.logs, trained.logs)]
    assert names[0].read_bytes() == names[1].read_bytes()
    # So that versions of both are compared, and each is evaluated with either.
    splits = dict(manifest.read(trained.folder).splits)
    assert {name: split.rows for name, split in splits.items()} == {
        "train": 800,
        "validation": 200,
        "test": 300,
    }
    assert dict(manifest.read(other.folder).splits) == splits
    asked = RECIPE.prepare_evaluation(_CONFIG, tables[kind], rows=100)
    assert asked.test == splits["test"]


def test_other_rows_behind_the_same_path_are_told(source: Path, tmp_path: Path) -> None:
    copy = tmp_path / "data"
    copy.mkdir()
    people = pq.read_table(source / census.FILE)
    pq.write_table(people, copy / census.FILE)
    config = dataclasses.replace(_CONFIG, steps=5, validations=1)
    first = _train(copy, tmp_path, config)
    publish(first.folder, FolderStore(tmp_path / "live"))

    # As many people, of whom one has grown older.
    older = pc.add(people["age"], pa.array([0] * 299 + [1] + [0] * 1000))
    pq.write_table(people.set_column(0, "age", older), copy / census.FILE)

    with pytest.raises(TrainError, match=r"of other data, which was and is: test: 300 rows \(SHA"):
        _train(copy, tmp_path, config, resume=True)
    second = _train(copy, tmp_path, config)
    with pytest.raises(ExportError, match="auc was measured on other rows; test: 300 rows"):
        publish(second.folder, FolderStore(tmp_path / "live"))
    asked = RECIPE.prepare_evaluation(config, str(copy), rows=100)
    with pytest.raises(EvaluationError, match="was measured on other rows than would be asked now"):
        check_data(manifest.read(first.folder), asked)
    check_data(manifest.read(second.folder), asked)


def test_a_number_that_is_not_finite_is_named_before_the_training(
    source: Path, tmp_path: Path
) -> None:
    people = pq.read_table(source / census.FILE)
    hours = people["hours-per-week"].to_numpy().astype(float)
    hours[1007] = np.nan
    place = people.column_names.index("hours-per-week")
    broken = people.set_column(place, "hours-per-week", pa.array(hours))
    pq.write_table(broken, tmp_path / census.FILE)
    pq.write_table(broken, tmp_path / "people.parquet")

    message = "column hours-per-week, row 1007: expected a finite number, found nan"
    for name in ("", "people.parquet"):
        with pytest.raises(TrilhoError, match=message):
            RECIPE.prepare(_CONFIG, str(tmp_path / name))


def test_a_table_must_be_of_people(source: Path, tmp_path: Path) -> None:
    people = pq.read_table(source / census.FILE)
    nobody = people.drop_columns(["age"])
    pq.write_table(nobody, tmp_path / "nobody")
    unknown = people.set_column(0, "age", pa.array([None] * len(people), pa.int64()))
    pq.write_table(unknown, tmp_path / "unknown")
    texts = people.set_column(0, "age", pa.array(["old"] * len(people)))
    pq.write_table(texts, tmp_path / "texts")

    for name, message in [
        ("missing", "missing: no such file or folder"),
        ("nobody", "nobody: has no column age; columns are workclass"),
        ("unknown", "column age has missing values"),
        ("texts", "expected a number in each row of age, found string"),
    ]:
        with pytest.raises(TrilhoError, match=message):
            RECIPE.prepare(_CONFIG, RECIPE.fetch(str(tmp_path / name)))
    config = dataclasses.replace(_CONFIG, test_rows=1300)
    with pytest.raises(DataError, match="expected more than 1300 rows, found 1300"):
        RECIPE.prepare(config, str(source))


def test_only_what_nobody_names_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched: list[Path] = []

    def fetch(folder: Path) -> Path:
        fetched.append(folder)
        return folder

    monkeypatch.setattr(census, "fetch", fetch)
    monkeypatch.setenv("TRILHO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "empty").mkdir()

    assert RECIPE.fetch(None) == str(tmp_path / "cache" / "census")
    with pytest.raises(DataError, match=r"is empty; expected adult.*; without --data it is fetch"):
        RECIPE.fetch(str(tmp_path / "empty"))
    assert not list((tmp_path / "empty").iterdir())
    for table in (str(tmp_path), f"{tmp_path}/*.parquet", "hdfs:///people"):
        assert RECIPE.fetch(table) == table
    assert fetched == [tmp_path / "cache" / "census"]


def test_categories_and_crosses_are_numbered_apart(source: Path) -> None:
    people = census.load(source, test_rows=_TEST_ROWS).train
    statistics = preprocessing.measure(people)
    rows = data.Rows.of(people, preprocessing.build(statistics, cross_bins=50))
    ends = np.cumsum(statistics.sizes)
    categories, crosses = rows.inputs["categories"], rows.inputs["crosses"]
    assert (categories < ends).all()
    assert (categories >= ends - statistics.sizes).all()
    assert (crosses // 50 == np.arange(len(preprocessing.CROSSES))).all()
    # The unknown category of workclass is its first.
    np.testing.assert_array_equal(categories[:, 0] == 0, people.fields["workclass"] == "?")
    assert "?" not in statistics.vocabularies["workclass"]


def test_too_few_people_are_refused(source: Path) -> None:
    config = dataclasses.replace(_CONFIG, validation_size=990)
    with pytest.raises(DataError, match="1000 people are too few for 990 to validate with"):
        RECIPE.prepare(config, str(source))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden": ()}, "hidden must be one or more numbers above 0"),
        ({"unknown": 1.0}, "unknown must be at least 0 and less than 1"),
        ({"weight_decay": -1}, "weight_decay must be at least 0, not -1"),
        ({"cross_bins": 0}, "cross_bins must be more than 0"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CensusConfig(**options)


def test_others_are_measured_with_the_same_rows(source: Path) -> None:
    people = census.load(source, test_rows=_TEST_ROWS)
    train, validation = data.held_back(people, validation_size=200, batch_size=32)
    linear, boosted = compare(train, validation, people.test, seed=1)
    assert (linear.name, boosted.name) == ("logistic_regression", "gradient_boosting")
    # Neither field says anything alone, so a sum cannot know.
    assert linear.accuracy < 0.7
    assert boosted.accuracy > 0.95
    assert boosted.auc > 0.99
    assert boosted.validation_auc > 0.99
    # Of no use: the entropy of a coin.
    assert boosted.loss < 0.2
    assert 0.65 < linear.loss < 0.8


def test_another_split_has_the_same_people_in_other_parts(source: Path) -> None:
    first = read(str(source), test_rows=_TEST_ROWS)
    other, again = (read(str(source), test_rows=_TEST_ROWS, split_seed=2) for _ in range(2))

    def people(part: census.Census) -> list[float]:
        fields = (part.test.fields, part.train.fields)
        weights = [one["age"] * 100 + one["hours_per_week"] for one in fields]
        return sorted(np.concatenate(weights).tolist())

    assert (len(other.test), len(other.train)) == (_TEST_ROWS, 1000)
    assert people(other) == people(first)
    assert digest_of(other.test) == digest_of(again.test) != digest_of(first.test)
    config = dataclasses.replace(_CONFIG, split_seed=2)
    assert RECIPE.prepare_evaluation(config, str(source), rows=99).test == digest_of(other.test)


def test_a_run_that_compares_reports_the_others_and_every_run_is_drawn(
    source: Path, tmp_path: Path
) -> None:
    config = dataclasses.replace(_CONFIG, steps=20, validations=1, compare=True)
    result = _train(source, tmp_path, config)
    others = {name: value for name, value in result.metrics.items() if name[0] in "lg"}
    assert sorted(others) == [
        "gradient_boosting_test_accuracy",
        "gradient_boosting_test_auc",
        "gradient_boosting_test_loss",
        "gradient_boosting_validation_auc",
        "logistic_regression_test_accuracy",
        "logistic_regression_test_auc",
        "logistic_regression_test_loss",
        "logistic_regression_validation_auc",
    ]
    assert others["logistic_regression_test_accuracy"] < 0.7
    assert others["gradient_boosting_test_auc"] > 0.99
    assert sorted(path.name for path in (result.logs / "plots").iterdir()) == [
        "calibration.png",
        "census_accuracy.png",
        "census_loss.png",
        "confusion_matrix.png",
        "roc.png",
    ]
