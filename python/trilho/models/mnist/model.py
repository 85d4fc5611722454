"""The MNIST networks."""

import keras

__all__ = ["CLASSES", "PIXELS", "build"]

_SIDE = 28
# At most two pixels, as a share of the image.
_SHIFT = 2 / _SIDE
# So that means and variances of short runs are there, too.
_MOMENTUM = 0.9
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
    return keras.Sequential(
        [
            keras.Input([PIXELS], name="image_data"),
            *(_convolutions() if network == "cnn" else []),
            layers.Dense(hidden, activation="relu", name="hidden"),
            layers.Dropout(dropout, name="dropout"),
            layers.Dense(len(CLASSES), activation="softmax", name="value"),
        ],
        name="mnist",
    )


def _convolutions() -> list[keras.Layer]:
    layers = keras.layers
    made: list[keras.Layer] = [
        layers.Reshape([_SIDE, _SIDE, 1], name="image"),
        # In training only: each image is moved a little, so that no pixel is learned by heart.
        layers.RandomTranslation(
            _SHIFT, _SHIFT, fill_mode="constant", interpolation="nearest", name="shift"
        ),
    ]
    for number, (filters, strides) in enumerate(((16, 1), (32, 2), (64, 1)), start=1):
        made += [
            # Without a bias: the normalization has one.
            layers.Conv2D(filters, 3, strides=strides, use_bias=False, name=f"conv_{number}"),
            layers.BatchNormalization(momentum=_MOMENTUM, name=f"normalization_{number}"),
            layers.ReLU(name=f"relu_{number}"),
        ]
    return [*made, layers.MaxPooling2D(name="pool"), layers.Flatten(name="flat")]
