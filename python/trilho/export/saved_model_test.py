import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner
from tensorflow.core.protobuf import saved_model_pb2

from trilho.cli.main import main
from trilho.client import serving
from trilho.contract import reading
from trilho.contract.check import check
from trilho.contract.definitions import Contract
from trilho.contract.problems import ContractError
from trilho.export import manifest, saved_model, warm_up
from trilho.export.contract_signature import contract_signature
from trilho.export.publishing import publish
from trilho.export.saved_model import Export, Signature
from trilho.export.signature import PREDICT
from trilho.export.stores import open_store
from trilho.export.versions import ExportError

_ROWS = np.linspace(0, 1, 5 * 784, dtype=np.float32).reshape(5, 784)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.Input([784]), keras.layers.Dense(10, activation="softmax")])


def _signatures(model: keras.Model) -> list[Signature]:
    return [
        saved_model.predict_signature(
            model, input_name="image_data", output_name="value", sample_inputs=_ROWS
        ),
        saved_model.classify_signature(
            model, feature="image_data", classes="0123456789", sample_inputs=_ROWS
        ),
    ]


def _export(
    model: keras.Model,
    directory: Path,
    *,
    signatures: Iterable[Signature] | None = None,
    contracts: Iterable[Contract] = (),
    version: int | None = None,
) -> Export:
    return saved_model.export(
        model,
        name="mnist",
        directory=directory,
        signatures=signatures or _signatures(model),
        metrics={"test_accuracy": 0.9},
        training={"steps": "3"},
        contracts=contracts,
        version=version,
    )


@pytest.fixture(scope="module")
def published(model: keras.Model, tmp_path_factory: pytest.TempPathFactory) -> Export:
    return _export(model, tmp_path_factory.mktemp("export"))


def test_a_version_has_a_manifest_that_holds(published: Export) -> None:
    assert published.version == 1
    assert published.folder.parts[-2:] == ("mnist", "1")
    assert [path.name for path in published.folder.parent.iterdir()] == ["1"]
    described = manifest.verify(published.folder)
    assert described.model == "mnist"
    assert described.metrics["test_accuracy"] == 0.9
    assert described.training["steps"] == "3"
    assert "saved_model.pb" in {file.path for file in described.files}


@pytest.mark.parametrize(("loss", "is_worse"), [(0.2, True), (0.05, False)])
def test_versions_are_compared_by_their_headline(
    model: keras.Model, tmp_path: Path, loss: float, is_worse: bool
) -> None:
    store = open_store(str(tmp_path / "live"))
    for figure in (0.1, loss):
        export = saved_model.export(
            model,
            name="mnist",
            directory=tmp_path / "models",
            signatures=_signatures(model)[:1],
            metrics={"test_loss": figure},
            training={"steps": "3"},
            headline="test_loss",
            better="lower",
        )
        if export.version == 1 or not is_worse:
            publish(export.folder, store)
            continue
        with pytest.raises(ExportError, match=r"test_loss is 0\.2, and 0.1 of the live version 1"):
            publish(export.folder, store)
    assert store.versions("mnist") == ([1] if is_worse else [1, 2])


def test_a_headline_is_one_of_the_metrics(model: keras.Model, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match='headline is "auc"; it can be test_accuracy'):
        saved_model.export(
            model,
            name="mnist",
            directory=tmp_path,
            signatures=_signatures(model),
            metrics={"test_accuracy": 0.9},
            training={},
            headline="auc",
        )
    assert not list(tmp_path.iterdir())


def test_signatures_are_as_clients_expect_them(published: Export) -> None:
    content = (published.folder / "saved_model.pb").read_bytes()
    graph = saved_model_pb2.SavedModel.FromString(content).meta_graphs[0]

    def tensors(infos: Mapping[str, Any]) -> dict[str, tuple[str, list[int]]]:
        return {
            name: (tf.as_dtype(info.dtype).name, [dim.size for dim in info.tensor_shape.dim])
            for name, info in infos.items()
        }

    found = {
        name: (signature.method_name, tensors(signature.inputs), tensors(signature.outputs))
        for name, signature in graph.signature_def.items()
        if not name.startswith("__")
    }
    assert found == {
        "serving_default": (
            "tensorflow/serving/predict",
            {"image_data": ("float32", [-1, 784])},
            {"value": ("float32", [-1, 10])},
        ),
        "classify": (
            "tensorflow/serving/classify",
            {"inputs": ("string", [-1])},
            {"classes": ("string", [-1, 10]), "scores": ("float32", [-1, 10])},
        ),
    }


