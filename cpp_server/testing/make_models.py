"""Writes the small SavedModels that tests of the server load.

Version 2 of a model answers differently from version 1, so that a test sees which one answered.
"""

import os
import sys

import tensorflow as tf

_FLOATS = tf.TensorSpec([None], tf.float32)

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

    def __init__(self, version):
        super().__init__()
        self.offset = tf.Variable(1.0 + version)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def half_plus_two(self, x):
        return {"y": x / 2.0 + self.offset}

    def signatures(self):
        return {"serving_default": self.half_plus_two}


class MnistLike(tf.Module):
    """value[d] = mean of the image + d; version 2 adds 10."""

    def __init__(self, version):
        super().__init__()
        self.scores = tf.Variable(tf.range(10, dtype=tf.float32) + 10.0 * (version - 1))

    @tf.function(input_signature=[tf.TensorSpec([None, 784], tf.float32, name="image_data")])
    def classify(self, image_data):
        return {"value": tf.reduce_mean(image_data, axis=1, keepdims=True) + self.scores}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def upper(self, text):
        return {"text": tf.strings.upper(text)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name=n) for n in ["a", "b"]])
    def add(self, a, b):
        return {"sum": a + b, "difference": a - b}

    @tf.function(input_signature=[tf.TensorSpec(None, t, name=t.name) for t in _TYPES])
    def echo(self, *values):
        return {t.name: tf.identity(v) for t, v in zip(_TYPES, values)}

    # Has no answer to the zeros of a warm-up.
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def positive(self, x):
        with tf.control_dependencies([tf.debugging.assert_positive(x, message="x must be positive")]):
            return {"y": tf.identity(x)}

    def signatures(self):
        return {
            "serving_default": self.classify,
            "upper": self.upper,
            "add": self.add,
            "echo": self.echo,
            "positive": self.positive,
        }


def main(folder):
    for name, kind in {"half_plus_two": HalfPlusTwo, "mnist_like": MnistLike}.items():
        for version in [1, 2]:
            model = kind(version)
            tf.saved_model.save(model, os.path.join(folder, name, str(version)), signatures=model.signatures())


if __name__ == "__main__":
    main(sys.argv[1])
