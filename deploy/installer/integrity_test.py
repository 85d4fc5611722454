"""A file that was cut off or altered refuses to run, says why, and leaves nothing."""

import re
from pathlib import Path

import pytest

from deploy.installer.pack import BLOCK
from deploy.installer.small_tree import InstallerFile, everything_below


def blocks(file: InstallerFile) -> dict[str, int]:
    """Where each part of a file begins, in blocks."""
    header = file.path.read_bytes()[:BLOCK].decode()
    return {name: int(at) for name, at in re.findall(r"t_([a-z]+)_block=(\d+)", header)}


def altered(file: InstallerFile, at: int, folder: Path) -> InstallerFile:
    """A copy with one bit changed."""
    content = bytearray(file.path.read_bytes())
    content[at] ^= 1
    copy = folder / "altered.sh"
    copy.write_bytes(content)
    return InstallerFile(copy)


def cut(file: InstallerFile, length: int, folder: Path) -> InstallerFile:
    """The beginning of a file."""
    copy = folder / "cut.sh"
    copy.write_bytes(file.path.read_bytes()[:length])
    return InstallerFile(copy)


# A tool of the machine sums the parts, or, where there is none, the carried busybox.
TOOLS = {"sums": (), "no sums": ("sha256sum",)}


@pytest.fixture(params=TOOLS)
def env(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """A machine with few tools."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "dd", "wc", "mkdir", "chmod", "rm", "rmdir", "uname", "sed", "sha256sum"):
        if name not in TOOLS[request.param]:
            (tools / name).symlink_to(f"/usr/bin/{name}")
    return {"PATH": str(tools)}


@pytest.mark.parametrize(
    ("part", "offset", "words"),
    [
        ("busybox", 70_000, "busybox"),
        ("setup", 1024, "scripts"),
        ("tools", 600_000, "zstd"),
        ("payload", 20, "archive"),
        ("payload", -10, "archive"),
    ],
)
def test_an_altered_part_is_named(
    small: InstallerFile, tmp_path: Path, env: dict[str, str], part: str, offset: int, words: str
) -> None:
    begin = blocks(small)[part] * BLOCK if offset > 0 else small.path.stat().st_size
    bad = altered(small, begin + offset, tmp_path)
    done = bad.run("--prefix", tmp_path / "made/p", env=env, by=("/bin/sh",))
    assert done.returncode == 3, done.stderr
    assert "this file is altered" in done.stderr
    assert words in done.stderr
    assert not (tmp_path / "made").exists()


def test_an_altered_header_does_nothing(small: InstallerFile, tmp_path: Path) -> None:
    # Where the program ends, only line breaks follow.
    length = len(small.path.read_bytes()[:BLOCK].rstrip(b"\n"))
    for at in range(11, length, 401):
        bad = altered(small, at, tmp_path)
        done = bad.run("--prefix", tmp_path / "made/p")
        assert done.returncode != 0, (at, done.stderr)
        assert done.stderr, at
        assert not (tmp_path / "made").exists(), at


def test_a_changed_word_in_a_header_that_still_runs_is_told(
    small: InstallerFile, tmp_path: Path, env: dict[str, str]
) -> None:
    at = small.path.read_bytes().index(b"runs no programs")
    done = altered(small, at, tmp_path).run("--prefix", tmp_path / "p", env=env, by=("/bin/sh",))
    assert done.returncode == 3
    assert "its header is not what it was built with" in done.stderr
    assert not (tmp_path / "p").exists()


def test_a_file_that_is_cut_off_is_refused_wherever(
    small: InstallerFile, tmp_path: Path, env: dict[str, str]
) -> None:
    size = small.path.stat().st_size
    for length in (size - 1, size // 2, BLOCK + 17, BLOCK):
        done = cut(small, length, tmp_path).run(
            "--prefix", tmp_path / "p", env=env, by=("/bin/sh",)
        )
        assert done.returncode == 3
        assert f"this file is truncated: it has {length} of {size} bytes" in done.stderr
        assert not (tmp_path / "p").exists()


def test_a_header_that_is_cut_off_does_nothing(small: InstallerFile, tmp_path: Path) -> None:
    length = len(small.path.read_bytes()[:BLOCK].rstrip(b"\n"))
    for end in range(1000, length - 30, 997):
        cut(small, end, tmp_path).run("--prefix", tmp_path / "p")
        assert not (tmp_path / "p").exists(), end


def test_a_file_with_something_behind_it_is_refused(small: InstallerFile, tmp_path: Path) -> None:
    longer = tmp_path / "longer.sh"
    longer.write_bytes(small.path.read_bytes() + b"x")
    done = InstallerFile(longer).run("--prefix", tmp_path / "p")
    assert done.returncode == 3
    assert "this file is altered" in done.stderr


def test_through_a_pipe_it_says_how_to_call_it(small: InstallerFile, tmp_path: Path) -> None:
    header = small.path.read_bytes()[:BLOCK].decode()
    done = InstallerFile(Path("-s")).run("--", "--prefix", tmp_path / "p", stdin=header)
    assert done.returncode == 2
    assert "call it as a file: sh FILE, not through a pipe" in done.stderr


def test_verify_names_each_file_that_differs(small: InstallerFile, tmp_path: Path) -> None:
    prefix = tmp_path / "p"
    small.install(prefix)
    assert small.run("--verify", "--prefix", prefix).returncode == 0
    (prefix / "bin/hello").write_text("altered")
    (prefix / "current/share/licenses.txt").unlink()
    before = everything_below(prefix)
    for done in (
        small.run("--verify", "--prefix", prefix),
        InstallerFile(prefix / "setup.sh").run("--verify"),
    ):
        assert done.returncode == 8
        assert "bin/hello: FAILED" in done.stderr
        assert "share/licenses.txt: FAILED" in done.stderr
        assert "differs in 2 files" in done.stderr
    assert everything_below(prefix) == before


def test_verify_sees_that_the_list_itself_was_changed(small: InstallerFile, tmp_path: Path) -> None:
    small.install(tmp_path / "p")
    (tmp_path / "p/current/SHA256SUMS").write_text("")
    done = small.run("--verify", "--prefix", tmp_path / "p")
    assert done.returncode == 8
    assert "differs from this file" in done.stderr


def test_verify_without_an_install_says_so(small: InstallerFile, tmp_path: Path) -> None:
    done = small.run("--verify", "--prefix", tmp_path)
    assert done.returncode == 9
    assert "there is no install to verify" in done.stderr
