import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from trilho.contract import reading
from trilho.contract.check import check, verify_export
from trilho.contract.definitions import Contract
from trilho.contract.problems import ContractError
from trilho.contract.report import Report

Specs = Mapping[str, tf.TensorSpec]
Save = Callable[..., Path]

_HEAD = 'syntax = "proto3";\npackage a;\nimport "trilho/contract.proto";\n'
_SERVICE = """service S {
  rpc M(Q) returns (R) { option (trilho.contract.model) = { name: "m" MORE }; }
}
"""
_IMAGE = "message Q { repeated float image_data = 1 [(trilho.contract.tensor) = { shape: 4 }]; }"
_SCORES = "message R { repeated float value = 1 [(trilho.contract.tensor) = { shape: 2 }]; }"


def _floats(*shape: int | None) -> tf.TensorSpec:
    return tf.TensorSpec(shape, tf.float32)


@pytest.fixture(scope="module")
def save(tmp_path_factory: pytest.TempPathFactory) -> Save:
    """Saves a model that returns zeros of the shapes in `outputs` for any input."""

    def saved(inputs: Specs, outputs: Specs, **options: Any) -> Path:
        def answer(**tensors: tf.Tensor) -> dict[str, tf.Tensor]:
            rows = tf.shape(next(iter(tensors.values())))[0]
            return {name: _zeros(spec, rows) for name, spec in outputs.items()}

        folder = tmp_path_factory.mktemp("model")
        specs = {name: tf.TensorSpec(s.shape, s.dtype, name=name) for name, s in inputs.items()}
        function = tf.function(answer).get_concrete_function(**specs)
        tf.saved_model.save(tf.Module(), str(folder), signatures=function, **options)
        return folder

    return saved


def _zeros(spec: tf.TensorSpec, rows: tf.Tensor) -> tf.Tensor:
    if not spec.shape.rank:
        return tf.zeros([], spec.dtype)
    known = [1 if size is None else size for size in spec.shape[1:]]
    first = rows if spec.shape[0] is None else spec.shape[0]
    zeros = tf.zeros([first, *known], spec.dtype)
    return tf.ensure_shape(tf.identity(zeros), spec.shape)


def _edit(folder: Path, edit: Callable[[Any], None]) -> None:
    """Says in a SavedModel's signature what tf.saved_model.save has no way to say."""
    saved = folder / "saved_model.pb"
    changed = saved_model_pb2.SavedModel.FromString(saved.read_bytes())
    edit(changed.meta_graphs[0].signature_def["serving_default"])
    saved.write_bytes(changed.SerializeToString())


@pytest.fixture(scope="module")
def exact(save: Save) -> Path:
    return save({"image_data": _floats(None, 4)}, {"value": _floats(None, 2)})


@pytest.fixture
def contract(tmp_path: Path) -> Callable[..., Contract]:
    def read(*messages: str, model: str = "") -> Contract:
        path = tmp_path / "a.proto"
        text = _HEAD + _SERVICE.replace("MORE", model) + "\n".join(messages or [_IMAGE, _SCORES])
        path.write_text(text)
        (found,) = reading.read([path])
        return found

    return read


def _lines(report: Report) -> list[str]:
    """Without the folder, which is another in each run."""
    return [str(one).rpartition("/")[2] for one in report.mismatches]


def test_a_model_that_keeps_its_contract_matches(
    exact: Path, contract: Callable[..., Contract]
) -> None:
    report = check(contract(), exact)
    assert report.mismatches == ()
    assert [(m.way, m.path, m.alias, m.dtype, m.shape) for m in report.matches] == [
        ("input", "image_data", "image_data", "FLOAT", "[?, 4]"),
        ("output", "value", "value", "FLOAT", "[?, 2]"),
    ]
    verify_export(exact, [contract()])


