import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from trilho.contract import compiling, reading
from trilho.contract.definitions import Contract, Field
from trilho.contract.problems import ContractError

Write = Callable[..., Path]

_HEAD = 'syntax = "proto3";\npackage a;\nimport "trilho/contract.proto";\n'
_SERVICE = """
service S {
  rpc M(Q) returns (R) { option (trilho.contract.model) = { name: "m" }; }
}
message R { float y = 1; }
"""
_TENSOR = "(trilho.contract.tensor)"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def made(text: str, *, name: str = "a.proto", head: str = _HEAD) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(head + text)
        return path

    return made


def _read(path: Path) -> Contract:
    (contract,) = reading.read([path])
    return contract


def _problems(*paths: Path) -> str:
    with pytest.raises(ContractError) as caught:
        reading.read(paths)
    return str(caught.value)


def _by_alias(fields: tuple[Field, ...]) -> dict[str, tuple[str, tuple[int | None, ...]]]:
    return {field.alias: (field.dtype, field.shape) for field in fields}


def test_a_method_names_its_model(write: Write) -> None:
    path = write("""
service S {
  rpc M(Q) returns (R) {
    option (trilho.contract.model) = { name: "m" signature: "s" version_label: "canary" };
  }
  rpc NotServed(Q) returns (R);
}
message Q { float x = 1; }
message R { float y = 1; }
""")
    contract = _read(path)
    assert (contract.service, contract.method) == ("a.S", "M")
    assert (contract.model, contract.signature, contract.version_label) == ("m", "s", "canary")
    assert (contract.request, contract.response) == ("a.Q", "a.R")
    assert contract.location == f"{path}:6"
    assert contract.outputs[0].location == f"{path}:12"
    assert contract.outputs[0].element == "a.R.y"


def test_the_signature_is_serving_default_unless_named(write: Write) -> None:
    assert _read(write(_SERVICE + "message Q { float x = 1; }")).signature == "serving_default"


def test_fields_are_tensors_of_their_own_type_and_name(write: Write) -> None:
    contract = _read(
        write(
            _SERVICE
            + """
enum E { ZERO = 0; }
message Q {
  float f = 1; double d = 2; int32 i = 3; sint64 l = 4; fixed32 u = 5; uint64 ul = 6;
  bool b = 7; string s = 8; bytes y = 9; E e = 10;
}
"""
        )
    )
    assert _by_alias(contract.inputs) == {
        "f": ("FLOAT", ()),
        "d": ("DOUBLE", ()),
        "i": ("INT32", ()),
        "l": ("INT64", ()),
        "u": ("UINT32", ()),
        "ul": ("UINT64", ()),
        "b": ("BOOL", ()),
        "s": ("STRING", ()),
        "y": ("STRING", ()),
        "e": ("INT32", ()),
    }


def test_shapes_grow_from_the_outside_in(write: Write) -> None:
    contract = _read(
        write(
            _SERVICE
            + """
message Q {
  repeated float any = 1;
  repeated float image = 2 [(trilho.contract.tensor) = { shape: [28, 28] }];
  bytes pixels = 3 [(trilho.contract.tensor) = { dtype: UINT8 }];
  One one = 4;
  repeated Many many = 5;
}
message One { float inner = 1; }
message Many { float single = 1; repeated string words = 2; }
"""
        )
    )
    assert _by_alias(contract.inputs) == {
        "any": ("FLOAT", (None,)),
        "image": ("FLOAT", (28, 28)),
        "pixels": ("UINT8", (None,)),
        "inner": ("FLOAT", ()),
        "single": ("FLOAT", (None,)),
        "words": ("STRING", (None, None)),
    }
    paths = {field.alias: (field.path, field.numbers) for field in contract.inputs}
    assert paths["words"] == ("many.words", (5, 2))


def test_a_single_field_may_have_a_shape_of_ones(write: Write) -> None:
    contract = _read(
        write(
            _SERVICE
            + """
message Q {
  float x = 1 [(trilho.contract.tensor) = { shape: 1 }];
  string s = 2 [(trilho.contract.tensor) = { shape: [1, 1] }];
  repeated float many = 3 [(trilho.contract.tensor) = { shape: 1 }];
}
"""
        )
    )
    assert _by_alias(contract.inputs) == {
        "x": ("FLOAT", (1,)),
        "s": ("STRING", (1, 1)),
        "many": ("FLOAT", (1,)),
    }
    assert [field.is_single for field in contract.inputs] == [True, True, False]
    assert [field.count for field in contract.inputs] == [1, 1, 1]


