"""Tables to train with: Parquet, or the TFRecord files that `trilho convert` made of it."""

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import tensorflow as tf
from fsspec.implementations.local import LocalFileSystem

from trilho.convert.conversion import read_schema
from trilho.convert.examples import default_scalar, feature_columns
from trilho.convert.plan import SHARD_NAME, shard_name
from trilho.convert.problems import ConvertError, first_of
from trilho.convert.rules import Default, Rules
from trilho.convert.schema import SCHEMA_FILE, Feature, Schema, of_table
from trilho.convert.sources import open_file_system, read_rows, read_table
from trilho.convert.targets import SUCCESS_FILE
from trilho.convert.tfrecord import read_records
from trilho.training.finite_tensors import first_not_finite

__all__ = ["Default", "read", "read_arrays", "read_columns"]

_DTYPES = {"int64": tf.int64, "float": tf.float32, "bytes": tf.string}
_BATCH = 1024
# pyarrow says this of a file of another kind.
_NO_PARQUET = "Parquet magic bytes not found"
_MISSING = "has missing values, and no default for them"


@dataclass(frozen=True, kw_only=True)
class _Table:
    """A table that is about to be read.

    Attributes:
        features: Of its columns.
        batches: Reads it in batches: for each column a tensor [n] or [n, k], or a ragged one.
        signature: What these are.
        rows: How many rows there are.
        dataset: The same batches without Python between, where TensorFlow can read the files.
    """

    features: Mapping[str, Feature]
    batches: Callable[[], Iterator[dict[str, Any]]]
    signature: Mapping[str, Any]
    rows: int
    dataset: tf.data.Dataset | None = None


def read(
    url: str,
    *,
    columns: Sequence[str] = (),
    defaults: Mapping[str, Default] | None = None,
    rules: Rules | None = None,
    allow_nan: bool = False,
) -> tf.data.Dataset:
    """Reads a table, row by row.

    The same table gives the same rows, be it Parquet or what `trilho convert` made of it by the
    same rules. A missing list is an empty one.

    Args:
        url: A folder that `trilho convert` made, or else Parquet: a file, a folder or a pattern;
            local, or a URL (`sources.open_file_system`).
        columns: Which columns; all if empty.
        defaults: What stands for a missing value or a missing element, by the column's name.
        rules: What may be done to Parquet's values that have no exact place; by default they are
            refused, and times are in microseconds.
        allow_nan: Whether numbers may be NaN or infinite. They are refused otherwise, those that
            `rules` round to an infinity included.

    Returns:
        Rows in their order, each a dict: int64, float32 or string, [] or, of a list, [n].

    Raises:
        ConvertError: There is no such table or column, it has no row, or not all files that
            `trilho convert` made; a column is of a type that has no place here, or has missing
            values without a default, or a number that is not finite. A missing value of Parquet,
            and such a number, with its row and column, are found while the rows are read, as a
            tf.errors.OpError that says the same.
    """
    table = _open(url, columns, defaults or {}, rules or Rules(), allow_nan=allow_nan)
    batches = table.dataset
    if batches is None:
        signature = dict(table.signature)
        batches = tf.data.Dataset.from_generator(table.batches, output_signature=signature)
    # A file that lost its end between two records is otherwise as good as any.
    return batches.unbatch().apply(tf.data.experimental.assert_cardinality(table.rows))


def read_columns(
    url: str,
    *,
    columns: Sequence[str] = (),
    defaults: Mapping[str, Default] | None = None,
    rules: Rules | None = None,
    allow_nan: bool = False,
) -> dict[str, np.ndarray]:
    """Reads a table that fits into memory, column by column.

    Args:
        url: As of `read`.
        columns: Which columns, of one value in each row; all if empty.
        defaults: What stands for a missing value, by the column's name.
        rules: As of `read`.
        allow_nan: As of `read`.

    Returns:
        The same values as `read` gives, [rows]: int64, float32, or bytes in an array of objects.

    Raises:
        ConvertError: As of `read`, or a column has lists.
    """
    table = _open(url, columns, defaults or {}, rules or Rules(), allow_nan=allow_nan)
    if lists := [name for name, feature in table.features.items() if feature.shape]:
        raise ConvertError(f"{url}: column {', '.join(lists)} has lists, expected one value a row")
    return {
        name: np.concatenate([part.numpy() for part in parts])
        for name, parts in _read_all(url, table).items()
    }


def read_arrays(
    url: str,
    *,
    columns: Sequence[str] = (),
    defaults: Mapping[str, Default] | None = None,
    rules: Rules | None = None,
    allow_nan: bool = False,
) -> dict[str, np.ndarray]:
    """Reads a table that fits into memory as what Keras' `fit` takes.

    Args:
        url: As of `read`.
        columns: Which columns, of one value or of as many in each row; all if empty.
        defaults: What stands for a missing value or a missing element, by the column's name.
        rules: As of `read`.
        allow_nan: As of `read`.

    Returns:
        By the column's name int64 or float32, [rows], or of lists [rows, n]; of strings an array of
        objects that are str, as of bytes Keras makes no tensor.

    Raises:
        ConvertError: As of `read`; or a column's lists are of several lengths, or its values no
            text in UTF-8.
    """
    table = _open(url, columns, defaults or {}, rules or Rules(), allow_nan=allow_nan)
    return {
        name: _array(f"{url}: column {name}", parts, table.features[name])
        for name, parts in _read_all(url, table).items()
    }


