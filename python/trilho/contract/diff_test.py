from pathlib import Path

import pytest

from trilho.contract.changes import Change
from trilho.contract.diff import diff
from trilho.contract.problems import ContractError

_BASE = """syntax = "proto3";
package a;
import "trilho/contract.proto";
service S {
  rpc M(Q) returns (R) { option (trilho.contract.model) = { name: "m" }; }
  rpc Other(Q) returns (R);
}
enum E { ZERO = 0; ONE = 1; TWO = 2; }
message Q {
  float x = 1;
  repeated float many = 2 [(trilho.contract.tensor) = { shape: 4 }];
  string word = 3 [(trilho.contract.tensor) = { vocabulary: ["", "a"] }];
  int32 n = 4 [(trilho.contract.tensor) = { minimum: 0 maximum: 9 }];
  optional float maybe = 5 [(trilho.contract.tensor) = { default_number: 1 }];
  E e = 6;
}
message R { float y = 1; }
message Free { oneof o { int32 one = 1; int32 two = 2; } reserved 7; }
"""


def _diff(tmp_path: Path, old: str, new: str) -> list[Change]:
    paths = [tmp_path / name / "a.proto" for name in ("old", "new")]
    for path, text in zip(paths, (old, new), strict=True):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return diff(*paths)


def _after(tmp_path: Path, was: str, now: str) -> list[str]:
    """The changes when one place of the contract changes."""
    assert _BASE.count(was) == 1
    return [str(change) for change in _diff(tmp_path, _BASE, _BASE.replace(was, now))]


def test_the_same_is_no_difference(tmp_path: Path) -> None:
    assert _diff(tmp_path, _BASE, _BASE.replace("float x = 1;", "float x = 1;  // why")) == []


@pytest.mark.parametrize(
    ("was", "now", "changes"),
    [
        (
            "int32 one = 1; ",
            "",
            [
                "breaks clients: a.Free.one: field removed without reserving its number: add "
                "`reserved 1;`"
            ],
        ),
        (
            "int32 one = 1; int32 two = 2; } reserved 7;",
            "int32 two = 2; } reserved 1, 7;",
            ["compatible: a.Free.one: field removed, its number 1 reserved"],
        ),
        (
            "int32 two = 2; }",
            "int32 two = 3; }",
            ["breaks clients: a.Free.two: number changed from 2 to 3"],
        ),
        (
            "int32 two = 2; }",
            "int64 two = 2; }",
            ["breaks clients: a.Free.two: type changed from int32 to int64"],
        ),
        (
            "int32 two = 2; }",
            "} repeated int32 two = 2;",
            [
                "breaks clients: a.Free.two: moved from the oneof o to no oneof",
                "breaks clients: a.Free.two: type changed from int32 to repeated int32",
            ],
        ),
        (
            "int32 two = 2; }",
            "int32 three = 2; }",
            ["compatible: a.Free.two: renamed to three; bytes stay the same, JSON and code do not"],
        ),
        (
            "int32 one = 1; int32 two = 2;",
            "int32 two = 1;",
            [
                "breaks clients: a.Free.one: removed, and its number 1 is two now",
                "breaks clients: a.Free.two: number changed from 2 to 1",
            ],
        ),
        (
            "reserved 7;",
            "int32 z = 8; reserved 7;",
            ["compatible: a.Free.z: field added: int32 = 8"],
        ),
        (
            "reserved 7;",
            "int32 z = 7;",
            ["breaks clients: a.Free.z: added with the number 7, which was reserved"],
        ),
        (
            "ONE = 1; ",
            "",
            [
                "breaks clients: a.E.ONE: value removed without reserving its number: add "
                "`reserved 1;`"
            ],
        ),
        ("ONE = 1;", "reserved 1;", ["compatible: a.E.ONE: value removed, its number 1 reserved"]),
        ("TWO = 2;", "TWO = 3;", ["breaks clients: a.E.TWO: number changed from 2 to 3"]),
        ("TWO = 2;", "TWO = 2; THREE = 3;", ["compatible: a.E.THREE: value added: 3"]),
        (
            "TWO = 2;",
            "BOTH = 2;",
            ["compatible: a.E.TWO: renamed to BOTH; bytes stay the same, JSON and code do not"],
        ),
        ("  rpc Other(Q) returns (R);\n", "", ["breaks clients: a.S.Other: method removed"]),
        (
            "rpc Other(Q)",
            "rpc Other(R)",
            ["breaks clients: a.S.Other: request changed from a.Q to a.R"],
        ),
        (
            "Other(Q) returns (R)",
            "Other(Q) returns (stream R)",
            ["breaks clients: a.S.Other: response changed from a.R to stream a.R"],
        ),
        (
            "message Free {",
            "service T { rpc N(R) returns (R); } message Free {",
            ["compatible: a.T: service added"],
        ),
        ("message R {", "message New {} message R {", ["compatible: a.New: message added"]),
    ],
)
def test_what_it_means_to_clients_on_the_wire(
    tmp_path: Path, was: str, now: str, changes: list[str]
) -> None:
    assert _after(tmp_path, was, now) == changes


