"""Finding the number of a column's tensor that is none: NaN, or an infinity."""

from typing import Any

import tensorflow as tf

__all__ = ["first_not_finite"]


def first_not_finite(url: str, name: str, values: Any, first: Any) -> tf.Tensor:  # noqa: ANN401
    """Says where a tensor has a number that is not finite; in a graph, too.

    Args:
        url: The table's, for the text.
        name: The column's.
        values: Floats, [rows, ...] or ragged.
        first: The number of the first row.

    Returns:
        A text with url, column and row, rows being counted from 0; "" if all numbers are finite.
    """
    if isinstance(values, tf.RaggedTensor):
        numbers, rows = values.flat_values, values.value_rowids()
    else:
        numbers = tf.reshape(values, [-1])
        width = tf.maximum(1, tf.size(values) // tf.maximum(1, tf.shape(values)[0]))
        rows = tf.range(tf.size(values)) // width
    places = tf.where(tf.logical_not(tf.math.is_finite(numbers)))[:1, 0]
    messages = tf.strings.join(
        [
            f"{url}: column {name}, row ",
            tf.strings.as_string(tf.cast(tf.gather(rows, places), tf.int64) + first),
            ": expected a finite number, found ",
            tf.strings.as_string(tf.gather(numbers, places)),
        ]
    )
    return tf.strings.reduce_join(messages)