@pytest.mark.parametrize(
    "limits",
    [
        "minimum: inf",
        "maximum: -inf",
        "minimum: 1e39",
        "minimum: 0.1 maximum: 0.1",
        "minimum: 7e4 dtype: FLOAT16",
        "minimum: -inf maximum: inf finite: true",
    ],
)
def test_limits_that_leave_something_are_taken(write: Write, limits: str) -> None:
    path = write(f"{_SERVICE}message Q {{ float x = 1 [{_TENSOR} = {{ {limits} }}]; }}\n")
    assert len(_read(path).inputs) == 1


def test_the_elements_of_a_batch_are_examples(write: Write) -> None:
    contract = _read(
        write("""
service S { rpc M(Q) returns (A) { option (trilho.contract.model) = { name: "m" }; } }
message Q { repeated P people = 1 [(trilho.contract.batch) = true]; }
message A { repeated P people = 1 [(trilho.contract.batch) = true]; }
message P { float age = 1; }
""")
    )
    assert contract.inputs[0].path == "people.age"
    assert contract.inputs[0].shape == ()
    assert (contract.request_is_batch, contract.response_is_batch) == (True, True)


def test_annotations_are_read(write: Write) -> None:
    contract = _read(
        write(
            _SERVICE
            + """
message Q {
  float x = 1 [(trilho.contract.tensor) = {
    alias: "other" dtype: FLOAT16 minimum: 0 maximum: 1 finite: true
  }];
  optional string s = 2 [(trilho.contract.tensor) = {
    vocabulary: ["a", "b"] default_string: "a"
  }];
  optional int32 n = 3;
}
"""
        )
    )
    x, s, n = contract.inputs
    assert (x.alias, x.dtype, x.minimum, x.maximum, x.finite) == ("other", "FLOAT16", 0, 1, True)
    assert (s.vocabulary, s.has_presence, s.default) == (("a", "b"), True, "a")
    assert (n.has_presence, n.has_default) == (True, False)
    assert not x.has_presence


def test_features_have_the_types_of_tf_example(write: Write) -> None:
    contract = _read(
        write("""
service S { rpc M(Q) returns (R) {
  option (trilho.contract.model) = { name: "m" example_input: "examples" };
} }
message Q { double d = 1; bool b = 2; string s = 3; repeated int32 i = 4; }
message R { double y = 1; }
""")
    )
    assert contract.example_input == "examples"
    assert _by_alias(contract.inputs) == {
        "d": ("FLOAT", ()),
        "b": ("INT64", ()),
        "s": ("STRING", ()),
        "i": ("INT64", (None,)),
    }
    assert contract.outputs[0].dtype == "DOUBLE"


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        (
            f"float x = 1 [{_TENSOR} = {{ shape: [1, 3] }}];",
            "has a shape of more than one value and is a single float; make it repeated",
        ),
        (f"bytes x = 1 [{_TENSOR} = {{ shape: 0 }}];", "and is a single bytes; make it repeated"),
        (f"repeated float x = 1 [{_TENSOR} = {{ shape: -1 }}];", "has a negative dimension"),
        (
            f"repeated float x = 1 [{_TENSOR} = {{ shape: [9000, 10000] }}];",
            "shape [9000, 10000] is too large for a request",
        ),
        (
            f"float x = 1 [{_TENSOR} = {{ shape: {[1] * 255} }}];",
            "has a shape of 255 dimensions, 254 are possible",
        ),
        ("map<string, float> x = 1;", "is a map, which is no tensor"),
        ("oneof o { float x = 1; }", "is in the oneof o; a tensor is always there"),
        ("Q x = 1;", "is a a.Q inside of another: no tensor holds that"),
        ("N x = 1;", "a.N: has no field"),
        (f"P x = 1 [{_TENSOR} = {{ alias: 'y' }}];", "is a message: annotate its fields"),
        ("float x = 1 [(trilho.contract.batch) = true];", "and is no repeated message"),
        ("B x = 1;", "and is no field of a request or response itself"),
        (
            f"float y = 2; float x = 1 [{_TENSOR} = {{ alias: 'y' }}];",
            'is the tensor "y", as a.Q.y',
        ),
        (f"string x = 1 [{_TENSOR} = {{ dtype: FLOAT }}];", "it can be STRING"),
        (f"bool x = 1 [{_TENSOR} = {{ dtype: INT32 }}];", "does not hold a bool; it can be BOOL"),
        (f"string x = 1 [{_TENSOR} = {{ minimum: 1 }}];", "which are for numbers"),
        (f"float x = 1 [{_TENSOR} = {{ minimum: 2 maximum: 1 }}];", "minimum 2 is greater than"),
        (f"float x = 1 [{_TENSOR} = {{ minimum: nan }}];", "has a limit that is NaN"),
        (f"int32 x = 1 [{_TENSOR} = {{ minimum: 3e9 }}];", "no int32 is within its limits"),
        (f"float x = 1 [{_TENSOR} = {{ minimum: inf finite: true }}];", "no float is within"),
        (f"float x = 1 [{_TENSOR} = {{ maximum: -inf finite: true }}];", "no float is within"),
        (f"float x = 1 [{_TENSOR} = {{ minimum: 1e39 finite: true }}];", "no float is within"),
        (f"float x = 1 [{_TENSOR} = {{ minimum: 1e39 maximum: 1e40 }}];", "no float is within"),
        (
            f"float x = 1 [{_TENSOR} = {{ minimum: 7e4 maximum: 1e5 dtype: FLOAT16 }}];",
            "no float is within its limits",
        ),
        (
            f"double x = 1 [{_TENSOR} = {{ minimum: 1e39 finite: true dtype: FLOAT }}];",
            "no double is within its limits",
        ),
        (f"float x = 1 [{_TENSOR} = {{ vocabulary: 'a' }}];", "which is for strings"),
        (
            f"string x = 1 [{_TENSOR} = {{ vocabulary: ['a', 'a'] }}];",
            '"a" in its vocabulary twice',
        ),
        (f"float x = 1 [{_TENSOR} = {{ default_number: 1 }}];", "cannot be told from zero"),
        (f"repeated float x = 1 [{_TENSOR} = {{ default_number: 1 }}];", "default and is repeated"),
        (f"optional float x = 1 [{_TENSOR} = {{ default_string: '' }}];", "has a default_string"),
        (
            f"optional int32 x = 1 [{_TENSOR} = {{ dtype: INT8 default_number: 300 }}];",
            "default_number 300 does not fit into INT8",
        ),
    ],
)
def test_what_contradicts_itself_is_refused_with_its_line(
    write: Write, field: str, problem: str
) -> None:
    path = write(
        f"{_SERVICE}message N {{}}\nmessage P {{ float z = 1; }}\n"
        f"message B {{ repeated P ps = 1 [(trilho.contract.batch) = true]; }}\n"
        f"message Q {{\n{field}\n}}\n"
    )
    found = _problems(path)
    assert problem in found
    place, element, _ = found.split(": ", 2)
    line = {"a.N": 9, "a.B.ps": 11}.get(element, 13)
    assert place == f"{path}:{line}"


