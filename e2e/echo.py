"""A model that answers what it is asked, in every type that a tensor has."""

from pathlib import Path
from typing import Any

import tensorflow as tf

__all__ = ["VALUES", "export_echo", "tensor"]

# Of each type its ends and what lies between; the same number of each.
VALUES: dict[str, list[Any]] = {
    "float16": [0.0, -65504.0, 6e-8, 0.333251953125],
    "bfloat16": [0.0, -3.3895313892515355e38, 0.333984375, 1.0],
    "float32": [0.0, -3.4028234663852886e38, 1.401298464324817e-45, 0.1],
    "float64": [0.0, -1.7976931348623157e308, 5e-324, 0.1],
    "int8": [-128, -1, 0, 127],
    "uint8": [0, 1, 128, 255],
    "int16": [-32768, -1, 0, 32767],
    "uint16": [0, 1, 32768, 65535],
    "int32": [-(2**31), -1, 0, 2**31 - 1],
    "uint32": [0, 1, 2**31, 2**32 - 1],
    "int64": [-(2**63), -1, 2**53 + 1, 2**63 - 1],
    "uint64": [0, 1, 2**53 + 1, 2**64 - 1],
    "bool": [True, False, False, True],
    "string": [b"", b"text", "größer".encode(), b"\x00\xff\xfe"],
    "complex64": [0j, 1 + 2j, -0.5j, 3.25 - 1j],
    "complex128": [0j, 1 + 2j, -0.5j, 3.25 - 1e300j],
}


def tensor(name: str) -> Any:
    """The values of a type in two rows."""
    return tf.constant(VALUES[name], tf.as_dtype(name), shape=[2, 2]).numpy()


def export_echo(folder: Path) -> None:
    """Exports it with a signature for each type, of its name: x, of two dimensions, comes as y.

    Args:
        folder: Of the version.
    """
    signatures = {
        name: tf.function(
            lambda x: {"y": tf.identity(x)},
            [tf.TensorSpec([None, None], tf.as_dtype(name), name="x")],
        ).get_concrete_function()
        for name in VALUES
    }
    tf.saved_model.save(tf.Module(), str(folder), signatures)
