"""SavedModels made as TF Serving's documentation and tests make theirs.

They are graphs of TensorFlow 1 with its variables, written by its builder: what somebody who comes
from TF Serving has on his disk.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

__all__ = [
    "IMAGE_SIDE",
    "VERSION",
    "export_counter",
    "export_half_plus",
    "export_image_classifier",
    "export_mnist_tutorial",
    "write_warmup",
]

v1 = tf.compat.v1
_methods = v1.saved_model.signature_constants

# The version of the models in TF Serving's repository.
VERSION = 123

# Images are resized to squares of so many pixels, and their colours averaged.
IMAGE_SIDE = 32


def export_half_plus(folder: Path, offset: float, *, regress: str = "regress_x_to_y") -> None:
    """Exports y = x / 2 + offset, with the signatures of TF Serving's half_plus_two.

    Args:
        folder: Where to.
        offset: 2 for half_plus_two, 3 for half_plus_three.
        regress: The name of the signature for Regress; half_plus_three has it otherwise.
    """
    with _graph() as session, tempfile.TemporaryDirectory() as original:
        half = v1.Variable(0.5, name="a", use_resource=False)
        b = v1.Variable(offset, name="b", use_resource=False)
        c = v1.Variable(3.0, name="c", use_resource=False)
        serialized = v1.placeholder(tf.string, [None], name="tf_example")
        features = v1.parse_example(
            serialized,
            {
                "x": v1.FixedLenFeature([1], tf.float32),
                "x2": v1.FixedLenFeature([1], tf.float32, default_value=[0.0]),
            },
        )
        x = tf.identity(features["x"], name="x")
        x2 = tf.identity(features["x2"], name="x2")
        y = tf.identity(half * x + b, name="y")
        y2 = tf.identity(half * x + c, name="y2")
        y3 = tf.identity(half * x2 + c, name="y3")
        session.run(v1.global_variables_initializer())
        _save(
            session,
            folder,
            {
                _methods.DEFAULT_SERVING_SIGNATURE_DEF_KEY: _predict({"x": x}, {"y": y}),
                regress: _regress(serialized, y),
                "regress_x_to_y2": _regress(serialized, y2),
                "regress_x2_to_y3": _regress(x2, y3),
                "classify_x_to_y": _classify(serialized, scores=y),
            },
            main_op=_asset_named_at_load(Path(original) / "foo.txt"),
        )


def export_counter(folder: Path) -> None:
    """Exports TF Serving's counter, whose signatures change it and tell what it is.

    Args:
        folder: Where to.
    """
    with _graph() as session:
        counter = v1.Variable(0.0, name="counter", use_resource=False)
        delta = v1.placeholder_with_default(1.0, [], name="delta")
        session.run(v1.global_variables_initializer())
        reset = {"reset": tf.constant(0.0)}
        _save(
            session,
            folder,
            {
                "get_counter": _predict({}, {"output": tf.identity(counter)}),
                "incr_counter": _predict({}, {"output": v1.assign_add(counter, 1.0)}),
                "incr_counter_by": _predict(
                    {"delta": delta}, {"output": v1.assign_add(counter, delta)}
                ),
                "reset_counter": _predict({}, {"output": v1.assign(counter, reset["reset"])}),
            },
        )


def export_mnist_tutorial(
    folder: Path, images: npt.NDArray[np.float32], labels: npt.NDArray[np.int64], *, steps: int
) -> float:
    """Trains softmax regression as the tutorial does, in steps of 50 images, and exports it.

    Args:
        folder: Where to.
        images: Of 784 pixels from 0 to 1.
        labels: Their digits.
        steps: How many.

    Returns:
        The accuracy on the last tenth of the images, which it is not trained with.
    """
    trained = len(images) * 9 // 10
    with _graph() as session:
        serialized = v1.placeholder(tf.string, name="tf_example")
        features = v1.parse_example(serialized, {"x": v1.FixedLenFeature([784], tf.float32)})
        x = tf.identity(features["x"], name="x")
        wanted = v1.placeholder(tf.float32, [None, 10])
        w = v1.Variable(tf.zeros([784, 10]), use_resource=False)
        b = v1.Variable(tf.zeros([10]), use_resource=False)
        y = tf.nn.softmax(tf.matmul(x, w) + b, name="y")
        loss = -tf.reduce_sum(wanted * tf.math.log(y))
        step = v1.train.GradientDescentOptimizer(0.01).minimize(loss)
        values, indices = tf.nn.top_k(y, 10)
        names = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                tf.range(10, dtype=tf.int64), tf.constant([str(digit) for digit in range(10)])
            ),
            default_value="UNK",
        )
        classes = names.lookup(tf.cast(indices, tf.int64))
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        for number in range(steps):
            batch = np.arange(number * 50, number * 50 + 50) % trained
            session.run(step, {x: images[batch], wanted: np.eye(10)[labels[batch]]})
        guessed = session.run(tf.argmax(y, 1), {x: images[trained:]})
        _save(
            session,
            folder,
            {
                "predict_images": _predict({"images": x}, {"scores": y}),
                _methods.DEFAULT_SERVING_SIGNATURE_DEF_KEY: _classify(
                    serialized, scores=values, classes=classes
                ),
            },
            main_op=v1.tables_initializer(),
        )
    return float(np.mean(guessed == labels[trained:]))


def export_image_classifier(folder: Path) -> None:
    """Exports a classifier that takes JPEGs and PNGs as they are, as the ResNet of the docs does.

    A class is a colour, 0 for red, 1 for green and 2 for blue: what there is most of in the image.

    Args:
        folder: Where to.
    """

    def decode(image: tf.Tensor) -> tf.Tensor:
        pixels = tf.image.decode_image(image, channels=3, expand_animations=False)
        resized = v1.image.resize_images(pixels, [IMAGE_SIDE, IMAGE_SIDE])
        return tf.reshape(resized, [IMAGE_SIDE, IMAGE_SIDE, 3])

    with _graph() as session:
        encoded = v1.placeholder(tf.string, [None], name="input_tensor")
        images = tf.map_fn(decode, encoded, fn_output_signature=tf.float32)
        weights = v1.Variable(tf.eye(3) / 255.0, use_resource=False)
        colours = tf.matmul(tf.reduce_mean(images, [1, 2]), weights)
        session.run(v1.global_variables_initializer())
        outputs = {
            "classes": tf.argmax(colours, 1),
            "probabilities": tf.nn.softmax(colours * 10.0),
        }
        signature = _predict({"image_bytes": encoded}, outputs)
        names = [_methods.DEFAULT_SERVING_SIGNATURE_DEF_KEY, "predict"]
        _save(session, folder, dict.fromkeys(names, signature))


def write_warmup(folder: Path, records: list[bytes]) -> None:
    """Writes serialized PredictionLogs as the warm-up of the version in `folder`."""
    extra = folder / "assets.extra"
    extra.mkdir()
    with tf.io.TFRecordWriter(str(extra / "tf_serving_warmup_requests")) as writer:
        for record in records:
            writer.write(record)


@contextmanager
def _graph() -> Iterator[Any]:
    """A session of a graph of its own, which is the default one."""
    with tf.Graph().as_default(), v1.Session() as session:
        yield session


def _asset_named_at_load(file: Path) -> Any:
    """An operation that puts an asset's name into a variable that is in no checkpoint."""
    file.write_text("asset-file-contents", encoding="ascii")
    v1.add_to_collection(v1.GraphKeys.ASSET_FILEPATHS, tf.constant(str(file)))
    name = v1.Variable(
        file.name, name="filename_tensor", trainable=False, collections=[], use_resource=False
    )
    return tf.group(name.assign(file.name))