def test_what_is_removed_as_a_whole_breaks_clients(tmp_path: Path) -> None:
    without = _BASE.replace(_BASE[_BASE.index("message Free") :], "")
    assert [str(change) for change in _diff(tmp_path, _BASE, without)] == [
        "breaks clients: a.Free: message removed"
    ]
    other = "message New { float x = 1; }"
    only = f'syntax = "proto3"; package a; {other}'
    removed = {change.element for change in _diff(tmp_path, _BASE, only) if change.breaks}
    assert removed == {"a.E", "a.Free", "a.Q", "a.R", "a.S"}


@pytest.mark.parametrize(
    ("was", "now", "changes"),
    [
        ('name: "m"', 'name: "k"', ['breaks models: a.S.M: model changed from "m" to "k"']),
        (
            'name: "m"',
            'name: "m" signature: "s" version_label: "new"',
            [
                'breaks models: a.S.M: signature changed from "serving_default" to "s"',
                'breaks models: a.S.M: version_label changed from "" to "new"',
            ],
        ),
        (
            "float y = 1;",
            'float y = 1 [(trilho.contract.tensor) = { alias: "z" }];',
            ["breaks models: a.R.y: alias of the output changed from y to z"],
        ),
        (
            "float x = 1;",
            "float x = 1 [(trilho.contract.tensor) = { dtype: FLOAT16 }];",
            ["breaks models: a.Q.x: dtype of the input changed from FLOAT to FLOAT16"],
        ),
        (
            "shape: 4",
            "shape: [2, 2]",
            ["breaks models: a.Q.many: shape of the input changed from [?, 4] to [?, 2, 2]"],
        ),
        (
            "shape: 4",
            "shape: 5",
            [
                "breaks clients: a.Q.many: number of values changed from 4 to 5",
                "breaks models: a.Q.many: shape of the input changed from [?, 4] to [?, 5]",
            ],
        ),
        (
            "float x = 1;",
            "float z = 1;",
            [
                "breaks models: a.Q.x: alias of the input changed from x to z",
                "compatible: a.Q.x: renamed to z; bytes stay the same, JSON and code do not",
            ],
        ),
        (
            "float x = 1;",
            "float x = 1 [(trilho.contract.tensor) = { shape: 1 }];",
            ["breaks models: a.Q.x: shape of the input changed from [?] to [?, 1]"],
        ),
        (
            "float x = 1;",
            'float z = 1 [(trilho.contract.tensor) = { alias: "x" }];',
            ["compatible: a.Q.x: renamed to z; bytes stay the same, JSON and code do not"],
        ),
        (
            "float x = 1;",
            "reserved 1;",
            [
                'breaks models: a.Q.x: input "x" is fed no more',
                "compatible: a.Q.x: field removed, its number 1 reserved",
            ],
        ),
        (
            "float x = 1;",
            "float x = 1; float z = 9;",
            [
                'breaks models: a.Q.z: a model that takes "z" FLOAT [?] is needed',
                "compatible: a.Q.z: field added: float = 9",
            ],
        ),
        (
            "float y = 1;",
            "float y = 1; float z = 9;",
            [
                'breaks models: a.R.z: a model that returns "z" FLOAT [?] is needed',
                "compatible: a.R.z: field added: float = 9",
            ],
        ),
    ],
)
def test_what_it_means_to_models(tmp_path: Path, was: str, now: str, changes: list[str]) -> None:
    assert _after(tmp_path, was, now) == changes


