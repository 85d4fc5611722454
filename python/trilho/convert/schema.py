"""What the columns of a table become as features of tf.Example."""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import pyarrow as pa

from trilho.convert.problems import ConvertError

__all__ = ["FORMAT", "SCHEMA_FILE", "Feature", "FeatureType", "Schema", "of_table"]

SCHEMA_FILE = "schema.json"
# Of the file; another one is another meaning of what stands in it.
FORMAT = 1

FeatureType = Literal["int64", "float", "bytes"]


@dataclass(frozen=True, kw_only=True)
class Feature:
    """A feature of tf.Example, and what its values are.

    Attributes:
        type: Which of tf.Example's three lists holds the values.
        shape: () for one value, (n,) for n in each row, (None,) for any number.
        required: Every row has it. A row without leaves the feature out.
        minimum: The least value of a number; None where there is none.
        maximum: The greatest.
        vocabulary: All values of a string, sorted; None if they are too many, too large or no
            UTF-8.
    """

    type: FeatureType
    shape: tuple[int | None, ...] = ()
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    vocabulary: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Schema:
    """The features of each row.

    Attributes:
        features: By their names, in the order of the table's columns.
        rows: How many rows there are; 0 before they have been counted.
        compression: Of the TFRecord files: "gzip" or "none".
    """

    features: Mapping[str, Feature]
    rows: int = 0
    compression: str = "gzip"

    def to_json(self) -> str:
        """Returns the text of schema.json."""
        features = {name: _feature_to_json(feature) for name, feature in self.features.items()}
        content = {
            "format": FORMAT,
            "rows": self.rows,
            "compression": self.compression,
            "features": features,
        }
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"

    @staticmethod
    def from_json(text: str, *, name: str) -> "Schema":
        """Reads the text of schema.json.

        Args:
            text: The text.
            name: Where it is from, for the error.

        Returns:
            The schema.

        Raises:
            ConvertError: It is none, or of a later format.
        """
        try:
            content = json.loads(text)
            if content["format"] != FORMAT:
                raise ConvertError(f"{name}: has format {content['format']}, expected {FORMAT}")
            features = {key: _feature_from_json(item) for key, item in content["features"].items()}
            return Schema(
                features=features, rows=content["rows"], compression=content["compression"]
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConvertError(f"{name}: is no schema of `trilho convert`: {error!r}") from error


def of_table(table: pa.Schema, *, columns: Iterable[str] = ()) -> Schema:
    """Says which features a table's columns become.

    Whole numbers, booleans, dates (days since 1970) and times (microseconds since 1970, or since
    midnight) become int64; floating-point and decimal numbers float, which has 24 bits; strings,
    binary values and dictionaries of these bytes; lists of all these any number of values.

    Args:
        table: The table's schema.
        columns: Which to take; all if empty.

    Returns:
        The features, nothing being known of their values.

    Raises:
        ConvertError: There is no such column, one stands there twice, or is of a type that
            tf.Example has no place for; all such columns are named.
    """
    chosen = list(columns) or list(table.names)
    unknown = [name for name in chosen if name not in table.names]
    if unknown:
        raise ConvertError(
            f"has no column {', '.join(unknown)}; columns are {', '.join(table.names)}"
        )
    twice = sorted({name for name in chosen if table.names.count(name) > 1})
    if twice:
        raise ConvertError(f"has more than one column {', '.join(twice)}")
    features: dict[str, Feature] = {}
    refused = []
    for name in dict.fromkeys(chosen):
        feature = _feature(table.field(name).type)
        if feature is None:
            refused.append(f"{name} ({table.field(name).type})")
        else:
            features[name] = feature
    if refused:
        raise ConvertError(
            f"tf.Example has no place for {', '.join(refused)}: expected numbers, booleans, "
            "strings, bytes, dates, times, or lists of these; choose others with --columns"
        )
    return Schema(features=features)


def _feature(column: pa.DataType) -> Feature | None:
    if _is_list(column):
        element = _feature_type(column.value_type)
        return Feature(type=element, shape=(None,)) if element else None
    kind = _feature_type(column)
    return Feature(type=kind) if kind else None


def _is_list(column: pa.DataType) -> bool:
    tests = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(test(column) for test in tests)


def _feature_type(column: pa.DataType) -> FeatureType | None:
    types = pa.types
    if types.is_dictionary(column):
        return _feature_type(column.value_type)
    if types.is_integer(column) or types.is_boolean(column) or types.is_temporal(column):
        # An interval is no number.
        return None if types.is_interval(column) else "int64"
    if types.is_floating(column) or types.is_decimal(column):
        return "float"
    strings = (types.is_string, types.is_large_string, types.is_string_view)
    binaries = (types.is_binary, types.is_large_binary, types.is_fixed_size_binary)
    # A column of nothing but missing values has no type of its own.
    if any(test(column) for test in (*strings, *binaries, types.is_binary_view, types.is_null)):
        return "bytes"
    return None


def _feature_to_json(feature: Feature) -> dict[str, Any]:
    content = dataclasses.asdict(feature)
    return {key: value for key, value in content.items() if value is not None}


def _feature_from_json(content: Mapping[str, Any]) -> Feature:
    values = dict(content)
    if values["type"] not in get_args(FeatureType):
        raise ValueError(f"type {values['type']!r}")
    for key in ("shape", "vocabulary"):
        if key in values:
            values[key] = tuple(values[key])
    return Feature(**values)
