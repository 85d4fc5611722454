"""Tables as pipelines: Parquet as it is, or the TFRecord files that `trilho convert` made of it."""

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import tensorflow as tf

from trilho.convert.conversion import read_schema
from trilho.convert.examples import feature_columns
from trilho.convert.problems import ConvertError
from trilho.convert.schema import SCHEMA_FILE, Feature, of_table
from trilho.convert.sources import open_file_system, read_rows, read_table

__all__ = ["Default", "read"]

Default = int | float | str
_DTYPES = {"int64": tf.int64, "float": tf.float32, "bytes": tf.string}
_BATCH = 1024
_MISSING = "has missing values, and no default for them"


def read(url: str, *, defaults: Mapping[str, Default] | None = None) -> tf.data.Dataset:
    """Reads a table, row by row.

    The same table gives the same rows, be it Parquet or what `trilho convert` made of it.

    Args:
        url: A folder that `trilho convert` made, or else Parquet: a file, a folder or a pattern;
            local, or a URL that fsspec knows. TensorFlow reads TFRecord itself, and so from where
            TensorFlow can.
        defaults: What stands for a missing value, by the column's name.

    Returns:
        Rows in their order, each a dict: int64, float32 or string, [] or, of a list, [n].

    Raises:
        ConvertError: There is no such table, a column is of a type that has no place here, or
            has missing values without a default; of Parquet this is found while the rows are read,
            as a tf.errors.OpError that says the same.
    """
    file_system, path = open_file_system(url)
    if file_system.exists(f"{path.rstrip('/')}/{SCHEMA_FILE}"):
        return _read_records(url, defaults or {})
    return _read_parquet(url, defaults or {})


def _read_records(url: str, defaults: Mapping[str, Default]) -> tf.data.Dataset:
    schema = read_schema(url)
    _check_defaults(url, schema.features, defaults)
    for name, feature in schema.features.items():
        if not (feature.required or feature.shape == (None,) or name in defaults):
            raise ConvertError(f"{url}: column {name} {_MISSING}")
    spec = {
        name: _parsing(feature, defaults.get(name)) for name, feature in schema.features.items()
    }
    files = sorted(tf.io.gfile.glob(f"{url.rstrip('/')}/part-*"))
    compression = "GZIP" if schema.compression == "gzip" else ""
    records = tf.data.TFRecordDataset(files, compression_type=compression)
    return records.batch(_BATCH).map(lambda texts: tf.io.parse_example(texts, spec)).unbatch()


def _parsing(feature: Feature, default: Default | None) -> object:
    dtype = _DTYPES[feature.type]
    if feature.shape == (None,):
        return tf.io.RaggedFeature(dtype, row_splits_dtype=tf.int64)
    if default is None:
        return tf.io.FixedLenFeature(feature.shape, dtype)
    return tf.io.FixedLenFeature(feature.shape, dtype, tf.fill(feature.shape, default).numpy())


def _read_parquet(url: str, defaults: Mapping[str, Default]) -> tf.data.Dataset:
    table = read_table(url)
    features = of_table(table.schema).features
    _check_defaults(url, features, defaults)
    file_system, _ = open_file_system(url)

    def batches() -> Iterator[dict[str, tf.Tensor]]:
        for file in table.files:
            rows = read_rows(file_system, file, columns=list(features), start=0, stop=file.rows)
            for batch in rows:
                columns = feature_columns(batch, features)
                yield {
                    name: _tensor(
                        f"{file.path}: column {name}", columns[name], feature, defaults.get(name)
                    )
                    for name, feature in features.items()
                }

    signature = {name: _spec(feature) for name, feature in features.items()}
    return tf.data.Dataset.from_generator(batches, output_signature=signature).unbatch()


def _spec(feature: Feature) -> object:
    if feature.shape:
        return tf.RaggedTensorSpec([None, None], _DTYPES[feature.type], row_splits_dtype=tf.int64)
    return tf.TensorSpec([None], _DTYPES[feature.type])


def _tensor(name: str, column: pa.Array, feature: Feature, default: Default | None) -> object:
    if feature.shape:
        # An absent list is an empty one, as it is to tf.Example.
        lengths = column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
        values = _numpy(column.flatten(), feature)
        return tf.RaggedTensor.from_row_lengths(values, lengths.astype(np.int64))
    if column.null_count:
        if default is None:
            raise ConvertError(f"{name} {_MISSING}")
        value = default.encode() if isinstance(default, str) else default
        column = column.fill_null(pa.scalar(value, column.type))
    return tf.constant(_numpy(column, feature))


def _numpy(values: pa.Array, feature: Feature) -> np.ndarray:
    # Of strings an array of objects, as NumPy's own lose the zero bytes at their end.
    array: np.ndarray = values.to_numpy(zero_copy_only=False)
    return array.astype(_DTYPES[feature.type].as_numpy_dtype)


def _check_defaults(
    url: str, features: Mapping[str, Feature], defaults: Mapping[str, Default]
) -> None:
    if unknown := sorted(set(defaults) - set(features)):
        raise ConvertError(
            f"{url}: has no column {', '.join(unknown)}; columns are {', '.join(features)}"
        )