@pytest.mark.parametrize(
    ("was", "now", "changes"),
    [
        ('["", "a"]', '["a"]', ['breaks clients: a.Q.word: vocabulary without ""']),
        ('["", "a"]', '["", "a", "b"]', ['compatible: a.Q.word: vocabulary with "b"']),
        (
            'vocabulary: ["", "a"]',
            "",
            ["compatible: a.Q.word: any string is taken, not only a few"],
        ),
        ("minimum: 0", "minimum: 1", ["breaks clients: a.Q.n: minimum changed from 0 to 1"]),
        ("minimum: 0", "", ["compatible: a.Q.n: minimum changed from 0 to none"]),
        ("maximum: 9", "maximum: 8", ["breaks clients: a.Q.n: maximum changed from 9 to 8"]),
        ("maximum: 9", "maximum: 10", ["compatible: a.Q.n: maximum changed from 9 to 10"]),
        (
            "float x = 1;",
            "float x = 1 [(trilho.contract.tensor) = { finite: true }];",
            ["breaks clients: a.Q.x: NaN and infinities are refused"],
        ),
        ("default_number: 1", "", ["breaks clients: a.Q.maybe: default changed from 1 to none"]),
        (
            "default_number: 1",
            "default_number: 2",
            ["compatible: a.Q.maybe: default changed from 1 to 2"],
        ),
        (
            "float x = 1;",
            "optional float x = 1;",
            [
                "breaks clients: a.Q.x: optional without a default: requests that leave it at zero "
                "are refused",
                "compatible: a.Q.x: became optional",
            ],
        ),
    ],
)
def test_what_it_means_to_the_values_in_requests(
    tmp_path: Path, was: str, now: str, changes: list[str]
) -> None:
    assert _after(tmp_path, was, now) == changes


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ("float z = 9;", ""),
        ("optional float z = 9;", "it is optional and has no default"),
        ("optional float z = 9 [(T) = { default_number: 1 }];", ""),
        ("repeated float z = 9;", ""),
        ("repeated float z = 9 [(T) = { shape: 3 }];", "it must have 3 values"),
        ("float z = 9 [(T) = { shape: 1 }];", ""),
        ("float z = 9 [(T) = { shape: 1 minimum: 1 }];", "0 is below its minimum"),
        ("string z = 9 [(T) = { vocabulary: 'a' }];", "the empty string is not in its vocabulary"),
        ("float z = 9 [(T) = { minimum: 1 }];", "0 is below its minimum"),
        ("float z = 9 [(T) = { maximum: -1 }];", "0 is above its maximum"),
    ],
)
def test_a_new_field_breaks_clients_if_it_cannot_be_left_out(
    tmp_path: Path, field: str, reason: str
) -> None:
    field = field.replace("(T)", "(trilho.contract.tensor)")
    found = _after(tmp_path, "float x = 1;", f"float x = 1; {field}")
    breaking = [line for line in found if line.startswith("breaks clients")]
    expected = f"breaks clients: a.Q.z: requests without it are refused: {reason}"
    assert breaking == ([expected] if reason else [])


def test_models_must_parse_a_feature_that_is_added(tmp_path: Path) -> None:
    features = _BASE.replace('name: "m"', 'name: "m" example_input: "examples"')
    added = features.replace("float x = 1;", "float x = 1; float z = 9;")
    assert [str(change) for change in _diff(tmp_path, features, added)] == [
        'breaks models: a.Q.z: a model that parses the feature "z" is needed: FLOAT, 1 value',
        "compatible: a.Q.z: field added: float = 9",
    ]
    kinds = [str(change.effect) for change in _diff(tmp_path, added, features)]
    assert kinds == ["breaks clients", "breaks models"]


def test_a_method_may_become_a_models_but_not_cease_to_be(tmp_path: Path) -> None:
    before = _BASE.replace('{ option (trilho.contract.model) = { name: "m" }; }', ";")
    assert [str(change) for change in _diff(tmp_path, before, _BASE)] == [
        "compatible: a.S.M: model m answers now"
    ]
    assert [str(change) for change in _diff(tmp_path, _BASE, before)] == [
        "breaks clients: a.S.M: model m answers no more: (trilho.contract.model) removed"
    ]


def test_what_breaks_stands_first(tmp_path: Path) -> None:
    new = _BASE.replace("TWO = 2;", "TWO = 2; THREE = 3;").replace('"m"', '"k"')
    new = new.replace("rpc Other(Q)", "rpc Other(R)")
    effects = [change.effect for change in _diff(tmp_path, _BASE, new)]
    assert [str(effect) for effect in effects] == ["breaks clients", "breaks models", "compatible"]
    assert [change.breaks for change in _diff(tmp_path, _BASE, new)] == [True, True, False]


def test_a_contradiction_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"a\.Q\.x: has a shape of more than one value"):
        _after(tmp_path, "float x = 1;", "float x = 1 [(trilho.contract.tensor) = { shape: 2 }];")
