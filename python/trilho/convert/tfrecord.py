"""TFRecord files.

A record is its length (8 bytes, little-endian), the length's masked CRC-32C, its bytes and their
masked CRC-32C: the format of tensorflow/core/lib/io/record_writer.cc.
"""

import functools
import gzip
import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO, cast

import google_crc32c

from trilho.convert.problems import ConvertError

__all__ = ["COMPRESSIONS", "read_records", "write_records"]

COMPRESSIONS = ("gzip", "none")

# zlib's own default; gzip's is 9, which takes twice the time for a percent.
_LEVEL = 6
_LENGTH = struct.Struct("<Q")
_CRC = struct.Struct("<I")
_HEADER_SIZE = _LENGTH.size + _CRC.size
_MASK_DELTA = 0xA282EAD8
# Bytes that are written at once.
_WRITTEN = 1 << 16


def write_records(file: BinaryIO, records: Iterable[bytes], *, compression: str) -> int:
    """Writes records; the same ones always as the same bytes.

    Args:
        file: Open for writing; stays open.
        records: The records.
        compression: One of COMPRESSIONS.

    Returns:
        How many there were.
    """
    if compression == "none":
        return _write(file, records)
    # Neither name nor time stand in the file, so that it depends on its records alone.
    with gzip.GzipFile("", "wb", compresslevel=_LEVEL, fileobj=file, mtime=0) as packed:
        return _write(cast("BinaryIO", packed), records)


def read_records(file: BinaryIO, *, compression: str, name: str) -> Iterator[bytes]:
    """Reads records.

    Args:
        file: Open for reading; stays open.
        compression: One of COMPRESSIONS.
        name: Of the file, for errors.

    Yields:
        Each record.

    Raises:
        ConvertError: The file is damaged, or ends amid a record.
    """
    content = file if compression == "none" else cast("BinaryIO", gzip.GzipFile(fileobj=file))
    try:
        number = 0
        while header := content.read(_HEADER_SIZE):
            yield _record(content, header, f"{name}: record {number}")
            number += 1
    except (OSError, EOFError) as error:
        raise ConvertError(f"{name}: {error}") from error


def _write(file: BinaryIO, records: Iterable[bytes]) -> int:
    count = size = 0
    pieces: list[bytes] = []
    for record in records:
        pieces += (_header(len(record)), record, _masked_crc(record))
        count += 1
        size += len(record)
        # Together, as each call of a file costs more than a small record.
        if size >= _WRITTEN:
            file.write(b"".join(pieces))
            pieces.clear()
            size = 0
    file.write(b"".join(pieces))
    return count


@functools.lru_cache(maxsize=4096)
def _header(size: int) -> bytes:
    length = _LENGTH.pack(size)
    return length + _masked_crc(length)


def _record(file: BinaryIO, header: bytes, name: str) -> bytes:
    length, crc = header[: _LENGTH.size], header[_LENGTH.size :]
    if len(header) < _HEADER_SIZE or crc != _masked_crc(length):
        raise ConvertError(f"{name} is damaged: its length is not what its checksum says")
    size: int = _LENGTH.unpack(length)[0]
    record = file.read(size)
    if len(record) < size or file.read(_CRC.size) != _masked_crc(record):
        raise ConvertError(f"{name} is damaged: its bytes are not what their checksum says")
    return record


def _masked_crc(data: bytes) -> bytes:
    crc: int = google_crc32c.value(data)
    return _CRC.pack(((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF)
