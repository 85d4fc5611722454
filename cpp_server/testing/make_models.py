"""Writes the small SavedModels that tests of the server load.

Version 2 of a model answers differently from version 1, so that a test sees which one answered.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import tensorflow as tf

_Outputs = Mapping[str, tf.Tensor]
_Signatures = Mapping[str, Callable[..., _Outputs]]

# Every type of element that both a request and a kernel can take.
_TYPES = [
    tf.float32,
    tf.float64,
    tf.float16,
    tf.bfloat16,
    tf.int8,
    tf.int16,
    tf.int32,
    tf.int64,
    tf.uint8,
    tf.uint16,
    tf.uint32,
    tf.uint64,
    tf.bool,
    tf.complex64,
    tf.complex128,
    tf.string,
]


class HalfPlusTwo(tf.Module):
    """y = x / 2 + 2; version 2 adds 3."""

    def __init__(self, version: int) -> None:
        super().__init__()
        self.offset = tf.Variable(1.0 + version)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def half_plus_two(self, x: tf.Tensor) -> _Outputs:
        """Float [n] to float [n]."""
        return {"y": x / 2.0 + self.offset}

    def signatures(self) -> _Signatures:
        """By name."""
        return {"serving_default": self.half_plus_two}


class MnistLike(tf.Module):
    """value[d] = mean of the image + d; version 2 adds 10."""

    def __init__(self, version: int) -> None:
        super().__init__()
        self.scores = tf.Variable(tf.range(10, dtype=tf.float32) + 10.0 * (version - 1))

    @tf.function(input_signature=[tf.TensorSpec([None, 784], tf.float32, name="image_data")])
    def classify(self, image_data: tf.Tensor) -> _Outputs:
        """Float [n, 784] to float [n, 10]."""
        return {"value": tf.reduce_mean(image_data, axis=1, keepdims=True) + self.scores}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def upper(self, text: tf.Tensor) -> _Outputs:
        """Strings in capitals."""
        return {"text": tf.strings.upper(text)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name=n) for n in ["a", "b"]])
    def add(self, a: tf.Tensor, b: tf.Tensor) -> _Outputs:
        """Two inputs, two outputs."""
        return {"sum": a + b, "difference": a - b}

    @tf.function(input_signature=[tf.TensorSpec(None, t, name=t.name) for t in _TYPES])
    def echo(self, *values: tf.Tensor) -> _Outputs:
        """One input of each type, unchanged."""
        return {t.name: tf.identity(v) for t, v in zip(_TYPES, values, strict=True)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def positive(self, x: tf.Tensor) -> _Outputs:
        """Has no answer to the zeros of a warm-up."""
        positive = tf.debugging.assert_positive(x, message="x must be positive")
        with tf.control_dependencies([positive]):
            return {"y": tf.identity(x)}

    def signatures(self) -> _Signatures:
        """By name."""
        return {
            "serving_default": self.classify,
            "upper": self.upper,
            "add": self.add,
            "echo": self.echo,
            "positive": self.positive,
        }


def main(folder: Path) -> None:
    """Writes FOLDER/MODEL/VERSION."""
    kinds: dict[str, type[HalfPlusTwo | MnistLike]] = {
        "half_plus_two": HalfPlusTwo,
        "mnist_like": MnistLike,
    }
    for name, kind in kinds.items():
        for version in [1, 2]:
            model = kind(version)
            target = folder / name / str(version)
            tf.saved_model.save(model, str(target), signatures=model.signatures())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
