# Models as others make them, for real: by TensorFlow 1's builder, a tf.Module, Keras 3, and the
# Keras 2 that TensorFlow still carries.
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner, Result
from tensorflow.python import keras as keras_2

from trilho.cli.main import main
from trilho.client import serving
from trilho.export import manifest, warm_up
from trilho.export.versions import ExportError
from trilho.importing.importing import Imported, Tried, import_model
from trilho.importing.loading import load


class Doubler(tf.Module):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.factor = tf.Variable(2.0)
        self.calls = tf.Variable(0)

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])  # type: ignore[untyped-decorator]
    def double(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"y": x * self.factor}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])  # type: ignore[untyped-decorator]
    def count(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"calls": self.calls.assign_add(tf.size(x))}


def _module(folder: Path) -> None:
    module = Doubler()
    signatures = {"serving_default": module.double, "count": module.count}
    tf.saved_model.save(module, str(folder), signatures=signatures)


def _keras_3(folder: Path) -> None:
    keras.Sequential([keras.Input([2]), keras.layers.Dense(1)]).export(str(folder), verbose=False)


def _keras_2(folder: Path) -> None:
    # Its code is all that TensorFlow carries of Keras 2, and not the number that it writes.
    keras_2.__version__ = "2.6.0"
    model = keras_2.Sequential([keras_2.layers.Dense(1, input_shape=(2,))])
    model.save(str(folder), save_format="tf")
    assert (folder / "keras_metadata.pb").is_file()


