"""Census as people, from wherever they are; loads TensorFlow for tables alone."""

from pathlib import Path

import numpy as np

from trilho.data import census
from trilho.data.cache import DataError
from trilho.data.census import Census, People
from trilho.export.provenance import digest
from trilho.manifest_pb2 import DataSplit
from trilho.training.startup import load_tensorflow

__all__ = ["digest_of", "read"]


def read(source: str, *, test_rows: int, split_seed: int = 0) -> Census:
    """Reads people.

    Args:
        source: The folder of adult.parquet.brotli, or a table with its columns: what
            `training.tables` reads.
        test_rows: How many rows, the first ones, are the test split.
        split_seed: What shuffles all rows before they are split; 0 for the order they have.

    Returns:
        The data set; the same one of the same rows, wherever they are.

    Raises:
        TrilhoError: The rows cannot be read, or are no people.
    """
    if (Path(source) / census.FILE).is_file():
        people = census.load(Path(source), test_rows=test_rows)
        return _split_anew(people, split_seed) if split_seed else people
    load_tensorflow()
    from trilho.training import tables  # noqa: PLC0415

    columns = tables.read_columns(source, columns=census.COLUMNS)
    texts = {name: _decoded(column, source) for name, column in columns.items()}
    people = census.split(texts, name=source, test_rows=test_rows)
    return _split_anew(people, split_seed) if split_seed else people


def digest_of(people: People) -> DataSplit:
    """Describes a split: the fields as the model takes them, and the labels."""
    return digest({**people.fields, census.LABEL: people.labels})


def _split_anew(people: Census, seed: int) -> Census:
    """Splits the same people at random, into parts as large as before."""
    every = People(
        fields={
            name: np.concatenate([people.test.fields[name], column])
            for name, column in people.train.fields.items()
        },
        labels=np.concatenate([people.test.labels, people.train.labels]),
    )
    order = np.random.default_rng(seed).permutation(len(every))
    test, train = np.split(order, [len(people.test)])
    return Census(train=every.take(train), test=every.take(test))


def _decoded(column: np.ndarray, source: str) -> np.ndarray:
    """Turns bytes, which strings are in TFRecord, into str; numbers stay."""
    if column.dtype != object:
        return column
    try:
        return np.array([value.decode() for value in column], dtype=object)
    except UnicodeDecodeError as error:
        raise DataError(f"{source}: {error}") from error
