"""MNIST as pipelines of batches."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from trilho.data.cache import DataError
from trilho.data.mnist import Mnist

__all__ = ["Splits", "pixels", "splits"]

_EVALUATION_BATCH = 1000


@dataclass(frozen=True, kw_only=True)
class Splits:
    """Batches of float32 [n, 784] in [0, 1] and int64 [n] labels.

    Attributes:
        train: Shuffled anew in each epoch, without end; all batches are of the same size.
        validation: Each image once.
        test: Each image once.
    """

    train: tf.data.Dataset
    validation: tf.data.Dataset
    test: tf.data.Dataset


def splits(mnist: Mnist, *, batch_size: int, seed: int, validation_size: int) -> Splits:
    """Makes the pipelines.

    Args:
        mnist: The images and labels.
        batch_size: Images a training batch.
        seed: Of the order of the training images.
        validation_size: How many training images to validate with: the last ones.

    Returns:
        The same batches in the same order for the same arguments.

    Raises:
        DataError: Less than one batch would be left to train with.
    """
    size = len(mnist.train_images) - validation_size
    if size < batch_size:
        raise DataError(
            f"{len(mnist.train_images)} images are too few for {validation_size} to validate with "
            f"and a batch of {batch_size}"
        )
    images, labels = mnist.train_images, mnist.train_labels
    train = tf.data.Dataset.from_tensor_slices((images[:size], labels[:size]))
    train = train.shuffle(size, seed=seed, reshuffle_each_iteration=True).repeat()
    train = train.batch(batch_size, drop_remainder=True).map(_scale).prefetch(tf.data.AUTOTUNE)
    return Splits(
        train=train,
        validation=_once(images[size:], labels[size:]),
        test=_once(mnist.test_images, mnist.test_labels),
    )


def pixels(images: np.ndarray) -> np.ndarray:
    """Turns images into rows of the model's input.

    Args:
        images: uint8 [n, 28, 28].

    Returns:
        float32 [n, 784] in [0, 1].
    """
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)


def _once(images: np.ndarray, labels: np.ndarray) -> tf.data.Dataset:
    rows = tf.data.Dataset.from_tensor_slices((images, labels))
    return rows.batch(_EVALUATION_BATCH).map(_scale).cache()


def _scale(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    rows = tf.reshape(images, [tf.shape(images)[0], 784])
    return tf.cast(rows, tf.float32) / 255.0, tf.cast(labels, tf.int64)