def test_a_wrong_shape_is_told_with_both(save: Save, contract: Callable[..., Contract]) -> None:
    folder = save({"image_data": _floats(None, 2, 2)}, {"value": _floats(None, 3)})
    assert _lines(check(contract(), folder)) == [
        'a.proto:7: a.Q.image_data: input "image_data" of signature "serving_default": its rank is '
        "3 and not 2; expected FLOAT [?, 4]; found FLOAT [?, 2, 2]",
        'a.proto:8: a.R.value: output "value" of signature "serving_default": dimension 1 is 3 and '
        "not 2; expected FLOAT [?, 2]; found FLOAT [?, 3]",
    ]


def test_a_wrong_dtype_is_told_with_what_the_field_could_be(
    save: Save, contract: Callable[..., Contract]
) -> None:
    folder = save({"image_data": tf.TensorSpec([None, 4], tf.float16)}, {"value": _floats(None, 2)})
    assert _lines(check(contract(), folder)) == [
        'a.proto:7: a.Q.image_data: input "image_data" of signature "serving_default": it is '
        "FLOAT16 and not FLOAT; dtype can be FLOAT, DOUBLE, FLOAT16, BFLOAT16; expected FLOAT "
        "[?, 4]; found FLOAT16 [?, 4]"
    ]
    said = _IMAGE.replace("shape: 4", "shape: 4 dtype: FLOAT16")
    assert check(contract(said, _SCORES), folder).mismatches == ()


def test_a_missing_alias_is_told_with_the_nearest(
    exact: Path, contract: Callable[..., Contract]
) -> None:
    report = check(contract(_IMAGE.replace("image_data", "image_date"), _SCORES), exact)
    missing, unfed = report.mismatches
    assert (missing.alias, missing.nearest, missing.choices) == (
        "image_date",
        "image_data",
        ("image_data",),
    )
    assert _lines(report) == [
        'a.proto:7: a.Q.image_date: signature "serving_default" has no input "image_date"; '
        'expected FLOAT [?, 4]; did you mean "image_data"? (valid: image_data)',
        'a.proto:5: a.S.M: nothing in a.Q feeds input "image_data" of signature "serving_default", '
        'which has no default; found FLOAT [?, 4]; did you mean "image_date"? (valid: image_date)',
    ]
    assert unfed.alias == "image_data"


def test_a_missing_output_is_told(exact: Path, contract: Callable[..., Contract]) -> None:
    report = check(contract(_IMAGE, "message R { float value = 1; float other = 2; }"), exact)
    assert [one.element for one in report.mismatches] == ["a.R.value", "a.R.other"]
    # "value" is another field's already.
    assert (report.mismatches[1].nearest, report.mismatches[1].choices) == ("", ("value",))


def test_an_input_that_nothing_feeds_is_told_unless_it_has_a_default(
    save: Save, contract: Callable[..., Contract]
) -> None:
    inputs = {"image_data": _floats(None, 4), "extra": _floats(None)}
    folder = save(inputs, {"value": _floats(None, 2)})
    (line,) = _lines(check(contract(), folder))
    assert line == (
        'a.proto:5: a.S.M: nothing in a.Q feeds input "extra" of signature "serving_default", '
        "which has no default; found FLOAT [?] (valid: image_data)"
    )

    def edit(signature: Any) -> None:
        signature.defaults["extra"].CopyFrom(tf.make_tensor_proto([1.0]))

    _edit(folder, edit)
    assert check(contract(), folder).mismatches == ()


def test_an_output_that_no_field_takes_does_not_matter(
    save: Save, contract: Callable[..., Contract]
) -> None:
    outputs = {"value": _floats(None, 2), "more": _floats(None, 9)}
    folder = save({"image_data": _floats(None, 4)}, outputs)
    assert check(contract(), folder).mismatches == ()


