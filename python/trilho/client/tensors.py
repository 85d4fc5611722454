"""numpy arrays as TensorFlow's TensorProto, and back."""

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from trilho.client.serving import DataType, Message, TensorProto

__all__ = ["from_proto", "to_proto", "type_name"]

Array = np.ndarray[Any, np.dtype[Any]]
# A repeated field, or an array made of one.
_Values: TypeAlias = Any


class _Kind(NamedTuple):
    """How values of one type are stored.

    Attributes:
        dtype: numpy's type, which is also tensor_content's layout, little-endian.
        field: The repeated field for those who do not use tensor_content.
        stored: numpy's type of that field's elements once they are reinterpreted as `dtype`.
    """

    dtype: np.dtype[Any]
    field: str
    stored: np.dtype[Any]


def _kind(dtype: str, field: str, stored: str | None = None) -> _Kind:
    return _Kind(np.dtype(dtype), field, np.dtype(stored or dtype))


_KINDS = {
    "DT_FLOAT": _kind("<f4", "float_val"),
    "DT_DOUBLE": _kind("<f8", "double_val"),
    # Both halves are stored as bits; numpy has no bfloat16, see _widen.
    "DT_HALF": _kind("<f2", "half_val", "<u2"),
    "DT_BFLOAT16": _kind("<u2", "half_val"),
    "DT_INT8": _kind("i1", "int_val"),
    "DT_INT16": _kind("<i2", "int_val"),
    "DT_INT32": _kind("<i4", "int_val"),
    "DT_INT64": _kind("<i8", "int64_val"),
    "DT_UINT8": _kind("u1", "int_val"),
    "DT_UINT16": _kind("<u2", "int_val"),
    "DT_UINT32": _kind("<u4", "uint32_val"),
    "DT_UINT64": _kind("<u8", "uint64_val"),
    "DT_BOOL": _kind("?", "bool_val"),
    # Stored as pairs of real and imaginary part.
    "DT_COMPLEX64": _kind("<c8", "scomplex_val", "<f4"),
    "DT_COMPLEX128": _kind("<c16", "dcomplex_val", "<f8"),
}
_BY_DTYPE = {kind.dtype: name for name, kind in _KINDS.items() if name != "DT_BFLOAT16"}


def to_proto(values: ArrayLike) -> Message:
    """Writes a tensor.

    Numbers go to `tensor_content`, which servers copy in one piece.

    Args:
        values: An array of numbers, bool, bytes or str, or what numpy makes one of. Note that
            numpy makes float64 and int64 of Python's numbers. Arrays of the dtype bfloat16 of the
            package ml_dtypes are taken, too. numpy's fixed-width bytes lose zeros at their end; an
            array of dtype object does not.

    Returns:
        A TensorProto of the same type and shape; str are UTF-8.

    Raises:
        TypeError: TensorFlow has no such type, or elements of dtype object are no bytes or str.
    """
    array = np.asarray(values)
    name = type_name(array.dtype)
    proto = TensorProto(dtype=DataType.Value(name))
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    if name == "DT_STRING":
        proto.string_val.extend(_bytes(value) for value in array.ravel().tolist())
    else:
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        proto.tensor_content = little.tobytes()
    return proto


def from_proto(proto: Message) -> Array:
    """Reads a tensor, from `tensor_content` or the field of its type.

    As TensorFlow does, repeats the last of too few values, and takes zeros where there is none.

    Args:
        proto: A TensorProto, of this package or of TensorFlow.

    Returns:
        An array of the same shape that may be written to. Strings are bytes in an array of dtype
        object; bfloat16, which numpy does not have, is float32 of the same values.

    Raises:
        ValueError: The type is not one of numbers, bool or string, the shape is unknown, or the
            values do not fill it.
    """
    name = _name(proto.dtype)
    shape = _shape(proto)
    if name == "DT_STRING":
        return _fill(list(proto.string_val), shape, name, _object_array)
    kind = _KINDS.get(name)
    if kind is None:
        raise ValueError(f"Tensors of {name} cannot be read")
    if proto.tensor_content:
        array = _from_content(proto.tensor_content, shape, name, kind.dtype)
    else:
        array = _from_field(getattr(proto, kind.field), shape, name, kind)
    return _widen(array) if name == "DT_BFLOAT16" else array


def type_name(dtype: np.dtype[Any]) -> str:
    """Returns TensorFlow's name of a type, e.g. "DT_FLOAT" of float32.

    Raises:
        TypeError: TensorFlow has no such type.
    """
    if dtype.kind in "SUO":
        return "DT_STRING"
    if dtype.name == "bfloat16":
        return "DT_BFLOAT16"
    name = _BY_DTYPE.get(dtype.newbyteorder("<"))
    if name is None:
        raise TypeError(f"TensorFlow has no type for numpy's {dtype}")
    return name


def _bytes(value: object) -> bytes:
    match value:
        case bytes():
            return value
        case str():
            return value.encode()
        case _:
            kind = type(value).__name__
            raise TypeError(f"Expected bytes or str in a string tensor, found {value} ({kind})")


def _name(number: int) -> str:
    try:
        return str(DataType.Name(number))
    except ValueError:
        return f"type {number}"


def _shape(proto: Message) -> tuple[int, ...]:
    if proto.tensor_shape.unknown_rank:
        raise ValueError("The tensor's rank is unknown")
    shape = tuple(dimension.size for dimension in proto.tensor_shape.dim)
    if any(size < 0 for size in shape):
        raise ValueError(f"The tensor's shape {list(shape)} is not fully known")
    return shape


def _from_content(content: bytes, shape: tuple[int, ...], name: str, dtype: np.dtype[Any]) -> Array:
    expected = prod(shape) * dtype.itemsize
    if len(content) != expected:
        raise ValueError(f"{name}{list(shape)} holds {expected} bytes, found {len(content)}")
    return np.frombuffer(content, dtype).reshape(shape).copy()


def _from_field(values: _Values, shape: tuple[int, ...], name: str, kind: _Kind) -> Array:
    if kind.dtype.kind == "c":
        pairs = np.array(values, kind.stored)
        return _fill(pairs.view(kind.dtype), shape, name, np.asarray)

    def convert(some: _Values) -> Array:
        # int_val's int32 may hold what does not fit: TensorFlow keeps the low bits, so do we.
        wide = np.array(some, np.int64 if kind.field in {"int_val", "half_val"} else kind.stored)
        return wide.astype(kind.stored, copy=False).view(kind.dtype)

    return _fill(values, shape, name, convert)


def _fill(
    values: _Values, shape: tuple[int, ...], name: str, convert: Callable[[_Values], Array]
) -> Array:
    size = prod(shape)
    if len(values) > size:
        raise ValueError(f"{name}{list(shape)} holds {size} values, found {len(values)}")
    array = convert(values)
    if len(values) == 0:
        zero: object = b"" if name == "DT_STRING" else 0
        return np.full(shape, zero, array.dtype)
    missing = size - len(values)
    if missing:
        array = np.concatenate([array, np.repeat(array[-1:], missing)])
    return array.reshape(shape)


def _object_array(values: _Values) -> Array:
    array = np.empty(len(values), object)
    array[:] = values
    return array


def _widen(bits: Array) -> Array:
    # A bfloat16 is the upper half of a float32.
    return (bits.astype(np.uint32) << 16).view(np.float32)
