import base64
import csv
import hashlib
import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from runfiles import Runfiles

from deploy.staging import native, pruning
from deploy.staging.archive import write_tar
from deploy.staging.fixtures import LIBRARY, Inputs, distribution, install, make_inputs
from deploy.staging.parts import Part, Tree
from deploy.staging.wheels import Site

_1980 = 315532800


def _repository(name: str) -> Path:
    found = Runfiles.Create()
    table = found and found.Rlocation(f"{name}/packages.tsv")
    assert table
    return Path(table).parent


def _inputs(folder: Path) -> Inputs:
    return make_inputs(folder, _repository("debian_runtime"), _repository("debian_static"))


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tar; the tree lies beside it."""
    folder = tmp_path_factory.mktemp("full")
    output = folder / "trilho-full.tar"
    _inputs(folder / "inputs").stage("full", output)
    return output


@pytest.fixture(scope="module")
def tree(full: Path) -> Path:
    return full.with_suffix("")


@pytest.fixture(scope="module")
def bill(tree: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((tree / "share/sbom.cdx.json").read_text())
    return found


def _refused(capsys: pytest.CaptureFixture[str], inputs: Inputs, *more: str) -> str:
    profile, *options = more
    target = inputs.folder / "refused.tar"
    with pytest.raises(SystemExit) as ended:
        inputs.stage(profile, target, *options)
    assert not target.exists()
    assert not list(inputs.folder.glob(".refused*"))
    code = ended.value.code
    return code if isinstance(code, str) else capsys.readouterr().err


# The archive.


def test_entries_are_sorted_and_have_no_owner_and_no_time(full: Path) -> None:
    with tarfile.open(full) as archive:
        entries = archive.getmembers()
    names = [entry.name for entry in entries]
    assert names == sorted(names, key=os.fsencode)
    assert not [name for name in names if name.startswith(("/", "."))]
    assert {(e.uid, e.gid, e.uname, e.gname, e.mtime) for e in entries} == {(0, 0, "", "", _1980)}
    assert {entry.mode for entry in entries if entry.isfile()} == {0o755, 0o644}
    assert {entry.mode for entry in entries if entry.isdir()} == {0o755}
    links = {entry.name: entry.linkname for entry in entries if entry.issym()}
    assert links["bin/python3"] == "python"
    assert not [target for target in links.values() if target.startswith("/")]


def test_the_programs_are_executable(full: Path) -> None:
    with tarfile.open(full) as archive:
        programs = {entry.name for entry in archive if entry.isfile() and entry.mode == 0o755}
    commands = {f"bin/{name}" for name in ("python", "tensorboard", "trilho", "trilho_server")}
    assert commands <= programs
    assert programs - commands == {
        "lib/native/ld-linux-x86-64.so.2",
        "libexec/python3.11",
        "libexec/trilho_server",
    }


def test_it_says_what_it_is(tree: Path) -> None:
    assert (tree / "VERSION").read_text() == "1.2.3\n"
    assert (tree / "PROFILE").read_text() == "full\n"


def test_every_file_has_its_sum(tree: Path) -> None:
    lines = (tree / "SHA256SUMS").read_text().splitlines()
    names = [line.split("  ", 1)[1] for line in lines]
    files = [p for p in tree.rglob("*") if p.is_file() and not p.is_symlink()]
    assert names == sorted(names)
    assert set(names) | {"SHA256SUMS"} == {str(path.relative_to(tree)) for path in files}
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=tree, check=True)


def test_the_same_inputs_give_the_same_bytes(full: Path, tmp_path: Path) -> None:
    again = tmp_path / "another folder" / "second.tar"
    inputs = _inputs(tmp_path / "other inputs")
    for path in inputs.folder.rglob("*"):
        os.utime(path, (1, 1))
    command = [sys.executable, "-m", "deploy.staging.stage", *inputs.arguments("full", again)]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": ":".join(path for path in sys.path if path),
        "PYTHONHASHSEED": "7",
        "LANG": "C",
        "TZ": "Pacific/Kiritimati",
    }
    subprocess.run(command, check=True, env=environment, umask=0o077)
    assert _digest(again) == _digest(full)


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def test_an_archive_that_fails_leaves_nothing(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    (top / "file").write_text("the first entry")
    os.mkfifo(top / "pipe")
    target = tmp_path / "some.tar"
    target.write_text("the one before")
    with pytest.raises(ValueError, match="pipe is neither a file nor a folder nor a link"):
        write_tar(top, target)
    assert target.read_text() == "the one before"
    assert {path.name for path in tmp_path.iterdir()} == {"top", "some.tar"}


# Contents.


def test_what_no_command_needs_is_left_out(tree: Path) -> None:
    packages = tree / "lib/python3/dist-packages"
    assert (packages / "bundler/__init__.py").exists()
    for name in ("bundler/__init__.pyi", "bundler/tests", "clang", "tensorflow/include"):
        assert not (packages / name).exists()
    assert not list((tree / "lib/python3.11/lib-dynload").glob("readline.*"))
    assert not list((tree / "lib/native").glob("libreadline*"))


def test_record_lists_what_is_there(tree: Path) -> None:
    packages = tree / "lib/python3/dist-packages"
    with (packages / "tensorflow_cpu-1.0.dist-info/RECORD").open() as record:
        rows = {name: digest for name, digest, _ in csv.reader(record)}
    assert "tensorflow/include/c_api.h" not in rows
    assert rows.pop("tensorflow_cpu-1.0.dist-info/RECORD") == ""
    for name, digest in rows.items():
        found = hashlib.sha256((packages / name).read_bytes()).digest()
        assert digest == f"sha256={base64.urlsafe_b64encode(found).rstrip(b'=').decode()}"


def test_only_what_may_be_stripped_is(tree: Path) -> None:
    packages = tree / "lib/python3/dist-packages"
    assert (
        packages / "bundler.libs/libgadget-0123abcd.so.4.5"
    ).read_bytes() == LIBRARY.read_bytes()
    out = tree / "libexec/trilho_server"
    sections = subprocess.run(
        ["readelf", "--sections", "--wide", out], capture_output=True, text=True, check=True
    )
    assert ".symtab" not in sections.stdout


def test_a_file_whose_segments_cannot_be_mapped_is_found(tmp_path: Path) -> None:
    assert native.segments_can_be_mapped(LIBRARY)
    broken = bytearray(LIBRARY.read_bytes())
    start, size = int.from_bytes(broken[32:40], "little"), int.from_bytes(broken[54:56], "little")
    loads = [
        start + index * size
        for index in range(int.from_bytes(broken[56:58], "little"))
        if broken[start + index * size] == 1
    ]
    # The offset of the second segment, a little further on.
    broken[loads[1] + 8] += 8
    (tmp_path / "broken.so").write_bytes(broken)
    assert not native.segments_can_be_mapped(tmp_path / "broken.so")


def test_byte_code_is_never_compared_with_its_source(tree: Path) -> None:
    sources = [path for path in (tree / "lib").rglob("*.py") if not path.is_symlink()]
    assert len(sources) > 500
    for source in sources:
        code = source.parent / "__pycache__" / f"{source.stem}.cpython-311.pyc"
        # PEP 552: a hash instead of a time, and nobody is to check it.
        assert int.from_bytes(code.read_bytes()[4:8], "little") == 1
        assert str(tree).encode() not in code.read_bytes()


def test_core_has_no_server_and_no_pages_of_tensorboard(tmp_path: Path) -> None:
    tree = _inputs(tmp_path / "inputs").stage("core", tmp_path / "trilho-core.tar")
    assert {path.name for path in (tree / "bin").iterdir()} == {
        "activate",
        "python",
        "python3",
        "trilho",
    }
    assert not (tree / "libexec/trilho_server").exists()
    packages = tree / "lib/python3/dist-packages"
    assert (packages / "tensorboard/main.py").exists()
    assert not (packages / "tensorboard/webfiles.zip").exists()
    assert "libssl-dev" not in (tree / "share/parts.tsv").read_text()


def test_the_server_alone_has_no_python(tmp_path: Path) -> None:
    tree = _inputs(tmp_path / "inputs").stage("server", tmp_path / "trilho-server.tar")
    assert [path.name for path in (tree / "bin").iterdir()] == ["trilho_server"]
    assert not list(tree.rglob("*.py"))
    assert (tree / "lib/tensorflow/libtensorflow_cc.so.2").exists()
    done = subprocess.run([tree / "bin/trilho_server", "yes"], capture_output=True, check=True)
    assert done.stdout == b"yes\n"


def test_a_file_has_one_owner(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree")
    one, other = (tree.add_part(Part(name, "1", "wheel")) for name in ("one", "other"))
    tree.write("shared.py", "", one)
    with pytest.raises(
        ValueError, match=r"shared\.py of wheel:other is there already, from wheel:one"
    ):
        tree.write("shared.py", "", other)
    with pytest.raises(ValueError, match="relative"):
        tree.link("link", "/usr/bin/python3", one)


@pytest.mark.parametrize(
    ("file", "profile", "left_out"),
    [
        ("numpy/testing/__init__.py", "full", False),
        ("tensorflow/_api/v2/test/__init__.py", "full", False),
        ("sklearn/tree/tests/test_tree.py", "full", True),
        ("keras/src/ops/numpy_test.py", "full", True),
        ("keras/src/utils/model_visualization.py", "full", False),
        ("tensorflow/compiler/tf2xla/ops/_xla_ops.so", "full", True),
        ("pyarrow/libarrow_python.so.2600", "full", False),
        ("pyarrow/libarrow_python.so", "full", True),
        ("pyarrow/libarrow_python.so.2600.1.0", "full", True),
        ("pyarrow/libarrow.so.2600", "full", False),
        ("fontTools/misc/bezierTools.py", "full", False),
        ("fontTools/misc/bezierTools.cpython-311-x86_64-linux-gnu.so", "full", True),
        ("tensorboard/webfiles.zip", "full", False),
        ("tensorboard/webfiles.zip", "core", True),
    ],
)
def test_the_rules_of_leaving_out(file: str, profile: str, left_out: bool) -> None:
    assert bool(pruning.left_out(file, profile)) == left_out


def test_a_change_that_does_not_fit_any_more_is_refused() -> None:
    ((name, (before, after)),) = pruning.CHANGES.items()
    assert pruning.changed("other.py", before.encode()) == before.encode()
    assert pruning.changed(name, f"import os\n{before}".encode()) == f"import os\n{after}".encode()
    with pytest.raises(ValueError, match="has no line"):
        pruning.changed(name, b"import os\n")


def test_a_requirement_of_another_extra_or_system_is_not_followed(tmp_path: Path) -> None:
    requires = ["needed", 'other; extra == "spark"', 'windows; sys_platform == "win32"']
    install(tmp_path, "top", {}, [*requires, 'asked_for; extra == "train"'])
    install(tmp_path, "needed", {}, ["Top"])
    install(tmp_path, "asked-for", {})
    assert Site(tmp_path).closure("Top", ["train"]) == ["asked-for", "needed", "top"]


def test_a_profile_leaves_out_what_only_pages_need(tmp_path: Path) -> None:
    install(tmp_path, "tensorboard", {}, ["werkzeug", "protobuf"])
    install(tmp_path, "protobuf", {})
    install(tmp_path, "werkzeug", {})
    site = Site(tmp_path)
    both = ["protobuf", "tensorboard"]
    assert site.closure("tensorboard", [], profile="core") == both
    assert site.closure("tensorboard", [], profile="full") == [*both, "werkzeug"]


# Its description of itself.


def test_every_part_is_listed_with_what_it_weighs(tree: Path) -> None:
    rows = [line.split("\t") for line in (tree / "share/parts.tsv").read_text().splitlines()]
    assert rows[0] == ["name", "version", "kind", "bytes"]
    parts = {(name, kind): (version, int(size)) for name, version, kind, size in rows[1:]}
    server = (tree / "libexec/trilho_server").stat().st_size
    assert parts["trilho-server", "ours"] == ("1.2.3", server)
    assert parts["libssl-dev", "static"][1] == 0
    assert parts["bundler", "wheel"][0] == "1.0"
    assert {"debian", "ours", "static", "wheel"} == {kind for _, kind in parts}
    files = [path for path in tree.rglob("*") if path.is_file()]
    # These two are written when all is weighed.
    weight = sum(p.lstat().st_size for p in files if p.name not in {"SHA256SUMS", "parts.tsv"})
    assert sum(size for _, size in parts.values()) == weight


def test_the_bill_names_what_scanners_miss(bill: dict[str, Any]) -> None:
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    found = {component["bom-ref"]: component for component in bill["components"]}
    assert found["debian:libc6"]["purl"].startswith("pkg:deb/debian/libc6@2.")
    assert len(found["debian:libc6"]["hashes"][0]["content"]) == 64
    assert {"name": "debian:source", "value": "glibc"} in found["debian:libc6"]["properties"]
    assert {"static:libgrpc-dev", "static:libprotobuf-dev", "static:libabsl-dev"} <= set(found)
    (gadget,) = found["wheel:bundler"]["components"]
    assert gadget["name"] == "libgadget"
    assert gadget["hashes"][0]["content"] == hashlib.sha256(LIBRARY.read_bytes()).hexdigest()
    assert [one["name"] for one in found["wheel:tensorflow-cpu"]["components"]] == ["Some Codec"]
    (pip,) = found["debian:python3-pip-whl"]["components"]
    assert pip["purl"].startswith("pkg:pypi/pip@")
    needs = {one["ref"]: one["dependsOn"] for one in bill["dependencies"]}
    assert needs["wheel:tensorflow-cpu"] == ["wheel:bundler", "wheel:tensorboard"]
    assert "static:libssl-dev" in needs["ours:trilho-server"]


def test_the_bill_says_how_complete_it_is(bill: dict[str, Any]) -> None:
    stated = {one["aggregate"]: one["assemblies"] for one in bill["compositions"]}
    assert stated["complete"] == ["trilho-full@1.2.3"]
    assert stated["incomplete"] == ["wheel:bundler", "wheel:tensorflow-cpu"]


def test_every_licence_is_there_and_what_it_refers_to(tree: Path) -> None:
    text = (tree / "share/licenses.txt").read_text()
    for part in ("The licence of bundler", "GNU C Library", "OpenSSL", "Boost", "Our own licence"):
        assert part in text
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in text
    assert text.count("The licence of bundler") == 1


# Refusals.


def test_what_was_changed_after_its_install_is_not_shipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inputs = _inputs(tmp_path / "inputs")
    inputs.site_file("bundler/__init__.py").write_text("def add(a, b): return 0\n")
    assert "bundler/__init__.py of bundler is not what its RECORD says" in _refused(
        capsys, inputs, "core"
    )


def test_a_wheel_takes_the_place_of_what_is_installed(tmp_path: Path) -> None:
    inputs = _inputs(tmp_path / "inputs")
    inputs.site_file("bundler/__init__.py").write_text("amended where it lies\n")
    wheel = tmp_path / "bundler-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, data in distribution(
            "bundler", "1.0", {"bundler/__init__.py": b"A = 1\n"}, []
        ).items():
            archive.writestr(name, data)
    tree = inputs.stage("core", tmp_path / "core.tar", f"--wheel={wheel}")
    packages = tree / "lib/python3/dist-packages"
    assert (packages / "bundler/__init__.py").read_text() == "A = 1\n"


def test_a_library_that_is_not_carried_is_named(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "tree")
    part = tree.add_part(Part("some", "1", "wheel"))
    tree.copy(LIBRARY, "lib/libutil.so.1", part)
    assert native.missing_libraries(tree) == [
        "libc.so.6, which 1 files need, libutil.so.1 among them"
    ]


def test_a_missing_input_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inputs = _inputs(tmp_path / "inputs")
    wrong = Inputs(inputs.folder, tmp_path, inputs.static)
    assert "has no packages.tsv; is it the folder of @debian_runtime?" in _refused(
        capsys, wrong, "core"
    )
    (inputs.folder / "version.bzl").write_text("VERSION = 1\n")
    assert 'has no line VERSION = "..."' in _refused(capsys, inputs, "core")


def test_wrong_usage_names_the_option(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inputs = _inputs(tmp_path / "inputs")
    assert "choose from 'core', 'full', 'server'" in _refused(capsys, inputs, "small")
    assert "--profile=server has no Python" in _refused(capsys, inputs, "server", "--extra=x")
