"""Columns as the bytes that tf.Example has for them.

A serialized tf.Example is the bytes of its features, one after the other, in one envelope. So each
column is encoded for itself, a value that occurs often only once, and rows are put together of the
pieces: several times as fast as filling a message for each row, with the same bytes.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa

from trilho.convert.schema import Feature, FeatureType

__all__ = ["encoded"]

# Tags of length-delimited fields: tensorflow/core/example/{example,feature}.proto.
_FIELD_1, _FIELD_2 = b"\x0a", b"\x12"
_KINDS: Mapping[FeatureType, bytes] = {"bytes": b"\x0a", "float": b"\x12", "int64": b"\x1a"}
_FLOAT_SIZE = 4
_CONTINUES = 0x80


def encoded(columns: Mapping[str, pa.Array], features: Mapping[str, Feature]) -> Iterator[bytes]:
    """Turns rows into serialized tf.Examples.

    Args:
        columns: As `examples.feature_columns` gives them, all of one length, one or more.
        features: The same features.

    Yields:
        What protobuf gives, whose features have no order of their own, sorted by the bytes of their
        names. A missing value leaves its feature out; a row without values is b"".
    """
    pieces = [
        _column(name.encode(), columns[name], features[name])
        for name in sorted(features, key=str.encode)
    ]
    for row in zip(*pieces, strict=True):
        body = b"".join(row)
        yield _FIELD_1 + _varint(len(body)) + body if body else b""


def _column(name: bytes, column: pa.Array, feature: Feature) -> Sequence[bytes]:
    """Returns the bytes of a feature in each row; none where it is missing."""
    if feature.shape:
        return _lists(name, column, feature)
    if feature.type == "float":
        # All as long as the first.
        head = _feature(name, "float", _floats(bytes(_FLOAT_SIZE)))[:-_FLOAT_SIZE]
        data = column.fill_null(0).to_numpy().astype("<f4").tobytes()
        pieces = [
            head + data[start : start + _FLOAT_SIZE] for start in range(0, len(data), _FLOAT_SIZE)
        ]
        if column.null_count:
            valid = column.is_valid().to_pylist()
            pieces = [piece if there else b"" for piece, there in zip(pieces, valid, strict=True)]
        return pieces
    counted = column.dictionary_encode()
    known = [
        _feature(name, feature.type, _values([value], feature.type))
        for value in counted.dictionary.to_pylist()
    ]
    # The last stands for what is missing.
    known.append(b"")
    indices = counted.indices.fill_null(len(known) - 1).to_pylist()
    return [known[index] for index in indices]


def _lists(name: bytes, column: pa.Array, feature: Feature) -> Sequence[bytes]:
    lengths = column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    ends = np.cumsum(lengths).tolist()
    starts = [0, *ends[:-1]]
    valid = column.is_valid().to_pylist()
    flat = column.flatten()
    if feature.type == "float":
        data = flat.to_numpy().astype("<f4").tobytes()
        lists = [
            _floats(data[start * _FLOAT_SIZE : end * _FLOAT_SIZE])
            for start, end in zip(starts, ends, strict=True)
        ]
    else:
        values = flat.to_pylist()
        lists = [
            _values(values[start:end], feature.type)
            for start, end in zip(starts, ends, strict=True)
        ]
    return [
        _feature(name, feature.type, content) if there else b""
        for content, there in zip(lists, valid, strict=True)
    ]


def _feature(name: bytes, kind: FeatureType, content: bytes) -> bytes:
    """Returns a map's entry: the name and the feature."""
    return _head(name, kind, len(content)) + content


@functools.lru_cache(maxsize=4096)
def _head(name: bytes, kind: FeatureType, size: int) -> bytes:
    """Returns what stands before a content of some size, which is the same for most values."""
    value = _KINDS[kind] + _varint(size)
    key = _FIELD_1 + _varint(len(name)) + name
    entry = key + _FIELD_2 + _varint(len(value) + size) + value
    return _FIELD_1 + _varint(len(entry) + size) + entry


def _floats(data: bytes) -> bytes:
    return _FIELD_1 + _varint(len(data)) + data if data else b""


def _values(values: Sequence[bytes] | Sequence[int], kind: FeatureType) -> bytes:
    """Returns the content of a BytesList or of an Int64List."""
    if kind == "bytes":
        return b"".join(_FIELD_1 + _varint(len(value)) + value for value in values)  # type: ignore[arg-type, operator]
    data = b"".join(_varint(value) for value in values)  # type: ignore[arg-type]
    return _FIELD_1 + _varint(len(data)) + data if data else b""


def _varint(number: int) -> bytes:
    if 0 <= number < _CONTINUES:
        return _SHORT[number]
    # A negative number is its two's complement of 64 bits.
    number &= 0xFFFFFFFFFFFFFFFF
    result = bytearray()
    while number >= _CONTINUES:
        result.append(number & 0x7F | _CONTINUES)
        number >>= 7
    result.append(number)
    return bytes(result)


_SHORT = [bytes([number]) for number in range(_CONTINUES)]