def test_what_is_loaded_computes_the_same(model: keras.Model, published: Export) -> None:
    loaded = tf.saved_model.load(str(published.folder))
    expected = model(_ROWS).numpy()
    value = loaded.signatures["serving_default"](image_data=tf.constant(_ROWS))["value"]
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    examples = tf.constant(_signatures(model)[1].samples["inputs"])
    answer = loaded.signatures["classify"](inputs=examples)
    np.testing.assert_allclose(answer["scores"], expected, rtol=1e-5)
    assert answer["classes"].numpy().tolist() == [[b"%d" % digit for digit in range(10)]] * 5


def test_an_export_that_computes_something_else_is_refused(
    model: keras.Model, tmp_path: Path
) -> None:
    good = _signatures(model)[0]

    def moody(image_data: tf.Tensor) -> dict[str, tf.Tensor]:
        share = 0.5 if tf.inside_function() else 1.0
        return {"value": model(image_data, training=False) * share}

    with pytest.raises(ExportError, match="value of serving_default differs"):
        _export(model, tmp_path, signatures=[dataclasses.replace(good, function=moody)])
    assert list(tmp_path.iterdir()) == []


def test_samples_that_do_not_suit_leave_nothing(model: keras.Model, tmp_path: Path) -> None:
    good = _signatures(model)[0]
    narrow = dataclasses.replace(good, samples={"image_data": _ROWS[:, :10]})
    with pytest.raises(ValueError, match="shape"):
        _export(model, tmp_path, signatures=[narrow])
    assert list(tmp_path.iterdir()) == []


def test_numbers_of_another_type_say_how_to_turn_them(model: keras.Model, tmp_path: Path) -> None:
    good = _signatures(model)[0]
    wide = {"image_data": _ROWS.astype(np.float64)}
    message = (
        r'image_data of serving_default are float64, .* float32: give them by .astype\("float32"\)'
    )
    with pytest.raises(ExportError, match=message):
        _export(model, tmp_path, signatures=[dataclasses.replace(good, samples=wide)])
    with pytest.raises(ExportError, match=message):
        saved_model.predict_signature(
            model, input_name="image_data", output_name="value", sample_inputs=wide["image_data"]
        )
    with pytest.raises(ExportError, match="has the inputs image_data, but samples of pixels"):
        _export(model, tmp_path, signatures=[dataclasses.replace(good, samples={"pixels": _ROWS})])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_not_published(
    model: keras.Model, tmp_path: Path, value: float
) -> None:
    with pytest.raises(ExportError, match=r"mnist is not published, as test_loss is (nan|inf)"):
        saved_model.export(
            model,
            name="mnist",
            directory=tmp_path,
            signatures=_signatures(model),
            metrics={"test_accuracy": 0.9, "test_loss": value},
            training={},
        )
    broken = keras.models.clone_model(model)
    broken.weights[0].assign(np.full([784, 10], np.nan))
    with pytest.raises(ExportError, match=r"value of serving_default.*model answers NaN, in 50"):
        _export(broken, tmp_path)
    assert list(tmp_path.iterdir()) == []


class Sums(keras.Model):  # type: ignore[misc]
    """Sums rows of any length, which come as flat values and lengths, times a scalar."""

    def __init__(self) -> None:
        super().__init__()
        self.built = True

    def call(self, inputs: Mapping[str, tf.Tensor]) -> tf.Tensor:
        lengths = inputs["lengths"]
        check = tf.debugging.Assert(tf.reduce_sum(lengths) == tf.size(inputs["values"]), [lengths])
        with tf.control_dependencies([check]):
            rows = tf.repeat(tf.range(tf.size(lengths)), lengths)
        sums = tf.math.unsorted_segment_sum(inputs["values"], rows, tf.size(lengths))
        return sums * inputs["scale"]


def _sums(*, values: int = 6, scale: tf.TensorSpec | None = None, **options: Any) -> Signature:
    model = Sums()
    return Signature(
        name="serving_default",
        method_name=PREDICT,
        function=lambda **inputs: {"sums": model(inputs)},
        inputs={
            "values": tf.TensorSpec([None], tf.float32, name="values"),
            "lengths": tf.TensorSpec([None], tf.int32, name="lengths"),
            "scale": scale or tf.TensorSpec([], tf.float32, name="scale"),
        },
        samples={
            "values": np.arange(values, dtype=np.float32),
            "lengths": np.array([3, 1, values - 4], np.int32),
            "scale": np.array(2, np.float32),
        },
        **options,
    )


def _warm_up(folder: Path) -> list[Any]:
    kind = serving.message("tensorflow.serving.PredictionLog")
    path = str(folder / warm_up.PATH)
    return [kind.FromString(one.numpy()) for one in tf.data.TFRecordDataset(path)]


