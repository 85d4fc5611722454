from typing import Any

import numpy as np
import pytest

from trilho.client import tensors
from trilho.client.serving import DataType, Message, TensorProto

Array = np.ndarray[Any, np.dtype[Any]]

_NUMBERS = [
    np.float32,
    np.float64,
    np.float16,
    np.int8,
    np.int16,
    np.int32,
    np.int64,
    np.uint8,
    np.uint16,
    np.uint32,
    np.uint64,
    np.bool_,
    np.complex64,
    np.complex128,
]


def _proto(dtype: str, shape: list[int], **fields: object) -> Message:
    proto = TensorProto(dtype=DataType.Value(dtype), **fields)
    for size in shape:
        proto.tensor_shape.dim.add(size=size)
    return proto


@pytest.mark.parametrize("dtype", _NUMBERS)
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 4)])
def test_numbers_come_back_as_they_were(dtype: type[np.generic], shape: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    back = tensors.from_proto(tensors.to_proto(array))
    assert back.dtype == array.dtype
    assert back.shape == shape
    np.testing.assert_array_equal(back, array)
    assert back.flags.writeable


def test_extremes_survive() -> None:
    for dtype in (np.int64, np.uint64, np.int8):
        array = np.array([np.iinfo(dtype).min, np.iinfo(dtype).max], dtype)
        np.testing.assert_array_equal(tensors.from_proto(tensors.to_proto(array)), array)
    odd = np.array([np.nan, np.inf, -0.0, 1e-45], np.float32)
    assert tensors.from_proto(tensors.to_proto(odd)).tobytes() == odd.tobytes()


def test_strings_become_bytes_of_utf8() -> None:
    back = tensors.from_proto(tensors.to_proto([["ä", "b"], ["", "longer"]]))
    assert back.dtype == object
    assert back.tolist() == [["ä".encode(), b"b"], [b"", b"longer"]]


def test_bytes_of_an_object_array_keep_their_zeros() -> None:
    array = np.array([b"a\0", b"\0"], object)
    assert tensors.from_proto(tensors.to_proto(array)).tolist() == [b"a\0", b"\0"]


def test_other_byte_orders_and_strides_are_put_right() -> None:
    array = np.arange(12, dtype=">i4").reshape(3, 4).T[::2]
    np.testing.assert_array_equal(tensors.from_proto(tensors.to_proto(array)), array)


def test_numbers_go_to_tensor_content() -> None:
    proto = tensors.to_proto(np.array([1.5, 2], np.float32))
    assert proto.tensor_content == np.array([1.5, 2], "<f4").tobytes()
    assert not proto.float_val


@pytest.mark.parametrize(
    ("dtype", "field", "values", "expected"),
    [
        ("DT_FLOAT", "float_val", [1.5, 2.5], np.array([1.5, 2.5], np.float32)),
        ("DT_DOUBLE", "double_val", [1.5, 2.5], np.array([1.5, 2.5])),
        ("DT_INT8", "int_val", [-1, 2], np.array([-1, 2], np.int8)),
        ("DT_UINT8", "int_val", [255, 2], np.array([255, 2], np.uint8)),
        ("DT_INT16", "int_val", [-1, 2], np.array([-1, 2], np.int16)),
        ("DT_UINT16", "int_val", [65535, 2], np.array([65535, 2], np.uint16)),
        ("DT_INT32", "int_val", [-1, 2], np.array([-1, 2], np.int32)),
        ("DT_INT64", "int64_val", [-(2**63), 2], np.array([-(2**63), 2])),
        ("DT_UINT32", "uint32_val", [2**32 - 1, 2], np.array([2**32 - 1, 2], np.uint32)),
        ("DT_UINT64", "uint64_val", [2**64 - 1, 2], np.array([2**64 - 1, 2], np.uint64)),
        ("DT_BOOL", "bool_val", [True, False], np.array([True, False])),
        ("DT_HALF", "half_val", [0x3C00, 0xC000], np.array([1, -2], np.float16)),
        ("DT_BFLOAT16", "half_val", [0x3F80, 0xC000], np.array([1, -2], np.float32)),
        ("DT_COMPLEX64", "scomplex_val", [1, 2, 3, 4], np.array([1 + 2j, 3 + 4j], np.complex64)),
        ("DT_COMPLEX128", "dcomplex_val", [1, 2, 3, 4], np.array([1 + 2j, 3 + 4j])),
        ("DT_STRING", "string_val", [b"a", b"b"], np.array([b"a", b"b"], object)),
    ],
)
def test_typed_fields_are_read(dtype: str, field: str, values: list[Any], expected: Array) -> None:
    back = tensors.from_proto(_proto(dtype, [2], **{field: values}))
    assert back.dtype == expected.dtype
    np.testing.assert_array_equal(back, expected)


def test_bfloat16_content_is_widened() -> None:
    content = np.array([0x3F80, 0xC000], "<u2").tobytes()
    back = tensors.from_proto(_proto("DT_BFLOAT16", [2], tensor_content=content))
    np.testing.assert_array_equal(back, np.array([1, -2], np.float32))


def test_the_last_of_too_few_values_is_repeated() -> None:
    back = tensors.from_proto(_proto("DT_INT32", [2, 2], int_val=[1, 2]))
    assert back.tolist() == [[1, 2], [2, 2]]


@pytest.mark.parametrize(("dtype", "zero"), [("DT_FLOAT", 0), ("DT_STRING", b""), ("DT_BOOL", 0)])
def test_no_values_are_zeros(dtype: str, zero: object) -> None:
    assert tensors.from_proto(_proto(dtype, [2])).tolist() == [zero, zero]


@pytest.mark.parametrize(
    ("proto", "message"),
    [
        (_proto("DT_INT32", [1], int_val=[1, 2]), r"DT_INT32\[1\] holds 1 values, found 2"),
        (_proto("DT_INT32", [2], tensor_content=b"abcd"), "holds 8 bytes, found 4"),
        (_proto("DT_RESOURCE", [1]), "DT_RESOURCE"),
        (_proto("DT_INT32", [-1]), "not fully known"),
        (TensorProto(dtype=1, tensor_shape={"unknown_rank": True}), "rank is unknown"),
        (TensorProto(dtype=99), "type 99"),
    ],
)
def test_malformed_tensors_are_refused(proto: Message, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tensors.from_proto(proto)


def test_what_tensorflow_has_no_type_for_is_refused() -> None:
    with pytest.raises(TypeError, match="datetime64"):
        tensors.to_proto(np.array(["2026-01-01"], "datetime64[D]"))
    with pytest.raises(TypeError, match=r"Expected bytes or str .*, found 0 \(int64\)$"):
        tensors.to_proto(np.array([b"a", np.int64(0)], object))
