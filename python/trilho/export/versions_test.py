from pathlib import Path

import pytest

from trilho.export.versions import (
    ExportError,
    check_version,
    list_versions,
    new_version,
    next_version,
)


def _publish(folder: Path, version: int | None = None) -> int:
    with new_version(folder, version=version) as new:
        (new.aside / "file").write_text("content")
    return new.version


def test_versions_are_numbers_in_order(tmp_path: Path) -> None:
    for name in ("10", "9", "1", "01", "0", "-1", ".tmp-2-7", "logs", "9" * 19):
        (tmp_path / name).mkdir()
    assert list_versions(tmp_path) == [1, 9, 10]
    assert next_version(tmp_path) == 11
    assert next_version(tmp_path / "missing") == 1


def test_the_next_free_number_is_taken(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "model"
    assert [_publish(folder), _publish(folder, 5), _publish(folder)] == [1, 5, 6]
    assert sorted(path.name for path in folder.iterdir()) == ["1", "5", "6"]
    assert (folder / "6" / "file").read_text() == "content"


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch])
def test_an_existing_version_is_never_overwritten(tmp_path: Path, make: object) -> None:
    assert callable(make)
    make(tmp_path / "3")
    with pytest.raises(ExportError, match=r"/3 exists already"):
        _publish(tmp_path, 3)
    assert [path.name for path in tmp_path.iterdir()] == ["3"]


def test_a_version_that_came_up_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    with (
        pytest.raises(ExportError, match=r"/3 exists already"),
        new_version(tmp_path, version=3),
    ):
        (tmp_path / "3").mkdir()
    assert [path.name for path in tmp_path.iterdir()] == ["3"]
    assert list((tmp_path / "3").iterdir()) == []


def test_an_open_number_moves_on_when_it_is_taken_meanwhile(tmp_path: Path) -> None:
    with new_version(tmp_path) as new:
        (tmp_path / "1").mkdir()
    assert new.version == 2
    assert new.folder == tmp_path / "2"
    assert list_versions(tmp_path) == [1, 2]


@pytest.mark.parametrize("version", [0, -1, 2**63])
def test_a_number_that_the_server_would_not_take_is_refused(tmp_path: Path, version: int) -> None:
    with pytest.raises(ExportError, match="is no version"):
        check_version(tmp_path, version)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_nothing_stays_behind(tmp_path: Path, error: type[BaseException]) -> None:
    def fail() -> None:
        with new_version(tmp_path / "deep" / "model") as new:
            (new.aside / "file").write_text("content")
            raise error

    with pytest.raises(error):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_other_versions_stay_when_one_fails(tmp_path: Path) -> None:
    _publish(tmp_path)
    with pytest.raises(ValueError, match="no"), new_version(tmp_path):
        raise ValueError("no")
    assert [path.name for path in tmp_path.iterdir()] == ["1"]
