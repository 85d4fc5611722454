"""SavedModels whose answers tell which version gave them.

A model is exported once per test process; further versions of it are copies with another number
in their graph, which takes milliseconds.
"""

import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

__all__ = [
    "PIXELS",
    "Export",
    "export_counter",
    "export_half_plus_two",
    "export_mnist",
    "export_payments",
    "export_slow_load",
    "export_spin",
    "own_version",
    "save_signatures",
]

PIXELS = 784

# Stands in the exported graph for the version. Its four bytes occur nowhere else by chance.
_PLACE_OF_VERSION = 24680.1357


class Export:
    """A SavedModel of no version yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (self._graph,) = folder.glob("saved_model.pb")
        assert _bytes_of(_PLACE_OF_VERSION) in self._graph.read_bytes()

    def files(self) -> list[Path]:
        """Its files, relative to a version's folder."""
        found = (path for path in self._folder.rglob("*") if path.is_file())
        return sorted(path.relative_to(self._folder) for path in found)

    def content(self, file: Path, version: int) -> bytes:
        """What one of `files()` holds in that version."""
        content = (self._folder / file).read_bytes()
        if file.name != self._graph.name:
            return content
        return content.replace(_bytes_of(_PLACE_OF_VERSION), _bytes_of(version))

    def write(self, folder: Path, version: int) -> None:
        """Writes all files of that version to `folder`, in no careful way."""
        shutil.copytree(self._folder, folder)
        graph = Path(self._graph.name)
        (folder / graph).write_bytes(self.content(graph, version))


