"""MNIST as pipelines of batches: float32 [n, 784] in [0, 1] and int64 [n] labels."""

import numpy as np
import tensorflow as tf

from trilho.data.cache import DataError
from trilho.data.mnist import Mnist
from trilho.training import batches
from trilho.training.job import Shard

__all__ = ["check", "pixels", "test", "train", "validation"]


def check(mnist: Mnist, *, batch_size: int, validation_size: int) -> None:
    """Makes sure that there is something to train with.

    Args:
        mnist: The images and labels.
        batch_size: Images a training batch.
        validation_size: How many training images to validate with.

    Raises:
        DataError: Less than one batch would be left to train with.
    """
    if len(mnist.train_images) - validation_size < batch_size:
        raise DataError(
            f"{len(mnist.train_images)} images are too few for {validation_size} to validate with "
            f"and a batch of {batch_size}"
        )


def train(
    mnist: Mnist, *, batch_size: int, seed: int, validation_size: int, shard: Shard
) -> tf.data.Dataset:
    """Makes the training batches.

    Args:
        mnist: The images and labels.
        batch_size: Images a batch, of all workers together.
        seed: Of the order of the images.
        validation_size: How many images, the last ones, to leave out.
        shard: What this worker reads.

    Returns:
        Batches without end, shuffled anew in each epoch, all of the same size; the same ones in the
        same order for the same arguments.
    """
    size = len(mnist.train_images) - validation_size
    rows = mnist.train_images[:size], mnist.train_labels[:size]
    return batches.shuffled(rows, shard, batch_size=batch_size, seed=seed, transform=_scale)


def validation(mnist: Mnist, *, validation_size: int) -> tf.data.Dataset:
    """Makes batches of the last `validation_size` training images, each once."""
    return _once(mnist.train_images[-validation_size:], mnist.train_labels[-validation_size:])


def test(mnist: Mnist) -> tf.data.Dataset:
    """Makes batches of the test images, each once."""
    return _once(mnist.test_images, mnist.test_labels)


def pixels(images: np.ndarray) -> np.ndarray:
    """Turns images into rows of the model's input.

    Args:
        images: uint8 [n, 28, 28].

    Returns:
        float32 [n, 784] in [0, 1].
    """
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)


def _once(images: np.ndarray, labels: np.ndarray) -> tf.data.Dataset:
    return batches.once((images, labels), transform=_scale).cache()


def _scale(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    rows = tf.reshape(images, [tf.shape(images)[0], 784])
    return tf.cast(rows, tf.float32) / 255.0, tf.cast(labels, tf.int64)
