"""What the columns of a table become as features of tf.Example."""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import pyarrow as pa

from trilho.convert.column_types import (
    element_type,
    find_field,
    is_binary,
    is_list,
    is_number,
    is_text,
    is_time,
    is_whole,
)
from trilho.convert.problems import ConvertError
from trilho.convert.rules import Rules
from trilho.convert.thresholds import (
    FEATURE_THRESHOLDS,
    THRESHOLDS,
    Threshold,
    check_thresholds,
)

__all__ = ["FORMAT", "SCHEMA_FILE", "Feature", "FeatureType", "Schema", "of_table"]

SCHEMA_FILE = "schema.json"
# The file's; another one is another meaning of what stands in it.
FORMAT = 2

FeatureType = Literal["int64", "float", "bytes"]
Unit = Literal["us", "ns", "days"]


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
        unit: What an int64 counts that is a time: "us" or "ns", or "days" since 1970.
        missing: How many rows have no value.
        not_finite: How many numbers are NaN or infinite.
        constant: Whether there is one value everywhere, in two rows at least.
        thresholds: Its own, which later data is compared by; the schema's count for others.
    """

    type: FeatureType
    shape: tuple[int | None, ...] = ()
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    vocabulary: tuple[str, ...] | None = None
    unit: Unit | None = None
    missing: int | None = None
    not_finite: int | None = None
    constant: bool | None = None
    thresholds: Mapping[str, Threshold] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Schema:
    """The features of each row.

    Attributes:
        features: By their names, in the order of the table's columns.
        rows: How many rows there are; 0 before they have been counted.
        compression: Of the TFRecord files: "gzip" or "none".
        thresholds: How far later data may be from this (`thresholds.THRESHOLDS`).
    """

    features: Mapping[str, Feature]
    rows: int = 0
    compression: str = "gzip"
    thresholds: Mapping[str, Threshold] = field(default_factory=lambda: dict(THRESHOLDS))

    def to_json(self) -> str:
        """Returns the text of schema.json."""
        features = {name: _feature_to_json(feature) for name, feature in self.features.items()}
        content = {
            "format": FORMAT,
            "rows": self.rows,
            "compression": self.compression,
            "thresholds": dict(self.thresholds),
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
                raise ConvertError(
                    f"{name}: has format {content['format']}, expected {FORMAT}; convert again"
                )
            features = {key: _feature_from_json(item) for key, item in content["features"].items()}
            given = check_thresholds(content.get("thresholds", {}), THRESHOLDS)
            return Schema(
                features=features,
                rows=content["rows"],
                compression=content["compression"],
                thresholds={**THRESHOLDS, **given},
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConvertError(f"{name}: is no schema of `trilho convert`: {error!r}") from error


def of_table(
    table: pa.Schema,
    *,
    columns: Iterable[str] = (),
    rules: Rules | None = None,
    conflicts: Mapping[str, str] | None = None,
) -> Schema:
    """Says which features a table's columns become.

    Integers, decimals without a fraction, booleans, dates (days since 1970) and times (in the
    rules' unit since 1970, since midnight, or as long as they are) become int64; floating-point
    numbers and other decimals float, which has 24 bits; strings, binary values and dictionaries of
    these bytes; lists of all these any number of values.

    Args:
        table: The table's schema.
        columns: Which to take, e.g. "age", or "person.age" of a struct; all if empty.
        rules: What may be done to values that have no exact place.
        conflicts: Why a column is none of one type, by its name.

    Returns:
        The features, nothing being known of their values.

    Raises:
        ConvertError: There is no such column, one stands there twice, is of several types, or of
            one that tf.Example has no place for; all such columns are named. Or rules are for
            columns that are not taken, or cannot be theirs.
    """
    rules, conflicts = rules or Rules(), conflicts or {}
    chosen = list(columns) or list(table.names)
    found = {name: find_field(table, name) for name in chosen}
    for name, item in found.items():
        # Names on the way to a field, too: what is no struct in another file has none there.
        names = item[0] if item else name.split(".")
        for end in range(len(names)):
            if conflict := conflicts.get(".".join(names[: end + 1])):
                raise ConvertError(conflict)
    unknown = [name for name in chosen if found[name] is None]
    if unknown:
        raise ConvertError(
            f"has no column {', '.join(unknown)}; columns are {', '.join(table.names)}"
        )
    twice = sorted({name for name in chosen if table.names.count(name) > 1})
    if twice:
        raise ConvertError(f"has more than one column {', '.join(twice)}")
    features: dict[str, Feature] = {}
    refused = []
    for name, field_found in found.items():
        kind = field_found[1] if field_found else pa.null()
        feature = _feature(name, kind, rules)
        if feature is None:
            refused.append(f"{name} ({_shown(name, kind)})")
        else:
            features[name] = feature
    if refused:
        raise ConvertError(
            f"tf.Example has no place for {', '.join(refused)}: expected numbers, booleans, "
            "strings, bytes, dates, times, or lists of these; choose others with --columns"
        )
    _check_rules(rules, features, {name: item[1] for name, item in found.items() if item})
    return Schema(features=features)


def _feature(name: str, column: pa.DataType, rules: Rules) -> Feature | None:
    kind = _feature_type(name, element_type(column), rules)
    if kind is None or (is_list(column) and is_list(column.value_type)):
        return None
    shape = (None,) if is_list(column) else ()
    return Feature(type=kind, shape=shape, unit=_unit(element_type(column), rules))


def _feature_type(name: str, column: pa.DataType, rules: Rules) -> FeatureType | None:
    types = pa.types
    if is_number(column):
        choice = rules.chosen.get(name)
        if choice == "text":
            return "bytes"
        if is_whole(column):
            return "float" if choice == "round" else "int64"
        return "bytes" if types.is_decimal(column) and rules.decimals == "text" else "float"
    if types.is_boolean(column) or types.is_date(column) or is_time(column):
        return "int64"
    # A column of nothing but missing values has no type of its own.
    return "bytes" if is_text(column) or is_binary(column) or types.is_null(column) else None


def _unit(column: pa.DataType, rules: Rules) -> Unit | None:
    if pa.types.is_date(column):
        return "days"
    return rules.timestamps if is_time(column) else None


def _shown(name: str, column: pa.DataType) -> str:
    if pa.types.is_struct(column) and column.num_fields:
        return f"a struct, whose fields are {', '.join(f'{name}.{field.name}' for field in column)}"
    return str(column)


def _check_rules(
    rules: Rules, features: Mapping[str, Feature], types: Mapping[str, pa.DataType]
) -> None:
    """Makes sure that what is said of single columns is said of columns that it can be for."""
    for option, names in (("--decimals", rules.chosen), ("--default", rules.defaults)):
        if unknown := sorted(set(names) - set(features)):
            raise ConvertError(
                f"has no column {', '.join(unknown)} for {option}; columns are "
                f"{', '.join(features)}"
            )
    for name in rules.chosen:
        column = element_type(types[name])
        if not (is_number(column) or pa.types.is_null(column) or is_text(column)):
            raise ConvertError(f"column {name} ({types[name]}): --decimals is for numbers")


def _feature_to_json(feature: Feature) -> dict[str, Any]:
    content = dataclasses.asdict(feature)
    return {key: value for key, value in content.items() if value is not None and value != {}}


def _feature_from_json(content: Mapping[str, Any]) -> Feature:
    values = dict(content)
    if values["type"] not in get_args(FeatureType):
        raise ValueError(f"type {values['type']!r}")
    for key in ("shape", "vocabulary"):
        if key in values:
            values[key] = tuple(values[key])
    check_thresholds(values.get("thresholds", {}), FEATURE_THRESHOLDS)
    return Feature(**values)
