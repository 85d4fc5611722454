from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from tensorflow.core.framework import attr_value_pb2
from tensorflow.core.protobuf import saved_model_pb2

from trilho.contract import features, reading
from trilho.contract.check import check
from trilho.contract.features import Feature
from trilho.contract.report import Report

_HEAD = """syntax = "proto3";
package a;
import "trilho/contract.proto";
service S {
  rpc M(Q) returns (R) {
    option (trilho.contract.model) = { name: "m" example_input: "examples" };
  }
}
message R { float value = 1; }
"""
_FEATURES = {
    "age": tf.io.FixedLenFeature([], tf.float32),
    "image": tf.io.FixedLenFeature([2, 2], tf.float32),
    "job": tf.io.FixedLenFeature([], tf.string, default_value="none"),
    "tags": tf.io.VarLenFeature(tf.string),
    "visits": tf.io.FixedLenSequenceFeature([], tf.int64, allow_missing=True),
    "words": tf.io.RaggedFeature(tf.int64),
}


def _save(folder: Path, *parsed: dict[str, Any]) -> Path:
    """A signature for each way to parse, the first of them serving_default."""

    def signature(spec: dict[str, Any]) -> Any:
        def answer(examples: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"value": tf.io.parse_example(examples, spec)["age"] * 2}

        tensor = tf.TensorSpec([None], tf.string, name="examples")
        return tf.function(answer).get_concrete_function(tensor)

    names = ["serving_default", "other"]
    signatures = {
        name: signature(spec) for name, spec in zip(names[: len(parsed)], parsed, strict=True)
    }
    tf.saved_model.save(tf.Module(), str(folder), signatures=signatures)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _save(tmp_path_factory.mktemp("model"), _FEATURES)


@pytest.fixture
def report(tmp_path: Path) -> Callable[..., Report]:
    def made(folder: Path, fields: str) -> Report:
        path = tmp_path / "a.proto"
        path.write_text(f"{_HEAD}message Q {{ {fields} }}\n")
        (contract,) = reading.read([path])
        return check(contract, folder)

    return made


def _lines(report: Report) -> list[str]:
    return [str(one).rpartition("/")[2] for one in report.mismatches]


def test_features_are_read_out_of_the_graph(model: Path) -> None:
    assert features.read_features(model) == {
        "age": Feature(dtype="FLOAT", count=1, required=True),
        "image": Feature(dtype="FLOAT", count=4, required=True),
        "job": Feature(dtype="STRING", count=1, required=False),
        "tags": Feature(dtype="STRING", count=None, required=False),
        "visits": Feature(dtype="INT64", count=None, required=False),
        "words": Feature(dtype="INT64", count=None, required=False),
    }


def test_fields_that_are_parsed_match(model: Path, report: Callable[..., Report]) -> None:
    found = report(
        model,
        "float age = 1; repeated double image = 2 [(trilho.contract.tensor) = { shape: [2, 2] }];"
        "repeated string tags = 3; repeated int32 visits = 4;",
    )
    assert found.mismatches == ()
    assert [(m.way, m.alias, m.dtype, m.shape) for m in found.matches] == [
        ("input", "examples", "STRING", "[?]"),
        ("output", "value", "FLOAT", "[?]"),
        ("feature", "age", "FLOAT", "1 value"),
        ("feature", "image", "FLOAT", "4 values"),
        ("feature", "tags", "STRING", "any number of values"),
        ("feature", "visits", "INT64", "any number of values"),
    ]


def test_fields_that_are_not_parsed_are_told(model: Path, report: Callable[..., Report]) -> None:
    found = report(
        model, "float age = 1; repeated int32 image = 2; bytes jop = 3; string words = 4;"
    )
    choices = "age, image, job, tags, visits, words"
    assert _lines(found) == [
        'a.proto:10: a.Q.image: the model parses feature "image" as another; expected INT64, any '
        "number of values; found FLOAT, 4 values",
        'a.proto:10: a.Q.jop: the model parses no feature "jop"; expected STRING, 1 value; did you '
        f'mean "job"? (valid: {choices})',
        'a.proto:10: a.Q.words: the model parses feature "words" as another; expected STRING, 1 '
        "value; found INT64, any number of values",
    ]


def test_features_without_a_default_must_be_fed(model: Path, report: Callable[..., Report]) -> None:
    (line,) = _lines(report(model, "float age = 1; string job = 2;"))
    assert line == (
        'a.proto:5: a.S.M: nothing in a.Q is the feature "image", which the model parses and which '
        "has no default; found FLOAT, 4 values (valid: age, job)"
    )


def test_a_number_of_values_may_be_wrong(model: Path, report: Callable[..., Report]) -> None:
    shape = "[(trilho.contract.tensor) = { shape: 3 }]"
    (mismatch,) = report(model, f"float age = 1; repeated float image = 2 {shape};").mismatches
    assert (mismatch.expected, mismatch.found) == ("FLOAT, 3 values", "FLOAT, 4 values")


@pytest.mark.parametrize(
    "break_it",
    [
        lambda node, _: node.input.__delitem__(slice(4, None)),
        lambda node, _: node.attr["Tdense"].list.type.pop(),
        lambda node, _: node.attr["sparse_types"].list.type.pop(),
        lambda node, _: node.attr["dense_shapes"].list.shape.pop(),
        lambda _, keys: keys.attr["value"].tensor.string_val.append(b"more"),
        lambda _, keys: keys.attr["value"].CopyFrom(
            attr_value_pb2.AttrValue(tensor=tf.make_tensor_proto([1, 2, 3]))
        ),
        lambda _, keys: keys.attr.clear(),
    ],
)
def test_a_graph_that_is_not_understood_suits_any_contract(
    tmp_path: Path, report: Callable[..., Report], break_it: Callable[[Any, Any], None]
) -> None:
    folder = _save(tmp_path / "model", _FEATURES)
    saved = folder / "saved_model.pb"
    changed = saved_model_pb2.SavedModel.FromString(saved.read_bytes())
    for function in changed.meta_graphs[0].graph_def.library.function:
        nodes = {node.name: node for node in function.node_def}
        for node in function.node_def:
            if node.op == "ParseExampleV2":
                break_it(node, nodes[node.input[3].partition(":")[0]])
    saved.write_bytes(changed.SerializeToString())
    assert features.read_features(folder) is None
    assert report(folder, "float other = 1;").mismatches == ()


def test_what_cannot_be_told_suits_any_contract(
    tmp_path: Path, report: Callable[..., Report]
) -> None:
    one, two = {"age": _FEATURES["age"]}, {"age": _FEATURES["age"], "job": _FEATURES["job"]}
    folder = _save(tmp_path / "two", one, two)
    assert features.read_features(folder) is None
    assert report(folder, "float other = 1;").mismatches == ()
    # Two signatures that parse alike are no riddle.
    assert features.read_features(_save(tmp_path / "same", one, one)) is not None
