"""Loading TensorFlow the way a command line wants it: on the CPU, and without its notes."""

import contextlib
import importlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator

__all__ = ["load_tensorflow"]

# Notes of absl's C++ log, e.g. "I0000 00:00:1700000000.000000    4242 port.cc:153] oneDNN ...".
# And Matplotlib's, which Keras loads, on a home that cannot be written.
_NOTE = re.compile(
    rb"[IW]0000 00:00:|WARNING: All log messages before absl::InitializeLog"
    rb"|.*/matplotlib is not a writable directory|Matplotlib created a temporary cache directory"
)


def load_tensorflow() -> None:
    """Imports TensorFlow and Keras without a word unless something is wrong.

    Variables of the environment that are set already stay as they are.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    with _without_notes():
        importlib.import_module("tensorflow")
        importlib.import_module("keras")


@contextlib.contextmanager
def _without_notes() -> Iterator[None]:
    """Holds back what is written to standard error, then writes it without the notes.

    TensorFlow logs from C++ while it is imported, before any setting of its log has an effect, so
    the file descriptor is the only place to catch it.
    """
    sys.stderr.flush()
    original = os.dup(2)
    try:
        with tempfile.TemporaryFile() as held:
            os.dup2(held.fileno(), 2)
            try:
                yield
            finally:
                sys.stderr.flush()
                os.dup2(original, 2)
                held.seek(0)
                for line in held:
                    if not _NOTE.match(line):
                        os.write(2, line)
    finally:
        os.close(original)