def export_mnist(folder: Path, *, weight_bytes: int = 4, variables: int = 1) -> Export:
    """Exports a model with MNIST's signature.

    value[d] = mean of the image + d + 10 * version.

    Args:
        folder: Where to.
        weight_bytes: How large its variables are together.
        variables: How many they are.

    Returns:
        The model.
    """
    module = tf.Module()
    # Not zeros: pages of zeros might cost nothing.
    module.weights = [
        tf.Variable(tf.ones([weight_bytes // variables // 4])) for _ in range(variables)
    ]

    def classify(image_data: tf.Tensor) -> dict[str, tf.Tensor]:
        digits = tf.range(10, dtype=tf.float32) * module.weights[0][0]
        mean = tf.reduce_mean(image_data, axis=1, keepdims=True)
        return {"value": mean + digits + 10.0 * own_version()}

    return _save(folder, module, classify, image_data=tf.TensorSpec([None, PIXELS], tf.float32))


def export_counter(folder: Path) -> Export:
    """Exports a model that answers how often it was run before.

    Args:
        folder: Where to.

    Returns:
        The model: serving_default counts, "peek" only looks.
    """
    module = tf.Module()
    module.count = tf.Variable(0.0)

    def count() -> dict[str, tf.Tensor]:
        before = module.count.read_value()
        with tf.control_dependencies([before]):
            module.count.assign_add(1.0)
        return {"count": before, "version": own_version()}

    def peek() -> dict[str, tf.Tensor]:
        return {"count": module.count.read_value()}

    return save_signatures(
        folder,
        module,
        serving_default=tf.function(count, input_signature=[]),
        peek=tf.function(peek, input_signature=[]),
    )


def export_half_plus_two(folder: Path) -> Export:
    """Exports y = x / 2 + 2, with the version added to "version" only.

    Args:
        folder: Where to.

    Returns:
        The model.
    """
    module = tf.Module()
    module.half = tf.Variable(0.5)

    def half_plus_two(x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"y": x * module.half + 2.0, "version": own_version()}

    return _save(folder, module, half_plus_two, x=tf.TensorSpec([None], tf.float32))


def export_payments(folder: Path) -> Export:
    """Exports value = amount - discount + the sum of history, and 100 more for "DE".

    Args:
        folder: Where to.

    Returns:
        The model: serving_default takes tensors, "examples" serialized tf.Examples.
    """
    module = tf.Module()
    module.surcharge = tf.Variable(100.0)

    def score(
        amount: tf.Tensor, country: tf.Tensor, history: tf.Tensor, discount: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        german = tf.cast(country == "DE", tf.float32) * module.surcharge
        value = amount - discount + tf.reduce_sum(history, axis=1) + german
        return {"value": value, "version": own_version()}

    def score_examples(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        features = tf.io.parse_example(
            examples,
            {
                "amount": tf.io.FixedLenFeature([], tf.float32),
                "country": tf.io.FixedLenFeature([], tf.string),
                "history": tf.io.VarLenFeature(tf.float32),
                "discount": tf.io.FixedLenFeature([], tf.float32),
            },
        )
        return score(**features | {"history": tf.sparse.to_dense(features["history"])})

    one = tf.TensorSpec([None], tf.float32)
    words = tf.TensorSpec([None], tf.string)
    many = tf.TensorSpec([None, None], tf.float32)
    tensors = {"amount": one, "country": words, "history": many, "discount": one}
    return save_signatures(
        folder,
        module,
        serving_default=tf.function(score).get_concrete_function(**tensors),
        examples=tf.function(score_examples).get_concrete_function(examples=words),
    )


def export_spin(folder: Path, *, least_steps: int = 0) -> Export:
    """Exports a model that computes for as long as it is asked to.

    A step is a product of two 256 x 256 matrices; "steps" answers how many were made. The
    warm-up asks for none.

    Args:
        folder: Where to.
        least_steps: Made in any case, in the warm-up too.

    Returns:
        The model.
    """
    module = tf.Module()
    module.matrix = tf.Variable(tf.eye(256))

    def spin(steps: tf.Tensor) -> dict[str, tf.Tensor]:
        _, product = tf.while_loop(
            lambda i, _: i < steps + least_steps,
            lambda i, product: (i + 1, tf.matmul(product, module.matrix)),
            (tf.constant(0), tf.eye(256)),
        )
        # One in its corner, whatever the number of steps.
        made = tf.cast(product[0, 0], tf.int32) * steps
        return {"steps": made, "version": own_version()}

    return _save(folder, module, spin, steps=tf.TensorSpec([], tf.int32))


class _SlowTable(tf.saved_model.experimental.TrackableResource):  # type: ignore[misc]
    """A table that holds 1 at 0, once its initializer has computed that."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self._steps = steps

    def _create_resource(self) -> tf.Tensor:
        return tf.raw_ops.MutableHashTableV2(
            key_dtype=tf.int64, value_dtype=tf.float32, shared_name="slow"
        )

    def _initialize(self) -> None:
        _, product = tf.while_loop(
            lambda i, _: i < self._steps,
            lambda i, product: (i + 1, tf.matmul(product, tf.eye(256))),
            (tf.constant(0), tf.eye(256)),
        )
        tf.raw_ops.LookupTableInsertV2(
            table_handle=self.resource_handle,
            keys=tf.constant([0], tf.int64),
            values=product[:1, 0],
        )


def export_slow_load(folder: Path, *, steps: int) -> Export:
    """Exports y = x / 2 + 2 whose initializer takes its time.

    Args:
        folder: Where to.
        steps: As of `export_spin`, made by each load.

    Returns:
        The model.
    """
    module = tf.Module()
    module.half = tf.Variable(0.5)
    module.table = _SlowTable(steps)

    def half_plus_two(x: tf.Tensor) -> dict[str, tf.Tensor]:
        one = tf.raw_ops.LookupTableFindV2(
            table_handle=module.table.resource_handle,
            keys=tf.constant([0], tf.int64),
            default_value=tf.constant(0.0),
        )
        return {"y": x * module.half + 2.0 * one, "version": own_version()}

    return _save(folder, module, half_plus_two, x=tf.TensorSpec([None], tf.float32))


def own_version() -> tf.Tensor:
    """The version that a model is published as; somewhere in the graph of each."""
    return tf.constant(_PLACE_OF_VERSION)


def _bytes_of(number: float) -> bytes:
    return struct.pack("<f", number)


def _save(
    folder: Path,
    module: tf.Module,
    signature: Callable[..., dict[str, tf.Tensor]],
    **inputs: tf.TensorSpec,
) -> Export:
    served = tf.function(signature).get_concrete_function(**inputs)
    return save_signatures(folder, module, serving_default=served)


def save_signatures(folder: Path, module: tf.Module, **signatures: object) -> Export:
    """Saves a model.

    Args:
        folder: Where to.
        module: Has its variables.
        **signatures: Concrete functions, one of them with `own_version()` at least.

    Returns:
        The model.
    """
    tf.saved_model.save(module, str(folder), signatures=signatures)
    return Export(folder)
