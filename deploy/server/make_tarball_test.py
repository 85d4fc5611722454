"""The tarball has the tree and what was added, and is whole or not there."""

import hashlib
import os
import tarfile
from pathlib import Path

import pytest

from deploy.server import make_tarball
from deploy.server.small_tree import LINKS, PROGRAMS, TEXTS, write_tree

ADDED = {"README.md": "Read this", "etc/trilho-server/flags": "--port=1\n"}
TOP = "trilho-server-1.2.3"


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    """A command line that adds two files and a program."""
    write_tree(tmp_path / "tree.tar")
    made = [f"--tree={tmp_path / 'tree.tar'}", "--quick"]
    for number, (path, text) in enumerate(ADDED.items()):
        file = tmp_path / str(number)
        file.write_text(text)
        # Whoever builds may hide their files from others.
        file.chmod(0o600)
        made.append(f"--add={path}={file}")
    (tmp_path / "check").write_bytes(b"check")
    return [*made, f"--add_program=libexec/check={tmp_path / 'check'}"]


def make(words: list[str], output: Path) -> tarfile.TarFile:
    """Makes a tarball and opens it."""
    assert make_tarball.main([*words, f"--output={output}"]) == 0
    return tarfile.open(output)


def contents(tar: tarfile.TarFile) -> dict[str, bytes]:
    """The files of a tarball, by their path below its folder."""
    found = {}
    for member in tar:
        if member.isreg() and (file := tar.extractfile(member)):
            found[member.name.removeprefix(f"{TOP}/")] = file.read()
    return found


def test_it_has_the_tree_and_the_additions_in_one_folder(words: list[str], tmp_path: Path) -> None:
    with make(words, tmp_path / "made.tar.xz") as tar:
        names = tar.getnames()
        found = contents(tar)
        links = {member.name: member.linkname for member in tar if member.issym()}
    assert {name.split("/")[0] for name in names} == {TOP}
    assert links == {f"{TOP}/{path}": target for path, target in LINKS.items()}
    sums = found.pop("SHA256SUMS").decode()
    expected = {path: text.encode() for path, text in {**TEXTS, **ADDED}.items()} | {
        "libexec/check": b"check"
    }
    assert found == expected
    lines = [
        f"{hashlib.sha256(data).hexdigest()}  {path}\n" for path, data in sorted(found.items())
    ]
    assert sums == "".join(lines)


def test_a_folder_comes_before_what_is_in_it(words: list[str], tmp_path: Path) -> None:
    with make(words, tmp_path / "made.tar.xz") as tar:
        seen = {""}
        for member in tar:
            assert member.name.rpartition("/")[0] in seen, member.name
            if member.isdir():
                seen.add(member.name)


def test_modes_and_owners_are_not_the_builders(words: list[str], tmp_path: Path) -> None:
    with make(words, tmp_path / "made.tar.xz") as tar:
        for member in tar:
            path = member.name.removeprefix(f"{TOP}/")
            program = member.isdir() or path in (*PROGRAMS, "libexec/check")
            if not member.issym():
                assert member.mode == (0o755 if program else 0o644), path
            assert (member.uid, member.gid, member.uname, member.gname) == (0, 0, "", "")
            assert member.mtime == make_tarball.EPOCH


@pytest.mark.parametrize("quick", [True, False])
def test_the_same_contents_are_the_same_bytes(
    words: list[str], tmp_path: Path, quick: bool
) -> None:
    chosen = [word for word in words if quick or word != "--quick"]
    made = []
    for folder, mask in (("one", 0o022), ("two", 0o077)):
        before = os.umask(mask)
        try:
            (tmp_path / folder).mkdir()
            make(chosen, tmp_path / folder / "made.tar.xz").close()
        finally:
            os.umask(before)
        made.append((tmp_path / folder / "made.tar.xz").read_bytes())
        for file in tmp_path.iterdir():
            os.utime(file, (1, 1))
        chosen = [chosen[0], *reversed(chosen[1:])]
    assert made[0] == made[1]


def wrong(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What is said of a run that must fail and leave nothing."""
    output = tmp_path / "wrong" / "made.tar.xz"
    output.parent.mkdir()
    assert make_tarball.main([*words, f"--output={output}"]) == 1
    assert list(output.parent.iterdir()) == []
    return capsys.readouterr().err


def test_a_tree_of_another_profile_is_refused(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_tree(tmp_path / "tree.tar", texts={**TEXTS, "PROFILE": "full\n"})
    assert "holds the profile full; the tarball is made of server" in wrong(words, tmp_path, capsys)


def test_a_file_that_was_altered_is_named(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sums = "".join(f"{'0' * 64}  {path}\n" for path in TEXTS)
    write_tree(tmp_path / "tree.tar", sums=sums)
    assert "PROFILE of " in (said := wrong(words, tmp_path, capsys))
    assert "is not the file that its SHA256SUMS tells of" in said


def test_a_file_that_is_no_tree_is_refused(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_tree(tmp_path / "tree.tar", texts={"some": "file"})
    assert "it has no file PROFILE" in wrong(words, tmp_path, capsys)


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("bin/trilho_server", "has already: bin/trilho_server"),
        ("README.md", "README.md is added twice"),
        ("../out", "../out: a file lies below the tarball's folder"),
        ("/etc/flags", "/etc/flags: a file lies below the tarball's folder"),
    ],
)
def test_an_addition_that_cannot_be_is_named(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], path: str, problem: str
) -> None:
    assert problem in wrong([*words, f"--add={path}={tmp_path / '0'}"], tmp_path, capsys)


def test_an_addition_without_a_file_is_told(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "README: write PATH=FILE" in wrong([*words, "--add=README"], tmp_path, capsys)
