"""What --data may be, for all models."""

import gzip
from pathlib import Path

import pytest

from trilho.data import mnist, movielens
from trilho.data.cache import DataError
from trilho.training.recipe import find_recipes


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and nothing to fetch with."""
    monkeypatch.setenv("TRILHO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    return tmp_path / "cache"


@pytest.mark.parametrize("model", ["census", "mnist", "recommender"])
def test_nothing_is_fetched_into_a_folder_that_somebody_names(model: str, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()

    with pytest.raises(DataError, match=r"mine: .*expected .*; without --data .* fetched"):
        find_recipes()[model].fetch(str(tmp_path / "mine"))

    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert not list((tmp_path / "mine").iterdir())


@pytest.mark.parametrize("model", ["mnist", "recommender"])
@pytest.mark.parametrize("source", ["missing", "hdfs:///data"])
def test_what_is_no_folder_is_told(model: str, source: str) -> None:
    with pytest.raises(DataError, match=f"{source}: expected a local folder with "):
        find_recipes()[model].fetch(source)


def test_other_data_in_the_files_of_a_data_set_stays_what_it_is(tmp_path: Path) -> None:
    names = [*(f"{name}.gz" for name in mnist.FILES), *movielens.FILES]
    for name in names:
        (tmp_path / name).write_bytes(gzip.compress(b"mine"))

    for model in ("mnist", "recommender"):
        assert find_recipes()[model].fetch(str(tmp_path)) == str(tmp_path)

    assert {gzip.decompress((tmp_path / name).read_bytes()) for name in names} == {b"mine"}
    (tmp_path / next(iter(mnist.FILES))).with_suffix(".gz").unlink()
    with pytest.raises(DataError, match="has no train-images-idx3-ubyte; without --data"):
        find_recipes()["mnist"].fetch(str(tmp_path))
