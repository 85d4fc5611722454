"""The MNIST network."""

import keras

__all__ = ["CLASSES", "PIXELS", "build"]

PIXELS = 28 * 28
CLASSES = tuple(str(digit) for digit in range(10))


def build(*, hidden: int, dropout: float) -> keras.Model:
    """Makes the network, with weights from Keras' random seed.

    Args:
        hidden: Units of the hidden layer.
        dropout: The share of them that a training step leaves out, 0 to 1.

    Returns:
        A model from pixels, float32 [n, 784] in [0, 1], to the probabilities of the ten digits,
        float32 [n, 10].
    """
    return keras.Sequential(
        [
            keras.Input([PIXELS], name="image_data"),
            keras.layers.Dense(hidden, activation="relu", name="hidden"),
            keras.layers.Dropout(dropout, name="dropout"),
            keras.layers.Dense(len(CLASSES), activation="softmax", name="value"),
        ],
        name="mnist",
    )