def _read_all(url: str, table: _Table) -> dict[str, list[Any]]:
    """Returns the tensors of all batches, by the column's name."""
    batches = list(table.batches())
    if not batches:
        raise ConvertError(f"{url}: has no row")
    return {name: [batch[name] for batch in batches] for name in table.features}


def _array(name: str, parts: Sequence[Any], feature: Feature) -> np.ndarray:
    if feature.shape == (None,):
        lengths = np.unique(np.concatenate([part.row_lengths().numpy() for part in parts]))
        if len(lengths) > 1:
            raise ConvertError(
                f"{name} has lists of {lengths[0]} to {lengths[-1]} values, expected of one length"
            )
        parts = [part.to_tensor() for part in parts]
    values: np.ndarray = np.concatenate([part.numpy() for part in parts])
    if feature.type != "bytes":
        return values
    try:
        texts = [value.decode() for value in values.flat]
    except UnicodeDecodeError as error:
        raise ConvertError(f"{name} is no text in UTF-8: {error}") from error
    return np.array(texts, dtype=object).reshape(values.shape)


def _open(
    url: str,
    columns: Sequence[str],
    defaults: Mapping[str, Default],
    rules: Rules,
    *,
    allow_nan: bool,
) -> _Table:
    file_system, path = open_file_system(url)
    # Below a file nothing is asked for: to those who are no superuser HDFS answers not that it is
    # not there, but that they may not look.
    if file_system.isdir(path) and file_system.exists(f"{path.rstrip('/')}/{SCHEMA_FILE}"):
        table = _open_records(url, columns, defaults)
    else:
        table = _open_parquet(url, columns, rules.with_defaults(defaults))
    return table if allow_nan else _refusing_nan(url, table)


def _refusing_nan(url: str, table: _Table) -> _Table:
    """Makes a table's batches end with an error at a number that is not finite."""
    names = [name for name, feature in table.features.items() if feature.type == "float"]

    def batches() -> Iterator[dict[str, Any]]:
        first = 0
        for batch in table.batches():
            for name in names:
                if bad := first_not_finite(url, name, batch[name], first).numpy():
                    raise ConvertError(bad.decode())
            first += int(next(iter(batch.values())).shape[0])
            yield batch

    def checked(number: tf.Tensor, batch: dict[str, Any]) -> dict[str, Any]:
        bad = [first_not_finite(url, name, batch[name], number * _BATCH) for name in names]
        checks = [tf.debugging.Assert(tf.equal(message, ""), [message]) for message in bad]
        with tf.control_dependencies(checks):
            return {
                name: tf.nest.map_structure(tf.identity, values, expand_composites=True)
                for name, values in batch.items()
            }

    dataset = None if table.dataset is None else table.dataset.enumerate().map(checked)
    return dataclasses.replace(table, batches=batches, dataset=dataset)


def _open_records(url: str, columns: Sequence[str], defaults: Mapping[str, Default]) -> _Table:
    schema = read_schema(url)
    _check_names(url, schema.features, columns)
    features = {name: _as_read(schema.features[name]) for name in columns or schema.features}
    _check_defaults(url, features, defaults)
    for name, feature in features.items():
        if not (feature.required or feature.shape == (None,) or name in defaults):
            raise ConvertError(f"{url}: column {name} {_MISSING}")
    spec = {name: _parsing(name, feature, defaults.get(name)) for name, feature in features.items()}
    file_system, path = open_file_system(url)
    names = _record_files(url, file_system.ls(path, detail=False), schema)

    def batches() -> Iterator[dict[str, Any]]:
        count = 0
        for name in names:
            with file_system.open(name, "rb") as file:
                records = read_records(file, compression=schema.compression, name=name)
                while texts := list(itertools.islice(records, _BATCH)):
                    count += len(texts)
                    try:
                        yield tf.io.parse_example(tf.constant(texts), spec)
                    except tf.errors.InvalidArgumentError as error:
                        raise ConvertError(f"{name}: {error.message}") from error
        if count not in {0, schema.rows}:
            raise ConvertError(f"{url}: has {count} rows, and {schema.rows} by its {SCHEMA_FILE}")

    dataset = None
    if isinstance(file_system, LocalFileSystem):
        compression = "GZIP" if schema.compression == "gzip" else ""
        records = tf.data.TFRecordDataset(names, compression_type=compression).batch(_BATCH)
        dataset = records.map(lambda texts: tf.io.parse_example(texts, spec))
    signature = {name: _spec(feature) for name, feature in features.items()}
    return _Table(
        features=features,
        batches=batches,
        signature=signature,
        rows=schema.rows,
        dataset=dataset,
    )


