"""Census: 48842 people of the US census of 1994, and whether they earn more than 50000 dollars.

Known as "Adult" (https://archive.ics.uci.edu/dataset/2/adult), here with its original split.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trilho.data import cache, widedeep
from trilho.data.cache import DataError
from trilho.data.finite import first_not_finite

__all__ = [
    "CLASSES",
    "COLUMNS",
    "FIELDS",
    "FILE",
    "FILES",
    "LABEL",
    "NUMBERS",
    "STRINGS",
    "TEST_ROWS",
    "Census",
    "People",
    "default_directory",
    "fetch",
    "is_complete",
    "load",
    "split",
    "write_tsv",
]

FILE = "adult.parquet.brotli"
# By its name, its SHA-256.
FILES: Mapping[str, str] = {
    FILE: "fb07816c87bb0c929d6aa644e101eb3adf8805f12c591ffa3e6829d03663a189",
}

# Each field as the contract calls it, with its column. The census bureau's weight of a row, fnlwgt,
# says nothing about the person.
_COLUMNS: Mapping[str, str] = {
    "age": "age",
    "workclass": "workclass",
    "education": "education",
    "education_num": "educational-num",
    "marital_status": "marital-status",
    "occupation": "occupation",
    "relationship": "relationship",
    "race": "race",
    "gender": "gender",
    "capital_gain": "capital-gain",
    "capital_loss": "capital-loss",
    "hours_per_week": "hours-per-week",
    "native_country": "native-country",
}
FIELDS = tuple(_COLUMNS)
NUMBERS = ("age", "education_num", "capital_gain", "capital_loss", "hours_per_week")
STRINGS = tuple(field for field in FIELDS if field not in NUMBERS)
LABEL = "income"
# What is read of a table.
COLUMNS = (*_COLUMNS.values(), LABEL)
# The second is what is predicted.
CLASSES = ("<=50K", ">50K")

# The package has the test split first.
TEST_ROWS = 16281

Column = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, kw_only=True)
class People:
    """A table of people.

    Attributes:
        fields: By the names in FIELDS; those in NUMBERS are float32 [n], the others are str in an
            array of objects [n], "?" where the census does not know.
        labels: int64 [n], indices into CLASSES.
    """

    fields: Mapping[str, Column]
    labels: np.ndarray[Any, np.dtype[np.int64]]

    def __len__(self) -> int:
        """Returns how many people these are."""
        return len(self.labels)

    def take(self, rows: Any) -> "People":  # noqa: ANN401 - whatever indexes an array
        """Returns the people that `rows`, indices or a slice, select."""
        return People(
            fields={name: column[rows] for name, column in self.fields.items()},
            labels=self.labels[rows],
        )


@dataclass(frozen=True, kw_only=True)
class Census:
    """The data set.

    Attributes:
        train: 32561 people of the original file.
        test: Its 16281 first ones.
    """

    train: People
    test: People


def default_directory() -> Path:
    """Returns where the file is kept: see `cache.default_directory`."""
    return cache.default_directory("census")


def is_complete(directory: Path) -> bool:
    """Tells whether the file is in `directory` and as it should be."""
    return widedeep.is_complete(directory, FILES)


def fetch(directory: Path, *, source: Path | None = None) -> Path:
    """Makes sure that the file is in a folder, and is the real one: see `widedeep.fetch`."""
    return widedeep.fetch(directory, FILES, source=source)


def load(directory: Path, *, test_rows: int = TEST_ROWS) -> Census:
    """Reads the file.

    Args:
        directory: Where it is; its SHA-256 is not looked at.
        test_rows: How many rows, the first ones, are the test split.

    Returns:
        The data set.

    Raises:
        DataError: It is missing or damaged, or is no such table: see `split`.
    """
    # Only here, as the names above are needed by those without pyarrow, too.
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    path = directory / FILE
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"Cannot read {path}: {error}") from error
    columns = {}
    for name in set(COLUMNS) & set(table.column_names):
        if nulls := table[name].null_count:
            raise DataError(
                f"{path}: expected a value in each row of {name}, "
                f"found {table[name].type} with {nulls} missing"
            )
        columns[name] = table[name].to_numpy()
    return split(columns, name=str(path), test_rows=test_rows)


def split(columns: Mapping[str, Column], *, name: str, test_rows: int = TEST_ROWS) -> Census:
    """Makes the data set of a table's columns.

    Args:
        columns: Those in COLUMNS, at least, [n]: numbers, or str in arrays of objects.
        name: The table's, for errors.
        test_rows: How many rows, the first ones, are the test split.

    Returns:
        The data set.

    Raises:
        DataError: A column is missing or has other values, a number is not finite or would be
            another one as a float, or there is no row to train with.
    """
    if missing := set(COLUMNS) - set(columns):
        raise DataError(f"{name} lacks the columns {', '.join(sorted(missing))}")
    incomes = columns[LABEL]
    if len(incomes) <= test_rows:
        raise DataError(
            f"{name}: expected more than {test_rows} rows, found {len(incomes)}; the first "
            f"test_rows={test_rows} are the test split: --set test_rows=N chooses how many"
        )
    fields = {field: _column(columns[_COLUMNS[field]], field, name) for field in FIELDS}
    known = np.isin(incomes, CLASSES)
    if not known.all():
        raise DataError(
            f"{name}: {LABEL} must be one of {', '.join(CLASSES)}, "
            f"found {incomes[~known].tolist()[0]!r}"
        )
    people = People(fields=fields, labels=(incomes == CLASSES[1]).astype(np.int64))
    return Census(train=people.take(slice(test_rows, None)), test=people.take(slice(test_rows)))


def write_tsv(people: People, path: Path) -> None:
    """Writes people as tab-separated values, for clients that have no Parquet.

    Args:
        people: Who.
        path: The file, replaced if it is there: UTF-8, a first line with FIELDS and LABEL, then a
            line for each person; no value needs quotes.
    """
    columns = [_texts(people.fields[name]) for name in FIELDS]
    columns.append([CLASSES[label] for label in people.labels])
    with cache.written_aside(path) as file:
        for values in [(*FIELDS, LABEL), *zip(*columns, strict=True)]:
            file.write(("\t".join(values) + "\n").encode())


def _texts(column: Column) -> list[str]:
    if column.dtype == object:
        return [str(value) for value in column]
    # As whole numbers where they are such: 39, not 39.0.
    return [f"{value:.9g}" for value in column.tolist()]


def _column(values: Column, field: str, name: str) -> Column:
    fits = values.dtype.kind in "iuf" if field in NUMBERS else _are_strings(values)
    if not fits:
        wanted = "number" if field in NUMBERS else "string"
        found = "string" if _are_strings(values) else values.dtype.name
        raise DataError(
            f"{name}: expected a {wanted} in each row of {_COLUMNS[field]}, found {found}"
        )
    if field not in NUMBERS:
        return values
    if bad := first_not_finite(values):
        raise DataError(f"{name}: column {_COLUMNS[field]}, {bad}")
    # Not everybody who needs the names above has pyarrow.
    import pyarrow as pa  # noqa: PLC0415

    from trilho.convert.numbers import as_float, as_text  # noqa: PLC0415

    # As `trilho convert` has it: a number that becomes another one is refused.
    column = pa.array(values)
    floats, inexact = as_float(column)
    if inexact:
        row = int(inexact.places[0])
        raise DataError(
            f"{name}: column {_COLUMNS[field]}, row {row}: "
            f"{as_text(column.slice(row, 1))[0].as_py()} {inexact.reason}"
        )
    return np.asarray(floats.to_numpy())


def _are_strings(values: Column) -> bool:
    return values.dtype == object and all(isinstance(value, str) for value in values)