def _predict(inputs: Mapping[str, tf.Tensor], outputs: Mapping[str, tf.Tensor]) -> Any:
    return _signature(inputs, outputs, _methods.PREDICT_METHOD_NAME)


def _regress(inputs: tf.Tensor, outputs: tf.Tensor) -> Any:
    return _signature(
        {_methods.REGRESS_INPUTS: inputs},
        {_methods.REGRESS_OUTPUTS: outputs},
        _methods.REGRESS_METHOD_NAME,
    )


def _classify(inputs: tf.Tensor, **outputs: tf.Tensor) -> Any:
    return _signature({_methods.CLASSIFY_INPUTS: inputs}, outputs, _methods.CLASSIFY_METHOD_NAME)


def _signature(
    inputs: Mapping[str, tf.Tensor], outputs: Mapping[str, tf.Tensor], method: str
) -> Any:
    describe: Callable[[tf.Tensor], Any] = v1.saved_model.build_tensor_info
    return v1.saved_model.build_signature_def(
        {alias: describe(tensor) for alias, tensor in inputs.items()},
        {alias: describe(tensor) for alias, tensor in outputs.items()},
        method,
    )


def _save(
    session: Any, folder: Path, signatures: Mapping[str, Any], *, main_op: Any = None
) -> None:
    builder = v1.saved_model.Builder(str(folder))
    builder.add_meta_graph_and_variables(
        session,
        [v1.saved_model.tag_constants.SERVING],
        signature_def_map=dict(signatures),
        assets_collection=v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS),
        main_op=main_op,
    )
    builder.save()