def test_a_scalar_and_flat_values_beside_lengths_are_one_request(tmp_path: Path) -> None:
    export = _export(Sums(), tmp_path, signatures=[_sums()])
    (log,) = _warm_up(export.folder)
    shapes = {
        name: [dim.size for dim in one.tensor_shape.dim]
        for name, one in log.predict_log.request.inputs.items()
    }
    assert shapes == {"values": [6], "lengths": [3], "scale": []}
    served = tf.saved_model.load(str(export.folder)).signatures["serving_default"]
    answer = served(
        values=tf.constant([1.0, 2, 3]), lengths=tf.constant([1, 2]), scale=tf.constant(3.0)
    )
    assert answer["sums"].numpy().tolist() == [3, 15]


def test_a_warm_up_request_that_fails_leaves_nothing(tmp_path: Path) -> None:
    # As many values as lengths, so that they look like rows of a batch.
    scale = tf.TensorSpec([None], tf.float32, name="scale")
    alike = _sums(values=5, scale=scale)
    samples = {
        "values": np.arange(5, dtype=np.float32),
        "lengths": np.array([2, 1, 1, 1, 0], np.int32),
        "scale": np.ones(5, np.float32),
    }
    alike = dataclasses.replace(alike, samples=samples)
    with pytest.raises(
        ExportError,
        match=r"warm-up request 1, of serving_default with .*values \[1\].*need `batched=False`",
    ):
        _export(Sums(), tmp_path, signatures=[alike])
    assert list(tmp_path.iterdir()) == []

    whole = dataclasses.replace(alike, batched=False)
    assert len(_warm_up(_export(Sums(), tmp_path, signatures=[whole]).folder)) == 1


def test_a_directory_may_be_a_string(model: keras.Model, tmp_path: Path) -> None:
    export = saved_model.export(
        model,
        name="mnist",
        directory=str(tmp_path),
        signatures=_signatures(model)[:1],
        metrics={},
        training={},
    )
    assert export.folder == tmp_path / "mnist" / "1"


def test_ctrl_c_leaves_nothing(
    model: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(manifest, "write", interrupt)
    with pytest.raises(KeyboardInterrupt):
        _export(model, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_version_is_not_overwritten(model: keras.Model, published: Export) -> None:
    before = manifest.verify(published.folder)
    with pytest.raises(ExportError, match="mnist/1 exists already"):
        _export(model, published.folder.parents[1], version=1)
    assert manifest.verify(published.folder) == before


_CONTRACT = """syntax = "proto3";
package a;
import "trilho/contract.proto";
service S { rpc M(Q) returns (R) { option (trilho.contract.model) = { name: "mnist" }; } }
message Q { repeated float image_data = 1 [(trilho.contract.tensor) = { shape: 784 }]; }
message R { repeated float value = 1 [(trilho.contract.tensor) = { shape: WIDTH }]; }
"""


def _contract(folder: Path, width: int) -> Contract:
    path = folder / "a.proto"
    path.write_text(_CONTRACT.replace("WIDTH", str(width)))
    return reading.read([path])[0]


def test_a_model_that_keeps_its_contract_is_published(model: keras.Model, tmp_path: Path) -> None:
    contract = _contract(tmp_path, 10)
    signature = contract_signature(
        contract,
        lambda inputs: {"value": model(inputs["image_data"])},
        samples={"image_data": _ROWS},
    )

    export = _export(model, tmp_path, signatures=[signature], contracts=[contract])

    assert check(contract, export.folder).mismatches == ()


def test_a_version_that_its_servers_would_not_serve_is_not_handed_over(
    published: Export, tmp_path: Path
) -> None:
    live = tmp_path / "live"
    command = ["publish", str(published.folder), str(live), "--force", "--contract"]

    broken = _contract(tmp_path, 11)
    result = CliRunner().invoke(main, [*command, str(tmp_path / "a.proto")])
    assert result.exit_code == 1
    assert "1 mismatch with the contract" in result.output
    assert "a.R.value" in result.output
    with pytest.raises(ContractError, match=r'is answered by the model "mnist", but by digits$'):
        publish(
            published.folder,
            open_store(str(live)),
            contracts=[dataclasses.replace(broken, model="digits")],
        )
    assert not live.exists()

    _contract(tmp_path, 10)
    result = CliRunner().invoke(main, [*command, str(tmp_path / "a.proto")])
    assert result.exit_code == 0, result.output
    assert (live / "mnist" / "1" / "saved_model.pb").is_file()


def test_a_model_that_breaks_its_contract_is_not_published(
    model: keras.Model, tmp_path: Path
) -> None:
    with pytest.raises(ContractError, match=r"a\.proto:6: a\.R\.value") as error:
        _export(model, tmp_path, contracts=[_contract(tmp_path, 11)])

    assert "[?, 10]" in str(error.value)
    assert not (tmp_path / "mnist").exists()