def test_all_problems_are_told_at_once(write: Write) -> None:
    path = write("""
service S {
  rpc M(Q) returns (stream R) { option (trilho.contract.model) = { signature: "s" }; }
}
message Q { map<int32, int32> m = 1; float x = 2 [(trilho.contract.tensor) = { shape: 2 }]; }
message R { float y = 1; }
""")
    assert _problems(path).splitlines() == [
        f"{path}:6: a.S.M: (trilho.contract.model) has no name",
        f"{path}:6: a.S.M: is streaming; a model answers one request with one response",
        f"{path}:8: a.Q.m: is a map, which is no tensor; make it a repeated message, or one field "
        "for each key",
        f"{path}:8: a.Q.x: has a shape of more than one value and is a single float; make it "
        "repeated",
    ]


@pytest.mark.parametrize(
    ("query", "answer", "problem"),
    [
        ("repeated P p = 1 [B]; float x = 2;", "float y = 1;", "must be the only field of a.Q"),
        ("repeated P p = 1 [B];", "float y = 1;", "and a.R holds one"),
    ],
)
def test_a_batch_is_alone_and_answered_by_one(
    write: Write, query: str, answer: str, problem: str
) -> None:
    text = (
        'service S { rpc M(Q) returns (R) { option (trilho.contract.model) = { name: "m" }; } }'
        f"message P {{ float x = 1; }} message Q {{ {query} }} message R {{ {answer} }}"
    )
    assert problem in _problems(write(text.replace("[B]", "[(trilho.contract.batch) = true]")))


def test_a_feature_is_no_repeated_message(write: Write) -> None:
    path = write("""
service S { rpc M(Q) returns (R) {
  option (trilho.contract.model) = { name: "m" example_input: "examples" };
} }
message Q { repeated P ps = 1; float f = 2 [(trilho.contract.tensor) = { dtype: DOUBLE }]; }
message P { float x = 1; }
message R { float y = 1; }
""")
    found = _problems(path)
    assert "a.Q.ps: is a repeated message, which a tf.Example cannot hold" in found
    assert "dtype DOUBLE does not hold a float in a tf.Example; it can be FLOAT" in found


