from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trilho.convert.conversion import convert
from trilho.convert.engines import LocalEngine
from trilho.convert.problems import ConvertError


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "table"
    folder.mkdir()
    pq.write_table(pa.table({"number": range(10)}), folder / "a.parquet")
    return folder


def run(source: Path | str, target: Path | str) -> None:
    convert(str(source), str(target), engine=LocalEngine(1), overwrite=True)


def content(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_earlier_conversion_and_an_empty_folder_are_replaced(
    source: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    for _ in range(2):
        run(source, tmp_path / "out")
    assert (tmp_path / "out" / "_SUCCESS").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "table"]


@pytest.mark.parametrize(
    ("files", "named"),
    [
        (["1/manifest.json", "2/manifest.json"], "has 1, 2;"),
        (["schema.json", "_SUCCESS", "notes"], "has notes;"),
        (["a", "b", "c", "d", "e"], "has a, b, c and 2 more;"),
        # Spark's.
        (["_SUCCESS", "part-00000-5f1e.snappy.parquet"], "has part-00000-5f1e.snappy.parquet;"),
        (["part-00000-of-00001.tfrecord"], "has no schema.json;"),
    ],
)
def test_what_is_no_conversion_stays_and_is_named(
    source: Path, tmp_path: Path, files: list[str], named: str
) -> None:
    for file in files:
        (tmp_path / "out" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / file).write_text("mine")
    before = content(tmp_path)

    with pytest.raises(ConvertError, match=f"out: exists already, .*{named} choose another"):
        run(source, tmp_path / "out")

    assert content(tmp_path) == before


def test_a_file_or_a_link_is_not_replaced(source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    run(source, tmp_path / "out")
    (tmp_path / "link").symlink_to(tmp_path / "out")

    for name in ("file", "link"):
        with pytest.raises(ConvertError, match=f"{name}: exists already, and is no folder"):
            run(source, tmp_path / name)

    assert (tmp_path / "file").read_text() == "mine"
    assert (tmp_path / "link" / "_SUCCESS").exists()


def test_the_table_itself_is_not_replaced(source: Path, tmp_path: Path) -> None:
    before = content(tmp_path)
    for asked, target in [
        (source, source),
        (source / "a.parquet", source),
        (source, tmp_path),
        (source / "*.parquet", source),
    ]:
        with pytest.raises(ConvertError, match=r"exists already, .* choose another folder"):
            run(asked, target)
    with pytest.raises(ConvertError, match="exists already, and is no folder"):
        run(source / "a.parquet", source / "a.parquet")
    assert content(tmp_path) == before


def test_what_is_made_of_a_table_is_no_part_of_it(source: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(source)
    (source / "out").mkdir()

    for target in (source / "new", source / "out", tmp_path / "link" / "new"):
        with pytest.raises(ConvertError, match="table is converted, and is apart"):
            run(source, target)
    assert sorted(path.name for path in source.iterdir()) == ["a.parquet", "out"]

    # Of a pattern the folder is no part.
    run(source / "*.parquet", source / "out")
    assert (source / "out" / "_SUCCESS").exists()


def test_nobody_s_working_directory_is_replaced(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(source, tmp_path / "out")
    (tmp_path / "empty").mkdir()

    for name in ("out", "empty"):
        monkeypatch.chdir(tmp_path / name)
        for target in (".", str(tmp_path / name)):
            with pytest.raises(ConvertError, match="is the folder you are in"):
                run(source, target)
    assert (tmp_path / "out" / "_SUCCESS").exists()


def test_somebody_else_s_folder_is_not_taken_for_a_leftover(source: Path, tmp_path: Path) -> None:
    run(source, tmp_path / "out")
    (tmp_path / ".out.replaced").mkdir()
    (tmp_path / ".out.replaced" / "diary").write_text("mine")

    with pytest.raises(ConvertError, match=r"\.out\.replaced: exists already, .* has diary;"):
        run(source, tmp_path / "out")
    assert (tmp_path / ".out.replaced" / "diary").read_text() == "mine"

    # What a conversion that was killed has set aside is none of theirs.
    (tmp_path / ".out.replaced" / "diary").unlink()
    (tmp_path / ".out.replaced" / "schema.json").touch()
    run(source, tmp_path / "out")
    assert not (tmp_path / ".out.replaced").exists()


def test_other_file_systems_are_looked_at_as_well(source: Path) -> None:
    memory = fsspec.filesystem("memory")
    memory.put(str(source), "/targets/in", recursive=True)
    memory.pipe_file("/targets/mine/diary", b"mine")

    with pytest.raises(ConvertError, match="has diary; choose another folder"):
        run("memory://targets/in", "memory://targets/mine")
    with pytest.raises(ConvertError, match="in is converted, and is apart"):
        run("memory://targets/in", "memory://targets/in/out")

    assert memory.cat_file("/targets/mine/diary") == b"mine"
    for _ in range(2):
        run("memory://targets/in", "memory://targets/out")
    assert memory.exists("/targets/out/_SUCCESS")
