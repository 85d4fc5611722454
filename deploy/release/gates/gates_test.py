"""Compares releases that differ by made-up changes, each of which breaks somebody.

The Python package and the contracts are those that were built; the Java ones are of two small
classes, compiled here.
"""

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from deploy.release.gates import contracts_api, java_api, main, python_api

DIST = Path("bazel-bin/deploy/release/dist_quick")
TRILHO = Path("bazel-bin/python/command").absolute()
JAPICMP = Path(os.environ.get("TRILHO_JAPICMP", ""))
JAVA = """
package io.trilho.client;
public class Caller {
  public int call(int times) { return times; }
  public interface Listener { void done(); }
}
"""


def java_bundle(file: Path, folder: Path, source: str) -> None:
    """Writes a bundle whose jar has a class."""
    folder.mkdir()
    (folder / "Caller.java").write_text(source)
    subprocess.run(["javac", "-d", "classes", "Caller.java"], cwd=folder, check=True)
    subprocess.run(["jar", "-cf", "caller.jar", "-C", "classes", "."], cwd=folder, check=True)
    with zipfile.ZipFile(file, "w") as archive:
        archive.write(folder / "caller.jar", "io/trilho/caller.jar")


def replace(archive: Path, name: str, old: bytes, new: bytes) -> None:
    """Alters a file of an archive."""
    with zipfile.ZipFile(archive) as content:
        files = {entry: content.read(entry) for entry in content.namelist()}
    assert old in files[name], f"{name} has no {old!r}: choose another made-up change"
    files[name] = files[name].replace(old, new)
    with zipfile.ZipFile(archive, "w") as content:
        for entry, value in files.items():
            content.writestr(entry, value)


class Releases:
    """A last release and a next one, which is the same under a later version."""

    def __init__(self, folder: Path, version: str) -> None:
        self.old, self.new = folder / "old", folder / "new"
        for name, number in ((self.old, "0.1.0"), (self.new, version)):
            name.mkdir()
            for file in DIST.glob("*"):
                if file.name.endswith((".whl", ".zip")) and "bundle" not in file.name:
                    parts = file.name.split("-")
                    parts[1 if file.suffix == ".whl" else 2] = (
                        number if file.suffix == ".whl" else f"{number}.zip"
                    )
                    shutil.copyfile(file, name / "-".join(parts))
            java_bundle(name / f"trilho-client-{number}-bundle.zip", folder / f"{name}-java", JAVA)
        self.old_wheel = self.old / "trilho-0.1.0-py3-none-any.whl"
        self.old_bundle = self.old / "trilho-client-0.1.0-bundle.zip"
        self.old_contracts = self.old / "trilho-contracts-0.1.0.zip"
        self.wheel = self.new / f"trilho-{version}-py3-none-any.whl"
        self.bundle = self.new / f"trilho-client-{version}-bundle.zip"
        self.contracts = self.new / f"trilho-contracts-{version}.zip"

    def gate(self) -> int:
        """Compares them, and returns the exit code."""
        return main.main(
            [
                *(str(self.old), "--new", str(self.new), "--trilho", str(TRILHO)),
                *("--japicmp", str(JAPICMP), "--java-classpath", str(JAPICMP)),
            ]
        )


@pytest.fixture
def patch(tmp_path: Path) -> Releases:
    return Releases(tmp_path, "0.1.1")


def test_the_same_release_breaks_nobody(
    patch: Releases, capsys: pytest.CaptureFixture[str]
) -> None:
    assert patch.gate() == 0
    out = capsys.readouterr().out
    for name in ("Java", "Python", "contracts"):
        assert f"{name}: no breaks" in out


def java(releases: Releases) -> list[str]:
    bundles = [releases.old_bundle, releases.bundle]
    return java_api.breaks(*bundles, japicmp=JAPICMP, classpath=JAPICMP)


def test_a_method_of_java_that_returns_another_type(patch: Releases, tmp_path: Path) -> None:
    changed = JAVA.replace("public int call", "public long call")
    java_bundle(patch.bundle, tmp_path / "changed", changed)
    (found,) = java(patch)
    assert "io.trilho.client.Caller" in found
    assert "MODIFIED METHOD: PUBLIC long (<-int) call(int)" in found


