from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trilho.data import movielens
from trilho.data.cache import DataError

# The files' own columns; ids are not the rows' numbers.
_USERS: dict[str, list[Any]] = {
    "user_id": [7, 3],
    "age": [24, 53],
    "gender": ["M", "F"],
    "occupation": ["technician", "other"],
    "zip_code": ["85711", "94043"],
}
_ITEMS: dict[str, list[Any]] = {
    "movie_id": [10, 20, 30],
    "movie_title": ["Toy Story (1995)", "Nosferatu (1922)", "unknown"],
    "release_date": ["01-Jan-1995", "04-Mar-1922", None],
    **{name: [0, 0, 0] for name in movielens.GENRES},
    "Comedy": [1, 0, 0],
    "Horror": [0, 1, 0],
}
_RATINGS: dict[str, list[Any]] = {
    "user_id": [3, 7, 3],
    "movie_id": [30, 10, 20],
    "rating": [3, 5, 1],
    "timestamp": [881250949, 891717742, 878887116],
}


def _write(folder: Path, **changes: dict[str, list[Any]]) -> Path:
    for name, columns in (("users", _USERS), ("items", _ITEMS), ("data", _RATINGS)):
        table = pa.table({**columns, **changes.get(name, {})})
        pq.write_table(table, folder / f"MovieLens100k_{name}.parquet.brotli", compression="brotli")
    return folder


def test_users_and_items_are_told_by_their_rows(tmp_path: Path) -> None:
    read = movielens.load(_write(tmp_path))
    assert (read.user_ids, read.item_ids) == (["7", "3"], ["10", "20", "30"])
    assert read.users.tolist() == [1, 0, 1]
    assert read.items.tolist() == [2, 0, 1]
    assert read.ratings.tolist() == [3, 5, 1]
    assert read.ratings.dtype == np.float32
    assert read.times.tolist() == _RATINGS["timestamp"]


def test_what_is_known_of_them(tmp_path: Path) -> None:
    read = movielens.load(_write(tmp_path))
    assert (read.ages.tolist(), read.genders) == ([24, 53], ["M", "F"])
    assert read.occupations == ["technician", "other"]
    assert read.titles == _ITEMS["movie_title"]
    assert read.years.tolist() == [1995, 1922, 0]
    comedy, horror = movielens.GENRES.index("Comedy"), movielens.GENRES.index("Horror")
    assert np.argwhere(read.genres).tolist() == [[0, comedy], [1, horror]]


@pytest.mark.parametrize(
    ("file", "changes", "message"),
    [
        ("data", {"movie_id": [30, 40, 20]}, "nothing is known of 40"),
        ("data", {"user_id": [3, 7, 8]}, "nothing is known of 8"),
        ("data", {"rating": [3, 6, 1]}, "ratings must be 1 to 5"),
        ("data", {"rating": [3, 0, 1]}, "ratings must be 1 to 5"),
        ("users", {"age": [24, None]}, "column age, row 1: expected a value, found none"),
        ("users", {"gender": [None, "F"]}, "column gender, row 0: expected a value, found none"),
        ("items", {"release_date": ["01-Jan-1995", "some day", None]}, "release_date"),
        (
            "data",
            {"rating": [3, float("nan"), 1]},
            "_data.*: column rating, row 1: expected a finite",
        ),
        (
            "data",
            {"timestamp": [1, 2, None]},
            "column timestamp, row 2: expected a value, found none",
        ),
        (
            "users",
            {"age": [float("inf"), 53]},
            "column age, row 0: expected a finite number, found inf",
        ),
    ],
)
def test_what_cannot_be_is_refused(
    tmp_path: Path, file: str, changes: dict[str, list[Any]], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        movielens.load(_write(tmp_path, **{file: changes}))


def test_a_file_that_is_missing_damaged_or_another_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"Cannot read .*_users"):
        movielens.load(tmp_path)
    _write(tmp_path)
    path = tmp_path / "MovieLens100k_items.parquet.brotli"
    pq.write_table(pa.table({"movie_id": [10]}), path)
    with pytest.raises(DataError, match="movie_title"):
        movielens.load(tmp_path)
    path.write_bytes(b"no Parquet")
    with pytest.raises(DataError, match="Cannot read"):
        movielens.load(tmp_path)


def test_only_the_real_files_are_taken(tmp_path: Path) -> None:
    made_up = _write(tmp_path)
    assert not movielens.is_complete(made_up)
    with pytest.raises(DataError, match=r"MovieLens100k_data.*expected SHA-256 41280412"):
        movielens.fetch(tmp_path / "cache", source=made_up)
