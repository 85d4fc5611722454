"""The MNIST networks."""

import keras

__all__ = ["CLASSES", "PIXELS", "build"]

_SIDE = 28
PIXELS = _SIDE * _SIDE
CLASSES = tuple(str(digit) for digit in range(10))


def build(*, network: str, hidden: int, dropout: float) -> keras.Model:
    """Makes a network, with weights from Keras' random seed.

    Args:
        network: "dense" for one hidden layer, "cnn" for convolutions before it.
        hidden: Units of the hidden layer.
        dropout: The share of them that a training step leaves out, 0 to 1.

    Returns:
        A model from pixels, float32 [n, 784] in [0, 1], to the probabilities of the ten digits,
        float32 [n, 10].
    """
    layers = keras.layers
    convolutions = [
        layers.Reshape([_SIDE, _SIDE, 1], name="image"),
        layers.Conv2D(32, 3, activation="relu", name="conv_1"),
        layers.Conv2D(32, 3, strides=2, activation="relu", name="conv_2"),
        layers.Conv2D(64, 3, activation="relu", name="conv_3"),
        layers.MaxPooling2D(name="pool"),
        layers.Flatten(name="flat"),
    ]
    return keras.Sequential(
        [
            keras.Input([PIXELS], name="image_data"),
            *(convolutions if network == "cnn" else []),
            layers.Dense(hidden, activation="relu", name="hidden"),
            layers.Dropout(dropout, name="dropout"),
            layers.Dense(len(CLASSES), activation="softmax", name="value"),
        ],
        name="mnist",
    )