def test_dimension_0_is_the_batch(save: Save, contract: Callable[..., Contract]) -> None:
    def reasons(found: Contract, size: int) -> list[str]:
        folder = save({"image_data": _floats(size, 4)}, {"value": _floats(size, 2)})
        report = check(found, folder)
        return [one.problem.partition('default": ')[2] for one in report.mismatches]

    # A request is one example, and so is what such a model takes.
    assert reasons(contract(), 1) == []
    assert reasons(contract(), 3) == ["dimension 0 is the batch and must be unknown, not 3"] * 2
    batches = [
        f"message {name} {{ repeated {inner} all = 1 [(trilho.contract.batch) = true]; }}"
        for name, inner in (("Q", "QOne"), ("R", "ROne"))
    ]
    ones = [_IMAGE.replace("message Q", "message QOne"), _SCORES.replace("R {", "ROne {")]
    batch = contract(*batches, *ones)
    assert reasons(batch, 1) == ["dimension 0 is the batch and must be unknown, not 1"] * 2
    single = contract(_IMAGE, "message R { float value = 1; }")
    folder = save({"image_data": _floats(None, 4)}, {"value": _floats()})
    (mismatch,) = check(single, folder).mismatches
    assert mismatch.problem.endswith("it has no dimension 0, which is the batch")
    assert (mismatch.expected, mismatch.found) == ("FLOAT [?]", "FLOAT []")


def test_a_keras_tensor_of_one_value_is_a_single_field_with_a_shape(
    save: Save, contract: Callable[..., Contract]
) -> None:
    folder = save({"image_data": _floats(None, 1)}, {"value": _floats(None, 1)})
    plain = contract("message Q { float image_data = 1; }", "message R { float value = 1; }")
    assert [one.problem.partition('default": ')[2] for one in check(plain, folder).mismatches] == [
        "its rank is 2 and not 1; say shape: [1]"
    ] * 2
    said = "float {} = 1 [(trilho.contract.tensor) = {{ shape: 1 }}];"
    shaped = contract(
        f"message Q {{ {said.format('image_data')} }}", f"message R {{ {said.format('value')} }}"
    )
    assert check(shaped, folder).mismatches == ()


def test_unknown_dimensions_suit_any(save: Save, contract: Callable[..., Contract]) -> None:
    unknown = tf.TensorSpec(None, tf.float32)
    for spec in (_floats(None, None), unknown):
        folder = save({"image_data": spec}, {"value": _floats(None, 2)})
        assert check(contract(), folder).mismatches == ()


def test_a_model_that_takes_less_than_the_contract_allows_is_noted(
    exact: Path, contract: Callable[..., Contract]
) -> None:
    report = check(contract("message Q { repeated float image_data = 1; }", _SCORES), exact)
    assert report.mismatches == ()
    assert [match.note for match in report.matches] == ["takes 4 only: say shape: 4", ""]


def test_an_unknown_signature_is_told_with_the_valid_ones(
    exact: Path, contract: Callable[..., Contract]
) -> None:
    assert _lines(check(contract(model='signature: "serving_defalt"'), exact)) == [
        'a.proto:5: a.S.M: the model has no signature "serving_defalt"; did you mean '
        '"serving_default"? (valid: serving_default)'
    ]


def test_a_signature_that_parses_examples_is_fed_by_one_input(
    save: Save, contract: Callable[..., Contract]
) -> None:
    folder = save({"examples": tf.TensorSpec([None], tf.string)}, {"value": _floats(None, 2)})
    query = "message Q { float age = 1; string job = 2; }"
    good = contract(query, _SCORES, model='example_input: "examples"')
    report = check(good, folder)
    assert report.mismatches == ()
    assert [(m.way, m.alias, m.dtype, m.shape) for m in report.matches] == [
        ("input", "examples", "STRING", "[?]"),
        ("output", "value", "FLOAT", "[?, 2]"),
    ]
    bad = contract(query, _SCORES, model='example_input: "example"')
    assert _lines(check(bad, folder)) == [
        'a.proto:5: a.S.M: signature "serving_default" has no input "example"; '
        'expected STRING [?]; did you mean "examples"? (valid: examples)',
        'a.proto:5: a.S.M: nothing in a.Q feeds input "examples" of signature "serving_default", '
        'which has no default; found STRING [?]; did you mean "example"? (valid: example)',
    ]


def test_an_input_of_tensors_is_no_example_input(
    exact: Path, contract: Callable[..., Contract]
) -> None:
    bad = contract("message Q { float x = 1; }", _SCORES, model='example_input: "image_data"')
    (mismatch,) = check(bad, exact).mismatches
    assert (mismatch.expected, mismatch.found) == ("STRING [?]", "FLOAT [?, 4]")