def test_proto2_is_refused(write: Write) -> None:
    head = _HEAD.replace("proto3", "proto2")
    text = _SERVICE.replace("float y", "optional float y")
    path = write(
        f"{text}message Q {{ optional group G = 1 {{ optional float x = 1; }} }}", head=head
    )
    assert 'a.Q: is not of syntax = "proto3"' in _problems(path)


def test_an_option_of_a_newer_contract_proto_is_refused(write: Write, tmp_path: Path) -> None:
    newer = (compiling.INCLUDE / "trilho" / "contract.proto").read_text()
    copy = tmp_path / "trilho" / "contract.proto"
    copy.parent.mkdir()
    copy.write_text(newer.replace("bool finite = 7;", "bool finite = 7; bool later = 99;"))
    text = "message Q { float x = 1 [(trilho.contract.tensor) = { later: true }]; }"
    assert "says something that this version does not know" in _problems(write(_SERVICE + text))


def test_a_file_without_annotated_methods_is_refused(write: Write) -> None:
    path = write("service S { rpc M(Q) returns (Q); } message Q { float x = 1; }")
    assert _problems(path) == f"{path}: no method of it has (trilho.contract.model)"


def test_two_services_of_one_name_are_refused(write: Write) -> None:
    text = _SERVICE + "message Q { float x = 1; }"
    one, two = write(text, name="one/a.proto"), write(text, name="two/a.proto")
    assert _problems(one, two) == f"{two}:5: a.S: is at {one}:5 too"


def test_what_two_files_import_is_read_once(write: Write) -> None:
    write(_SERVICE + "message Q { float x = 1; }", name="both.proto")
    head = 'syntax = "proto3"; import "both.proto";'
    paths = [write("", name=name, head=head) for name in ("one.proto", "two.proto")]
    assert [contract.full_name for contract in reading.read(paths)] == ["a.S.M"]


def test_imports_are_found_from_the_folder_that_they_are_relative_to(write: Write) -> None:
    write("message Q { float x = 1; }", name="team/shared/q.proto")
    head = _HEAD.replace("package", 'import "shared/q.proto"; /* "not.proto" */ package')
    path = write(_SERVICE, name="team/services/deep/a.proto", head=head)
    assert _read(path).inputs[0].location == f"{path.parents[2] / 'shared/q.proto'}:4"


def test_an_import_that_is_not_there_is_named(write: Write) -> None:
    path = write(_SERVICE, head=_HEAD.replace("trilho/contract", "other/q"))
    assert 'imports "other/q.proto", which are not all below' in _problems(path)


def test_a_folder_of_imports_can_be_given(write: Write, tmp_path: Path) -> None:
    write("message Q { float x = 1; }", name="elsewhere/shared/q.proto")
    head = _HEAD.replace("package", 'import "shared/q.proto"; package')
    path = write(_SERVICE, name="services/a.proto", head=head)
    folders = [path.parent, tmp_path / "elsewhere"]
    (contract,) = reading.read([path], proto_paths=folders)
    assert contract.inputs[0].alias == "x"


def test_errors_of_the_compiler_are_passed_on(write: Write) -> None:
    path = write("message Q {")
    assert _problems(path).startswith(f"{path}: does not compile\n{path}:4:12: ")


def test_a_descriptor_set_reads_as_its_proto_does(write: Write, tmp_path: Path) -> None:
    path = write(_SERVICE + "message Q { repeated float x = 1; }")

    def compiled(*options: str) -> Path:
        out = tmp_path / f"set{len(options)}.desc"
        command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{tmp_path}", *options]
        command += [f"-I{compiling.INCLUDE}", f"--descriptor_set_out={out}", "a.proto"]
        subprocess.run(command, check=True, env={"PYTHONPATH": ":".join(sys.path)})
        return out

    full = compiled("--include_imports", "--include_source_info")
    assert _by_alias(_read(full).inputs) == _by_alias(_read(path).inputs)
    assert _read(full).location == f"{full}: a.proto:6"
    no_lines = compiled("--include_imports")
    assert _read(no_lines).location == f"{no_lines}: a.proto"
    assert "imports trilho/contract.proto, which is missing" in _problems(compiled())


def test_what_is_no_contract_is_refused(tmp_path: Path) -> None:
    assert "there is no such file" in _problems(tmp_path / "a.proto")
    other = tmp_path / "other.desc"
    other.write_bytes(b"\xff\xff")
    assert "is no serialized google.protobuf.FileDescriptorSet" in _problems(other)
    other.write_bytes(b"")
    assert "is a descriptor set without files" in _problems(other)
