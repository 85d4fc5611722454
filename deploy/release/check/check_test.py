"""Tries the checks on the everyday build's release, and on harmed ones."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from deploy.release import sums
from deploy.release.check import files, main, serving
from deploy.release.check.steps import CheckError, Steps

FAILS_AT_ITS_END = """\
#!/bin/sh
trap 'exit 9' TERM
echo serving gRPC on port 1
echo serving HTTP on port 2
while :; do sleep 0.05; done
"""
DIST = Path("bazel-bin/deploy/release/dist_quick")


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    shutil.copytree(DIST, folder)
    folder.chmod(0o755)
    for file in folder.iterdir():
        file.chmod(0o644)
    return folder


def bill_of(dist: Path) -> Path:
    (bill,) = dist.glob("trilho-*.cdx.json")
    return bill


def test_the_everyday_release_is_well(dist: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["--dist", str(dist), "--only", "files"]) == 0
    out = capsys.readouterr().out
    assert "validating by CycloneDX's schema" in out
    assert "looking for what a central repository demands" in out
    assert out.endswith("All of dist (files) is well.\n")


def test_a_bill_that_keeps_not_the_schema_is_refused(
    dist: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bill = json.loads(bill_of(dist).read_text())
    library = next(part for part in bill["components"] if part["type"] == "library")
    library["type"] = "gadget"
    bill_of(dist).write_text(json.dumps(bill))
    sums.write(dist)
    assert main.main(["--dist", str(dist), "--only", "files"]) == 1
    assert "is no valid CycloneDX document" in capsys.readouterr().err


def test_a_file_that_no_list_has_is_named(dist: Path) -> None:
    (dist / "surprise.txt").touch()
    with pytest.raises(ValueError, match=r"surprise\.txt"):
        files.check_listed(dist)
    sums.write(dist)
    with pytest.raises(ValueError, match=r"SHA256SUMS and the bill differ.*surprise\.txt"):
        files.check_listed(dist)


def test_signatures_belong_to_a_release(dist: Path) -> None:
    (dist / "SHA256SUMS.minisig").touch()
    (dist / "trilho-client-0.1.0-bundle-signed.zip").touch()
    assert files.check_listed(dist)


def test_an_artifact_that_is_not_what_the_bill_says_is_named(dist: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    with wheel.open("ab") as file:
        file.write(b"\n")
    sums.write(dist)
    with pytest.raises(ValueError, match=f"{wheel.name} has another hash"):
        files.check_listed(dist)


def test_a_failed_step_names_artifact_program_and_what_it_said(tmp_path: Path) -> None:
    steps = Steps(tmp_path / "log")
    with (
        pytest.raises(CheckError, match=r"(?s)a\.whl: installing: sh ended with 3:\nno room"),
        steps.step("a.whl", "installing"),
    ):
        steps.run("sh", "-c", "echo no room; exit 3")
    assert "no room" in (tmp_path / "log").read_text()


def test_steps_tell_what_they_took(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    steps = Steps(tmp_path / "log")
    with steps.step("a.whl", "installing"):
        steps.run("true")
    assert capsys.readouterr().out.startswith("a.whl: installing\n  0.")
    assert steps.table().endswith(" s  a.whl: installing")


def tarball(folder: Path, script: str) -> Path:
    """Writes a tarball with a program in the server's place."""
    tree = folder / "trilho-server-1"
    (tree / "bin").mkdir(parents=True)
    program = tree / "bin" / "trilho_server"
    program.write_text(script)
    program.chmod(0o755)
    file = folder / "server.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        archive.add(tree, tree.name)
    return file


def test_a_server_that_ends_at_once_shows_its_log(tmp_path: Path) -> None:
    file = tarball(tmp_path, "#!/bin/sh\necho no such model >&2\nexit 2\n")
    program = serving.unpack(file, tmp_path / "unpacked")
    with (
        pytest.raises(ValueError, match=r"(?s)ended with 2:.*no such model"),
        serving.serve(program, log=tmp_path / "log"),
    ):
        pytest.fail("it serves")


def test_a_server_that_fails_at_its_end_is_no_success(tmp_path: Path) -> None:
    program = serving.unpack(tarball(tmp_path, FAILS_AT_ITS_END), tmp_path / "unpacked")
    with (
        pytest.raises(ValueError, match="ended with 9 at SIGTERM"),
        serving.serve(program, log=tmp_path / "log") as address,
    ):
        assert (address.grpc, address.http) == (1, 2)


def test_wrong_usage_names_the_parts() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.release.check.main", "--only", "roofs"],
        check=False,
        capture_output=True,
        env={**os.environ, "COLUMNS": "200"},
        text=True,
    )
    assert done.returncode == 2
    for part in main.PARTS:
        assert part in done.stderr


def test_what_is_no_release_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["--dist", str(tmp_path), "--only", "files"]) == 1
    assert "expected one trilho-VERSION.cdx.json, found 0" in capsys.readouterr().err
