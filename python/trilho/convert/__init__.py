"""Turns tables into TFRecord files of tf.Example, without TensorFlow."""

__all__: list[str] = []