def test_a_method_of_java_that_implementations_lack(patch: Releases, tmp_path: Path) -> None:
    changed = JAVA.replace("void done();", "void done(); void failed();")
    java_bundle(patch.bundle, tmp_path / "changed", changed)
    (found,) = java(patch)
    assert "Caller$Listener" in found
    assert "NEW METHOD: PUBLIC(+) ABSTRACT(+) void failed()" in found


def test_a_class_of_java_that_is_gone(patch: Releases, tmp_path: Path) -> None:
    changed = JAVA.replace("public interface Listener { void done(); }", "")
    java_bundle(patch.bundle, tmp_path / "changed", changed)
    (found,) = (line for line in java(patch) if "REMOVED INTERFACE" in line)
    assert "io.trilho.client.Caller$Listener" in found


def test_a_method_of_java_that_is_new_breaks_nobody(patch: Releases, tmp_path: Path) -> None:
    changed = JAVA.replace("public interface", "public void later() {} public interface")
    java_bundle(patch.bundle, tmp_path / "changed", changed)
    assert java(patch) == []


def test_a_method_of_python_that_is_gone(patch: Releases) -> None:
    replace(patch.wheel, "trilho/client/_client.py", b"def model_status(", b"def model_state(")
    assert python_api.breaks(patch.old_wheel, patch.wheel) == [
        "trilho.client._client.TrilhoClient.model_status: Public object was removed"
    ]


def test_a_parameter_of_python_that_is_gone(patch: Releases) -> None:
    replace(patch.wheel, "trilho/client/_client.py", b"timeout: float", b"seconds: float")
    found = python_api.breaks(patch.old_wheel, patch.wheel)
    assert "trilho.client._client.TrilhoClient.__init__: timeout: Parameter was removed" in found


def test_a_private_name_of_python_is_nobodys_business(patch: Releases) -> None:
    replace(patch.wheel, "trilho/contract/diff.py", b"_compare_models", b"_compare_the_models")
    assert python_api.breaks(patch.old_wheel, patch.wheel) == []


def test_a_contract_that_is_gone(patch: Releases) -> None:
    with zipfile.ZipFile(patch.contracts) as content:
        files = {name: content.read(name) for name in content.namelist()}
    with zipfile.ZipFile(patch.contracts, "w") as content:
        for name, value in files.items():
            if name != "mnist.desc":
                content.writestr(name, value)
    assert contracts_api.breaks(patch.old_contracts, patch.contracts, trilho=TRILHO) == [
        "mnist.desc: breaks clients: it is released no more"
    ]


def test_a_field_of_a_contract_with_another_name(patch: Releases) -> None:
    # The same length, so that the descriptor set can still be read.
    replace(patch.contracts, "mnist.desc", b"image_data", b"pixel_data")
    found = contracts_api.breaks(patch.old_contracts, patch.contracts, trilho=TRILHO)
    assert found
    assert all(line.startswith("mnist.desc: breaks") for line in found)
    assert any("pixel_data" in line for line in found)


def test_a_version_that_announces_no_breaks(
    patch: Releases, capsys: pytest.CaptureFixture[str]
) -> None:
    replace(patch.wheel, "trilho/client/_client.py", b"def model_status(", b"def model_state(")
    assert patch.gate() == 1
    said = capsys.readouterr()
    assert "Python: 1 break\n" in said.out
    assert (
        "0.1.1 after 0.1.0 announces no breaks: keep what was there, or raise the second"
        in said.err
    )


def test_a_version_that_announces_breaks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    minor = Releases(tmp_path, "0.2.0")
    replace(minor.wheel, "trilho/client/_client.py", b"def model_status(", b"def model_state(")
    assert minor.gate() == 0
    out = capsys.readouterr().out
    assert "Python: 1 break" in out
    assert "0.2.0 after 0.1.0 announces breaks: allowed" in out


def test_a_folder_that_is_no_release(patch: Releases, capsys: pytest.CaptureFixture[str]) -> None:
    patch.bundle.unlink()
    assert patch.gate() == 2
    assert "expected one trilho-client-*-bundle.zip, found 0" in capsys.readouterr().err