def test_an_output_that_cannot_be_sent_matters_to_the_field_that_it_is(
    save: Save, contract: Callable[..., Contract]
) -> None:
    outputs = {"value": _floats(None, 2), "more": _floats(None, 2)}
    folder = save({"image_data": _floats(None, 4)}, outputs)

    def sparse_more(signature: Any) -> None:
        signature.outputs["more"].coo_sparse.values_tensor_name = "values:0"

    def sparse_value(signature: Any) -> None:
        signature.outputs["more"].name = "more:0"
        signature.outputs["value"].coo_sparse.values_tensor_name = "values:0"

    _edit(folder, sparse_more)
    assert not check(contract(), folder).mismatches
    _edit(folder, sparse_value)
    (line,) = _lines(check(contract(), folder))
    assert (
        'output "value" of signature "serving_default" cannot be sent: '
        "it is a sparse or composite tensor"
    ) in line


def test_a_signature_with_a_composite_input_cannot_be_served(
    save: Save, contract: Callable[..., Contract]
) -> None:
    outputs = {"value": _floats(None, 2), "more": _floats(None, 2)}
    folder = save({"image_data": _floats(None, 4)}, outputs)

    def composite_input(signature: Any) -> None:
        signature.inputs["image_data"].composite_tensor.SetInParent()

    def sparse_outputs(signature: Any) -> None:
        for alias in outputs:
            signature.outputs[alias].coo_sparse.values_tensor_name = "values:0"

    # Also for a tensor that no field is.
    _edit(folder, composite_input)
    line = (
        'a.proto:5: a.S.M: signature "serving_default" cannot be served: '
        '"image_data" is a sparse or composite tensor'
    )
    assert _lines(check(contract(), folder)) == [line]
    _edit(folder, sparse_outputs)
    (line,) = _lines(check(contract(), folder))
    assert line.endswith(
        '"image_data" is a sparse or composite tensor, and "more" is a sparse or composite tensor, '
        'and "value" is a sparse or composite tensor'
    )


def test_a_tensor_without_a_shape_may_have_any(
    save: Save, contract: Callable[..., Contract]
) -> None:
    folder = save({"image_data": _floats(None, 4)}, {"value": _floats(None, 2)})

    def edit(signature: Any) -> None:
        signature.inputs["image_data"].ClearField("tensor_shape")

    _edit(folder, edit)
    report = check(contract(), folder)
    assert report.mismatches == ()
    assert [match.shape for match in report.matches] == ["of any shape", "[?, 2]"]


def test_a_refused_export_tells_all_mismatches_of_all_contracts(
    save: Save, contract: Callable[..., Contract]
) -> None:
    folder = save({"image_data": _floats(None, 5)}, {"value": _floats(None, 3)})
    found = [contract(), contract(model='signature: "other"')]
    with pytest.raises(ContractError) as caught:
        verify_export(folder, found)
    first, *lines = caught.value.problems
    assert first == f"{folder}: 3 mismatches with the contract"
    assert [line.rpartition("/")[2].split(": ")[1] for line in lines] == [
        "a.Q.image_data",
        "a.R.value",
        "a.S.M",
    ]


def test_what_is_no_saved_model_is_refused(
    tmp_path: Path, contract: Callable[..., Contract]
) -> None:
    with pytest.raises(ContractError, match=r"saved_model\.pb: there is no such file"):
        check(contract(), tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"\xff\xff")
    with pytest.raises(ContractError, match="is no SavedModel"):
        check(contract(), tmp_path)
    (tmp_path / "saved_model.pb").write_bytes(b"")
    with pytest.raises(ContractError, match=r"the tags \{serve\}, which .*; found none"):
        check(contract(), tmp_path)


def test_tensorflow_is_not_needed() -> None:
    blocked = "import sys; sys.modules['tensorflow'] = None; import trilho.contract.check"
    subprocess.run(
        [sys.executable, "-c", blocked], check=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