def _as_read(feature: Feature) -> Feature:
    """Returns a feature as Parquet has it, too: lists of which some are missing have no length."""
    if feature.shape and not feature.required:
        return dataclasses.replace(feature, shape=(None,))
    return feature


def _record_files(url: str, paths: Sequence[str], schema: Schema) -> list[str]:
    """Returns the paths of a folder's TFRecord files in their order, if it is whole."""
    found = {path.rstrip("/").rpartition("/")[2]: path for path in paths}
    counts = sorted({int(match[1]) for match in map(SHARD_NAME.fullmatch, found) if match})
    if len(counts) > 1:
        raise ConvertError(f"{url}: has files of {counts[0]} and of {counts[1]}, expected of one")
    if not counts:
        raise ConvertError(f"{url}: has a {SCHEMA_FILE}, but no part-*-of-*.tfrecord file")
    names = [
        shard_name(index, counts[0], compression=schema.compression) for index in range(counts[0])
    ]
    missing = [name for name in (*names, SUCCESS_FILE) if name not in found]
    if missing:
        raise ConvertError(
            f"{url}: is not whole, as if it were still being copied: has no {first_of(missing)}"
        )
    return [found[name] for name in names]


def _parsing(name: str, feature: Feature, default: Default | None) -> object:
    dtype = _DTYPES[feature.type]
    if feature.shape == (None,):
        return tf.io.RaggedFeature(dtype, row_splits_dtype=tf.int64)
    # Lists have no default: those that may be missing have no length either.
    if default is None or feature.shape:
        return tf.io.FixedLenFeature(feature.shape, dtype)
    value = default_scalar(name, default, feature.type).as_py()
    return tf.io.FixedLenFeature(feature.shape, dtype, value)


def _open_parquet(url: str, columns: Sequence[str], rules: Rules) -> _Table:
    try:
        table = read_table(url, texts=rules.texts)
    except ConvertError as error:
        if _NO_PARQUET not in str(error):
            raise
        raise ConvertError(
            f"{url}: is no Parquet, and no folder of `trilho convert`, which has a {SCHEMA_FILE}; "
            "TFRecord files of your own are read by tf.data.TFRecordDataset"
        ) from error
    if not table.rows:
        raise ConvertError(f"{url}: has no row")
    try:
        features = of_table(
            table.schema,
            columns=columns,
            rules=rules.with_defaults({}),
            conflicts=table.conflicts,
        ).features
    except ConvertError as error:
        raise ConvertError(f"{url}: {error}") from error
    _check_defaults(url, features, rules.defaults)
    file_system, _ = open_file_system(url)

    def batches() -> Iterator[dict[str, Any]]:
        for file in table.files:
            rows = read_rows(file_system, file, columns=list(features), start=0, stop=file.rows)
            first = 0
            for batch in rows:
                try:
                    values = feature_columns(batch, features, rules, first=first)
                except ConvertError as error:
                    raise ConvertError(f"{file.path}: {error}") from error
                yield {
                    name: _tensor(f"{file.path}: column {name}", values[name], feature)
                    for name, feature in features.items()
                }
                first += len(batch)

    signature = {name: _spec(feature) for name, feature in features.items()}
    return _Table(features=features, batches=batches, signature=signature, rows=table.rows)


def _spec(feature: Feature) -> object:
    dtype = _DTYPES[feature.type]
    if feature.shape == (None,):
        return tf.RaggedTensorSpec([None, None], dtype, row_splits_dtype=tf.int64)
    return tf.TensorSpec([None, *feature.shape], dtype)


def _tensor(name: str, column: pa.Array, feature: Feature) -> object:
    if feature.shape:
        # An absent list is an empty one, as it is to tf.Example.
        lengths = column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
        values = _numpy(column.flatten(), feature)
        return tf.RaggedTensor.from_row_lengths(values, lengths.astype(np.int64))
    if column.null_count:
        raise ConvertError(f"{name} {_MISSING}")
    return tf.constant(_numpy(column, feature))


def _numpy(values: pa.Array, feature: Feature) -> np.ndarray:
    # Of strings an array of objects, as NumPy's own lose the zero bytes at their end.
    array: np.ndarray = values.to_numpy(zero_copy_only=False)
    return array.astype(_DTYPES[feature.type].as_numpy_dtype)


def _check_names(
    url: str, features: Mapping[str, Feature], names: Sequence[str] | Mapping[str, Default]
) -> None:
    if unknown := sorted(set(names) - set(features)):
        raise ConvertError(
            f"{url}: has no column {', '.join(unknown)}; columns are {', '.join(features)}"
        )


def _check_defaults(
    url: str, features: Mapping[str, Feature], defaults: Mapping[str, Default]
) -> None:
    _check_names(url, features, defaults)
    for name, default in defaults.items():
        try:
            default_scalar(name, default, features[name].type)
        except ConvertError as error:
            raise ConvertError(f"{url}: {error}") from error