def _tensorflow_1(folder: Path, *, initializes: bool = True) -> None:
    """Writes what TensorFlow 1 wrote: a lookup of words behind variables, and tf.Examples."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        word = v1.placeholder(tf.string, [None], name="word")
        table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(["a", "b"], tf.constant([1, 2], tf.int64)), -1
        )
        bias = v1.get_variable("bias", initializer=0.5)
        score = tf.cast(table.lookup(word), tf.float32) + bias
        examples = v1.placeholder(tf.string, [None], name="examples")
        spec = {"x": tf.io.FixedLenFeature([2], tf.float32)}
        outputs = tf.reduce_sum(tf.io.parse_example(examples, spec)["x"], axis=1) + bias
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        builder = v1.saved_model.Builder(str(folder))
        make, info = v1.saved_model.build_signature_def, v1.saved_model.build_tensor_info
        builder.add_meta_graph_and_variables(
            session,
            [tf.saved_model.SERVING],
            signature_def_map={
                "serving_default": make(
                    {"word": info(word)}, {"score": info(score)}, "tensorflow/serving/predict"
                ),
                "regress": make(
                    {"inputs": info(examples)},
                    {"outputs": info(outputs)},
                    "tensorflow/serving/regress",
                ),
            },
            main_op=v1.tables_initializer() if initializes else None,
        )
        builder.save()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    for make in (_module, _keras_2, _keras_3, _tensorflow_1):
        make(folder / make.__name__[1:])
    return folder


def _import(source: Path, directory: Path, **options: Any) -> Imported:
    return import_model(source, name="theirs", directory=directory, **options)


def _recorded(folder: Path) -> list[str]:
    kind = serving.message("tensorflow.serving.PredictionLog")
    path = str(folder / warm_up.PATH)
    logs = [kind.FromString(one.numpy()) for one in tf.data.TFRecordDataset(path)]
    kinds = [log.WhichOneof("log_type") for log in logs]
    pairs = zip(kinds, logs, strict=True)
    return [getattr(log, kind).request.model_spec.signature_name for kind, log in pairs]


@pytest.mark.parametrize(
    ("kind", "signatures"),
    [
        ("keras_2", {"serving_default"}),
        ("keras_3", {"serve", "serving_default"}),
        ("tensorflow_1", {"regress", "serving_default"}),
    ],
)
def test_a_model_of_others_becomes_a_version(
    kind: str, signatures: set[str], made: Path, tmp_path: Path
) -> None:
    before = sorted(path.name for path in (made / kind).rglob("*"))

    done = _import(made / kind, tmp_path, metrics={"test_auc": 0.9}, headline="test_auc")

    assert done.folder == tmp_path / "theirs" / "1"
    assert {one.signature for one in done.tried if one.zeros and one.is_recorded} == signatures
    assert set(_recorded(done.folder)) == signatures
    written = manifest.verify(done.folder)
    assert written.model == "theirs"
    assert written.metrics["test_auc"] == 0.9
    assert written.training["headline"] == "test_auc"
    assert written.training["imported_from"] == str(made / kind)
    assert sorted(path.name for path in (made / kind).rglob("*")) == before
    # Its own warm-up is tried and kept, when it is imported once more.
    again = import_model(done.folder, name="again", directory=tmp_path)
    assert {one.requests for one in again.tried} == {1}
    assert _recorded(again.folder) == _recorded(done.folder)


def test_zeros_that_may_change_something_are_tried_and_not_recorded(
    made: Path, tmp_path: Path
) -> None:
    done = _import(made / "module", tmp_path)

    assert done.tried == [
        Tried(signature="count", requests=0, zeros=True, is_recorded=False),
        Tried(signature="serving_default", requests=0, zeros=True, is_recorded=True),
    ]
    assert _recorded(done.folder) == ["serving_default"]
    with load(done.folder) as model:
        rows = np.array([[1.0, 2.0]], np.float32)
        assert model.run("serving_default", {"x": rows})["y"].tolist() == [[2, 4]]
        assert model.run("count", {"x": rows[0]})["calls"] == 2


def _cli(source: Path, directory: Path, *options: str) -> Result:
    command = ["import", str(source), "--name", "theirs", "--export", str(directory), *options]
    return CliRunner().invoke(main, command)


def test_a_model_that_loads_and_fails_at_its_first_call_is_found(tmp_path: Path) -> None:
    _tensorflow_1(tmp_path / "broken", initializes=False)

    result = _cli(tmp_path / "broken", tmp_path / "models")

    assert result.exit_code == 1
    assert "serving_default with word [1] fails: Table not initialized" in result.output
    assert "give real requests by --requests FILE, or --untried serving_default" in result.output
    assert not (tmp_path / "models").exists()
    result = _cli(tmp_path / "broken", tmp_path / "models", "--untried=serving_default")
    assert result.exit_code == 0, result.output
    assert result.output.splitlines() == [
        "regress          answers zeros, which are its warm-up",
        "serving_default  not tried",
        f"Version  {tmp_path}/models/theirs/1",
    ]


def test_real_requests_are_answered_and_become_the_warm_up(made: Path, tmp_path: Path) -> None:
    calls = tmp_path / "calls.json"
    bodies: list[dict[str, Any]] = [
        {"instances": ["a", {"b64": "Yg=="}]},
        {"inputs": {"word": ["b"]}},
        {"signature_name": "regress", "examples": [{"x": [1.5, 2]}]},
    ]
    calls.write_text(json.dumps(bodies))

    result = _cli(made / "tensorflow_1", tmp_path / "models", f"--requests={calls}")

    assert result.exit_code == 0, result.output
    assert "serving_default  answers 2 requests, which are its warm-up\n" in result.output
    folder = tmp_path / "models" / "theirs" / "1"
    assert _recorded(folder) == ["serving_default", "serving_default", "regress"]
    with load(folder) as model:
        words = np.array([b"a", b"b"], object)
        assert model.run("serving_default", {"word": words})["score"].tolist() == [1.5, 2.5]
    # What a warm-up file, or a log of requests, has is taken as well.
    done = _import(made / "tensorflow_1", tmp_path, requests=[folder / warm_up.PATH])
    assert _recorded(done.folder) == _recorded(folder)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"instances": [[1, 2], [3]]}, "request 1 of calls.json: x: expected numbers of one shape"),
        ({"instances": [{"z": 1}]}, 'there is no input "z"; inputs are x'),
        ({"inputs": {"x": [[1, 2, 3]]}}, "request 1 of calls.json: serving_default with x [1, 3]"),
        ({"signature_name": "f", "instances": []}, 'no signature "f"; there are count, serving'),
        ({"rows": []}, 'expected an object with "instances", "inputs" or "examples"'),
        ([], "calls.json has no request"),
    ],
)
def test_a_request_that_does_not_suit_is_named(
    body: object, message: str, made: Path, tmp_path: Path
) -> None:
    calls = tmp_path / "calls.json"
    calls.write_text(json.dumps(body))

    result = _cli(made / "module", tmp_path / "models", f"--requests={calls}")

    assert result.exit_code == 1
    assert message in result.output
    assert not (tmp_path / "models").exists()


_CONTRACT = """syntax = "proto3";
package a;
import "trilho/contract.proto";
service S { rpc M(Q) returns (R) { option (trilho.contract.model) = { name: "theirs" }; } }
message Q { repeated float x = 1 [(trilho.contract.tensor) = { shape: WIDTH }]; }
message R { repeated float y = 1 [(trilho.contract.tensor) = { shape: 2 }]; }
"""


@pytest.mark.parametrize(("width", "code"), [(2, 0), (3, 1)])
def test_it_keeps_its_contract(width: int, code: int, made: Path, tmp_path: Path) -> None:
    contract = tmp_path / "a.proto"
    contract.write_text(_CONTRACT.replace("WIDTH", str(width)))

    result = _cli(made / "module", tmp_path / "models", f"--contract={contract}")

    assert result.exit_code == code, result.output
    assert ("1 mismatch with the contract" in result.output) == bool(code)
    assert (tmp_path / "models").exists() != bool(code)


def _without_variables(folder: Path) -> None:
    shutil.rmtree(folder / "variables")


def _with_a_pipe(folder: Path) -> None:
    os.mkfifo(folder / "assets.pipe")


def _without_signature(folder: Path) -> None:
    shutil.rmtree(folder)
    tf.saved_model.save(tf.Module(), str(folder))


def _as_versions(folder: Path) -> None:
    folder.rename(folder.with_name("3"))
    folder.mkdir()
    folder.with_name("3").rename(folder / "3")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_without_variables, "does not load: "),
        (_with_a_pipe, "assets.pipe: is neither a file nor a folder"),
        (_without_signature, "has no signature, so that nobody could call it; save it with one"),
        (_as_versions, "has no saved_model.pb; did you mean "),
    ],
)
def test_what_no_server_would_serve_leaves_nothing(
    spoil: Callable[[Path], None], message: str, made: Path, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    shutil.copytree(made / "module", source)
    spoil(source)

    with pytest.raises(ExportError, match=message):
        _import(source, tmp_path / "models")

    assert not (tmp_path / "models").exists()


def test_files_of_keras_say_how_they_become_a_savedmodel(tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_bytes(b"PK")

    result = _cli(tmp_path / "model.keras", tmp_path / "models")

    assert result.exit_code == 1
    assert "keras.models.load_model(...).export(FOLDER)" in result.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--name=a/b"], '"a/b" is no name of a model'),
        (["--figure=auc"], "expected NAME=NUMBER, e.g. test_accuracy=0.93"),
        (["--figure=auc=nan"], "auc is nan"),
        (["--headline=auc"], "figures are none: give it by --figure"),
        (["--untried=f"], 'there is no signature "f"; there are count, serving_default'),
    ],
)
def test_options_that_do_not_suit(
    options: list[str], message: str, made: Path, tmp_path: Path
) -> None:
    result = _cli(made / "module", tmp_path / "models", *options)

    assert result.exit_code > 0
    assert message in result.output
    assert not (tmp_path / "models").exists()
