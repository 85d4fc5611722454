"""Reading IDX, the format of the MNIST files."""

import gzip
import struct
import zlib
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from trilho.data.cache import DataError

__all__ = ["read"]

_UNSIGNED_BYTE = 0x08


def read(path: Path) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Reads an IDX file of unsigned bytes.

    Args:
        path: The file, plain or compressed by gzip with a name that ends in ".gz".

    Returns:
        uint8, in the shape that the file says.

    Raises:
        DataError: It cannot be read, or is not such a file.
    """
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"Cannot read {path}: {_reason(error)}") from error
    # Two zero bytes, the type, the number of dimensions, then each dimension, big-endian.
    rank = content[3] if len(content) > 3 else 0  # noqa: PLR2004
    start = 4 + 4 * rank
    if content[:3] != bytes([0, 0, _UNSIGNED_BYTE]) or rank == 0 or len(content) < start:
        raise DataError(
            f"{path} is no IDX file of unsigned bytes: it starts {content[:4].hex(' ')}"
        )
    shape = struct.unpack(f">{rank}I", content[4:start])
    if len(content) - start != prod(shape):
        raise DataError(
            f"{path}: expected {prod(shape)} bytes for the shape {list(shape)}, "
            f"found {len(content) - start}"
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
