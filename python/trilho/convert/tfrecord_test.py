import io
from pathlib import Path

import pytest
import tensorflow as tf

from trilho.convert.problems import ConvertError
from trilho.convert.tfrecord import read_records, write_records

RECORDS = [b"", b"one", bytes(range(256)) * 1000]


@pytest.mark.parametrize(("compression", "tensorflow_name"), [("none", ""), ("gzip", "GZIP")])
def test_tensorflow_reads_what_is_written(
    tmp_path: Path, compression: str, tensorflow_name: str
) -> None:
    path = tmp_path / "records"
    with path.open("wb") as file:
        assert write_records(file, RECORDS, compression=compression) == len(RECORDS)

    found = tf.data.TFRecordDataset([str(path)], compression_type=tensorflow_name)

    assert list(found.as_numpy_iterator()) == RECORDS


@pytest.mark.parametrize(("compression", "tensorflow_name"), [("none", ""), ("gzip", "GZIP")])
def test_what_tensorflow_writes_is_read(
    tmp_path: Path, compression: str, tensorflow_name: str
) -> None:
    path = tmp_path / "records"
    with tf.io.TFRecordWriter(str(path), tensorflow_name) as writer:
        for record in RECORDS:
            writer.write(record)

    with path.open("rb") as file:
        assert list(read_records(file, compression=compression, name="records")) == RECORDS


def test_the_same_records_are_the_same_bytes() -> None:
    first, second = io.BytesIO(), io.BytesIO()

    write_records(first, RECORDS, compression="gzip")
    write_records(second, RECORDS, compression="gzip")

    assert first.getvalue() == second.getvalue()


@pytest.mark.parametrize(
    ("position", "message"),
    [(0, "record 0 is damaged: its length"), (30, "record 1 is damaged: its bytes")],
)
def test_a_changed_byte_is_found(position: int, message: str) -> None:
    file = io.BytesIO()
    write_records(file, RECORDS, compression="none")
    damaged = bytearray(file.getvalue())
    damaged[position] ^= 1

    with pytest.raises(ConvertError, match=message):
        list(read_records(io.BytesIO(damaged), compression="none", name="records"))


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_a_file_that_ends_too_early_is_found(compression: str) -> None:
    file = io.BytesIO()
    write_records(file, RECORDS, compression=compression)
    half = io.BytesIO(file.getvalue()[: len(file.getvalue()) // 2])

    with pytest.raises(ConvertError, match="records"):
        list(read_records(half, compression=compression, name="records"))
