"""What kinds of columns there are, and which type holds those of several files."""

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

__all__ = [
    "column_of",
    "element_type",
    "find_field",
    "is_list",
    "is_number",
    "is_text",
    "is_time",
    "is_whole",
    "widened",
]

_types = pa.types
# Arrow's widest decimal: decimal256.
_DIGITS = 76
_DIGITS_OF_128 = 38


def is_list(column: pa.DataType) -> bool:
    """Says whether a column's rows have any number of values, or a fixed one."""
    tests = (_types.is_list, _types.is_large_list, _types.is_fixed_size_list)
    return any(test(column) for test in tests)


def element_type(column: pa.DataType) -> pa.DataType:
    """Returns the type of single values: a list's elements, what a dictionary stands for."""
    if is_list(column) or _types.is_dictionary(column):
        return element_type(column.value_type)
    return column


def is_whole(column: pa.DataType) -> bool:
    """Says whether all values are whole numbers: integers, and decimals without a fraction."""
    return bool(_types.is_integer(column) or (_types.is_decimal(column) and column.scale <= 0))


def is_number(column: pa.DataType) -> bool:
    """Says whether values are numbers; booleans and times are none."""
    return is_whole(column) or _types.is_floating(column) or _types.is_decimal(column)


def is_text(column: pa.DataType) -> bool:
    """Says whether values are strings."""
    tests = (_types.is_string, _types.is_large_string, _types.is_string_view)
    return any(test(column) for test in tests)


def is_binary(column: pa.DataType) -> bool:
    """Says whether values are bytes."""
    tests = (_types.is_binary, _types.is_large_binary, _types.is_fixed_size_binary)
    return any(test(column) for test in (*tests, _types.is_binary_view))


def is_time(column: pa.DataType) -> bool:
    """Says whether values have a unit of time: timestamps, times of the day, durations."""
    tests = (_types.is_timestamp, _types.is_time, _types.is_duration)
    return any(test(column) for test in tests)


def find_field(schema: pa.Schema, path: str) -> tuple[list[str], pa.DataType] | None:
    """Finds a column, or a field of a struct.

    Args:
        schema: The columns.
        path: The column's name, or NAME.FIELD, at any depth. A column of that very name is taken
            before a field.

    Returns:
        The names on the way, the column's first, and the type at its end; None if there is none.
    """
    return _find({field.name: field.type for field in schema}, path)


def _find(types: dict[str, pa.DataType], path: str) -> tuple[list[str], pa.DataType] | None:
    if path in types:
        return [path], types[path]
    parts = path.split(".")
    # Names may have dots themselves: the longest that there is comes first.
    for end in range(len(parts) - 1, 0, -1):
        name, rest = ".".join(parts[:end]), ".".join(parts[end:])
        if name in types and _types.is_struct(types[name]):
            found = _find({field.name: field.type for field in types[name]}, rest)
            if found:
                return [name, *found[0]], found[1]
    return None


def column_of(batch: pa.RecordBatch, path: str) -> pa.Array:
    """Returns a column, or a field of a struct, that `find_field` finds; else a KeyError."""
    index = batch.schema.get_field_index(path)
    if index >= 0:
        return batch.column(index)
    found = find_field(batch.schema, path)
    if found is None:
        raise KeyError(path)
    column, *fields = found[0]
    return pc.struct_field(batch.column(column), fields)


def widened(
    first: pa.DataType, second: pa.DataType, *, as_text: bool = False
) -> pa.DataType | None:
    """Returns the type for the values of two files' column.

    The one rule: numbers go into the wider type, whole ones beside others among these; so do
    decimals, strings, bytes (strings among them), dates, timestamps, times and durations, each
    kind by itself; lists and structs by what they have in them; nulls into anything.

    Args:
        first: The column's type in one file.
        second: In another.
        as_text: Whether numbers are kept as text, and so go together with strings.

    Returns:
        A type whose feature both become; None if there is none. How values get there is
        `examples.feature_columns`, which looks at each file's own type.
    """
    if first == second or _types.is_null(second):
        return first
    if _types.is_null(first):
        return second
    if _types.is_dictionary(first) or _types.is_dictionary(second):
        return widened(element_type(first), element_type(second), as_text=as_text)
    for kind, widen in _KINDS:
        if kind(first) and kind(second):
            return widen(first, second)
    if is_list(first) and is_list(second):
        element = widened(first.value_type, second.value_type, as_text=as_text)
        return pa.list_(element) if element is not None else None
    texts = as_text and all(is_number(kind) or is_text(kind) for kind in (first, second))
    return pa.string() if texts else None


def _structs(first: pa.DataType, second: pa.DataType) -> pa.DataType | None:
    types: dict[str, pa.DataType | None] = {field.name: field.type for field in first}
    for field in second:
        before = types.get(field.name, pa.null())
        types[field.name] = widened(before, field.type)
    if any(kind is None for kind in types.values()):
        return None
    return pa.struct(list(types.items()))


def _numbers(first: pa.DataType, second: pa.DataType) -> pa.DataType:
    if is_whole(first) and is_whole(second):
        unsigned = all(_types.is_unsigned_integer(kind) for kind in (first, second))
        return max(first, second, key=lambda kind: kind.bit_width) if unsigned else pa.int64()
    if not (_types.is_decimal(first) and _types.is_decimal(second)):
        return pa.float64()
    scale = max(first.scale, second.scale)
    digits = scale + max(kind.precision - kind.scale for kind in (first, second))
    if digits > _DIGITS:
        return pa.float64()
    return (
        pa.decimal128(digits, scale) if digits <= _DIGITS_OF_128 else pa.decimal256(digits, scale)
    )


def _timestamps(first: pa.DataType, second: pa.DataType) -> pa.DataType | None:
    # A time with a zone is a known instant, one without is not.
    if (first.tz is None) != (second.tz is None):
        return None
    return pa.timestamp("us", "UTC" if first.tz else None)


def _bytes(first: pa.DataType, second: pa.DataType) -> pa.DataType:
    return pa.string() if is_text(first) and is_text(second) else pa.binary()


_KINDS: list[
    tuple[
        Callable[[pa.DataType], bool],
        Callable[[pa.DataType, pa.DataType], pa.DataType | None],
    ]
] = [
    (is_number, _numbers),
    (lambda kind: is_text(kind) or is_binary(kind), _bytes),
    (_types.is_date, lambda _first, _second: pa.date32()),
    (_types.is_timestamp, _timestamps),
    (_types.is_time, lambda _first, _second: pa.time64("us")),
    (_types.is_struct, _structs),
    (_types.is_duration, lambda _first, _second: pa.duration("us")),
]
