"""What fits a contract, by `trilho check`; cases_test.cc asks the server the same."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
from runfiles import Runfiles

# By name, since they have no types here.
check: Any = importlib.import_module("trilho.contract.check")
features: Any = importlib.import_module("trilho.contract.features")
problems: Any = importlib.import_module("trilho.contract.problems")
reading: Any = importlib.import_module("trilho.contract.reading")
serving: Any = importlib.import_module("trilho.client.serving")

_PROTO = """syntax = "proto3";
package test;
import "trilho/contract.proto";
service S {{
  rpc M(In) returns (Out) {{ option (trilho.contract.model) = {{ name: "m" {model} }}; }}
}}
message In {{ {request} }}
message Out {{ {response} }}
{messages}
"""


def _cases() -> list[dict[str, Any]]:
    runfiles = Runfiles.Create()
    assert runfiles
    path = runfiles.Rlocation("trilho/protos/cases/model_fits.json")
    assert path
    cases: list[dict[str, Any]] = json.loads(Path(path).read_text(encoding="utf-8"))
    return cases


def _with(key: str) -> list[dict[str, Any]]:
    cases = [case for case in _cases() if key in case]
    assert cases
    return cases


def _contract(case: dict[str, Any], folder: Path) -> Any:
    words = {word: case.get(word, "") for word in ("model", "request", "response", "messages")}
    path = folder / "test.proto"
    path.write_text(_PROTO.format(**words), encoding="utf-8")
    (contract,) = reading.read([path])
    return contract


def _describe(info: Any, dtype: str, *more: Any) -> None:
    """Takes a shape and an encoding too, as far as the case has them."""
    # TensorFlow's own names, where contract.proto has others.
    tensorflow = {"FLOAT16": "HALF"}.get(dtype, dtype)
    info.dtype = serving.DataType.Value(f"DT_{tensorflow}")
    if more:
        shape = more[0]
        info.tensor_shape.unknown_rank = shape is None
        for size in shape or []:
            info.tensor_shape.dim.add(size=-1 if size is None else size)
    encoding = more[1] if len(more) > 1 else "plain"
    if encoding == "plain":
        info.name = "tensor:0"
    elif encoding == "sparse":
        info.coo_sparse.SetInParent()
    elif encoding == "composite":
        info.composite_tensor.SetInParent()
    else:
        assert encoding == "nothing"


def _save(case: dict[str, Any], folder: Path) -> None:
    """Writes a SavedModel of signatures alone."""
    graph = serving.message("tensorflow.MetaGraphDef")()
    graph.meta_info_def.tags.append("serve")
    signature = graph.signature_def[case.get("signature", "serving_default")]
    for alias, tensor in case["inputs"].items():
        _describe(signature.inputs[alias], *tensor)
    for alias, tensor in case["outputs"].items():
        _describe(signature.outputs[alias], *tensor)
    for alias in case.get("defaults", []):
        signature.defaults[alias].dtype = signature.inputs[alias].dtype
    content = graph.SerializeToString()
    # Field 2 of a SavedModel.
    length = bytes(
        [len(content) & 0x7F | 0x80, len(content) >> 7 & 0x7F | 0x80, len(content) >> 14]
    )
    (folder / "saved_model.pb").write_bytes(b"\x12" + length + content)


@pytest.mark.parametrize("case", _with("contradictions"), ids=lambda case: case["name"])
def test_what_contradicts_itself_is_named(case: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(problems.ContractError) as caught:
        _contract(case, tmp_path)
    # "FILE:LINE: ELEMENT: ...".
    wrong = [line.split(": ")[1] for line in caught.value.problems]
    assert sorted(wrong) == sorted(case["contradictions"])


@pytest.mark.parametrize("case", _with("wrong"), ids=lambda case: case["name"])
def test_what_does_not_fit_is_named(case: dict[str, Any], tmp_path: Path) -> None:
    contract = _contract(case, tmp_path)
    _save(case, tmp_path)
    wrong = [one.element for one in check.check(contract, tmp_path).mismatches]
    if "features" in case:
        parsed = {
            name: features.Feature(dtype=dtype, count=count, required=required)
            for name, (dtype, count, required) in case["features"].items()
        }
        wrong += [one.element for one in features.compare_features(contract, parsed)[1]]
    assert sorted(wrong) == sorted(case["wrong"])
