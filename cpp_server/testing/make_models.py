"""Writes the small SavedModels that tests of the server load.

Version 2 of a model answers differently from version 1, so that a test sees which one answered.
"""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

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


class Defaulted(tf.Module):
    """y = scale * x + offset; scale and offset may be left out.

    They are 2 and 1 then, 10 more each in version 2.
    """

    DEFAULTS: Mapping[str, float] = {"scale": 2.0, "offset": 1.0}

    def __init__(self, version: int) -> None:
        super().__init__()
        self.zero = tf.Variable(0.0)
        self.more = 10.0 * (version - 1)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.float32, name="x"),
            tf.TensorSpec([], tf.float32, name="scale"),
            tf.TensorSpec([], tf.float32, name="offset"),
        ]
    )
    def line(self, x: tf.Tensor, scale: tf.Tensor, offset: tf.Tensor) -> _Outputs:
        """Float [n] and two scalars to float [n]."""
        return {"y": scale * x + offset + self.zero}

    def signatures(self) -> _Signatures:
        """By name; there is none of the default name."""
        return {"line": self.line}

    def add_defaults(self, path: Path) -> None:
        """Adds them to a saved_model.pb; tf.saved_model.save has no argument for it."""
        saved_model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
        defaults = saved_model.meta_graphs[0].signature_def["line"].defaults
        for alias, value in self.DEFAULTS.items():
            defaults[alias].CopyFrom(tf.make_tensor_proto(value + self.more, tf.float32))
        path.write_bytes(saved_model.SerializeToString(deterministic=True))


class Endless(tf.Module):
    """Runs that do not come to an end by themselves."""

    def __init__(self, version: int) -> None:
        super().__init__()
        self.offset = tf.Variable(float(version))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def wait(self, x: tf.Tensor) -> _Outputs:
        """Waits for what nobody puts into a queue; without an x it does not wait."""
        queue = tf.raw_ops.FIFOQueueV2(component_types=[tf.float32])

        def taken() -> tf.Tensor:
            return tf.raw_ops.QueueDequeueV2(handle=queue, component_types=[tf.float32])[0]

        y = tf.cond(tf.size(x) > 0, taken, lambda: self.offset)
        return {"y": tf.reshape(y, [1])}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def count(self, x: tf.Tensor) -> _Outputs:
        """Counts to the largest x, one operation after another."""
        most = tf.reduce_max(x)
        y = tf.while_loop(lambda i: i < most, lambda i: (i + 1.0,), [self.offset.read_value()])
        return {"y": tf.reshape(y, [1])}

    def signatures(self) -> _Signatures:
        """By name."""
        return {"serving_default": self.wait, "count": self.count}


class Odd(tf.Module):
    """Signatures whose tensors are not quite what callers expect."""

    def __init__(self, version: int) -> None:
        super().__init__()
        self.offset = tf.Variable(1.0 + version)

    @tf.function(input_signature=[tf.TensorSpec([None, 1], tf.float32, name="x")])
    def half_plus_two(self, x: tf.Tensor) -> _Outputs:
        """Declared as a column, as TF Serving's own example is, but takes any shape."""
        return {"y": x / 2.0 + self.offset}

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="x")])
    def product(self, x: tf.Tensor) -> _Outputs:
        """Takes matrices of width 3 only."""
        return {"y": x @ tf.fill([3, 2], self.offset)}

    @tf.function(input_signature=[tf.TensorSpec([None, 1], tf.float32, name="x")])
    def squeezed(self, x: tf.Tensor) -> _Outputs:
        """One row gives a scalar, more give a vector; the output's rank is unknown."""
        return {"y": tf.squeeze(x) * self.offset}

    @tf.function(input_signature=[tf.TensorSpec([None, 64], tf.float32, name="x")])
    def tiny(self, x: tf.Tensor) -> _Outputs:
        """Sums of numbers too small for a float's full precision."""
        return {"y": x @ tf.fill([64, 8], 1e-39)}

    def signatures(self) -> _Signatures:
        """By name."""
        return {
            "serving_default": self.half_plus_two,
            "product": self.product,
            "squeezed": self.squeezed,
            "tiny": self.tiny,
        }


class Pieces(tf.Module):
    """Dense outputs beside those that no message holds: dense is x / 2, more is x + version."""

    def __init__(self, version: int) -> None:
        super().__init__()
        self.version = tf.Variable(float(version))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def pieces(self, x: tf.Tensor) -> Mapping[str, tf.Tensor | tf.RaggedTensor | tf.SparseTensor]:
        """Float [n] to float [n] twice, and to tensors that are made of several."""
        sizes = tf.cast(x, tf.int64)
        return {
            "dense": x / 2.0,
            "more": x + self.version,
            "ragged": tf.RaggedTensor.from_row_lengths(tf.range(tf.reduce_sum(sizes)), sizes),
            "sparse": tf.sparse.from_dense(x),
        }

    def signatures(self) -> _Signatures:
        """By name."""
        return {"serving_default": self.pieces}


class Effects(tf.Module):
    """Signatures that change something, and some that only look as if they did."""

    def __init__(self, version: int) -> None:
        super().__init__()
        self.count = tf.Variable(0.0)
        self.weight = tf.Variable(float(version))
        self.generator = tf.random.Generator.from_seed(version)
        keys = tf.lookup.KeyValueTensorInitializer([0, 1], [10.0, 11.0], tf.int32, tf.float32)
        self.table = tf.lookup.StaticHashTable(keys, -1.0)

    @tf.function(input_signature=[])
    def counter(self) -> _Outputs:
        """How often it was run before."""
        before = self.count.read_value()
        with tf.control_dependencies([before]):
            after = self.count.assign_add(1.0, read_value=True)
        with tf.control_dependencies([after]):
            return {"y": tf.reshape(before, [1])}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def train(self, x: tf.Tensor) -> _Outputs:
        """Moves the weight by 1 and answers how far it is from x."""
        self.weight.assign_add(1.0)
        return {"loss": self.weight - x}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def loop(self, x: tf.Tensor) -> _Outputs:
        """Counts in a branch in a loop."""

        def step(i: tf.Tensor) -> tuple[tf.Tensor]:
            more = tf.cond(i >= 0.0, lambda: self.count.assign_add(1.0), lambda: self.count + 0.0)
            with tf.control_dependencies([more]):
                return (i + 1.0,)

        most = tf.constant(3.0)
        return {"y": tf.while_loop(lambda i: i < most, step, (tf.reduce_max(x),))[0]}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def save(self, x: tf.Tensor) -> _Outputs:
        """Writes a file into the working folder."""
        write = tf.io.write_file("written_by_a_signature", "here")
        with tf.control_dependencies([write]):
            return {"y": tf.identity(x)}

    @tf.function(input_signature=[])
    def draw(self) -> _Outputs:
        """Draws from a generator that every version has with the same seed."""
        return {"y": tf.random.uniform([4], seed=7)}

    @tf.function(input_signature=[])
    def generate(self) -> _Outputs:
        """Draws from a generator whose state is a variable."""
        return {"y": self.generator.uniform([4])}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def endless(self, x: tf.Tensor) -> _Outputs:
        """Has no end for x = 0, and changes nothing."""
        step = tf.reduce_max(x)
        y = tf.while_loop(lambda i: i < 1.0, lambda i: (i + step,), (tf.zeros([]),))[0]
        return {"y": tf.reshape(y, [1])}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def look(self, x: tf.Tensor) -> _Outputs:
        """Reads a variable and a table, in a branch, and asserts something."""
        known = tf.debugging.assert_greater_equal(x, 0.0, message="x must not be negative")
        with tf.control_dependencies([known]):
            found = self.table.lookup(tf.cast(x, tf.int32))
        return {"y": tf.cond(tf.size(x) > 0, lambda: found + self.weight, lambda: found)}

    def signatures(self) -> _Signatures:
        """By name."""
        return {
            "serving_default": self.look,
            "counter": self.counter,
            "train": self.train,
            "loop": self.loop,
            "save": self.save,
            "draw": self.draw,
            "generate": self.generate,
            "endless": self.endless,
        }


class CensusLike(tf.Module):
    """Serialized tf.Examples with a float x and, perhaps, a string name; scores are x and x + 2.

    Version 2 adds 3 instead of 2.
    """

    def __init__(self, version: int) -> None:
        super().__init__()
        self.offset = tf.Variable(1.0 + version)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="inputs")])
    def everything(self, inputs: tf.Tensor) -> _Outputs:
        """All that other signatures choose their outputs from: see SIGNATURES."""
        features = tf.io.parse_example(
            inputs,
            {
                "x": tf.io.FixedLenFeature([], tf.float32),
                "name": tf.io.FixedLenFeature([], tf.string, default_value="nobody"),
            },
        )
        x, name = features["x"], features["name"]
        value = x / 2.0 + self.offset
        return {
            "classes": tf.stack([name + " no", name + " yes"], axis=1),  # string [n, 2]
            "scores": tf.stack([x, x + self.offset], axis=1),  # float [n, 2]
            "value": value[:, tf.newaxis],  # float [n, 1]
            "flat": value,  # float [n]
            "names": name,  # string [n]
            "total": tf.reduce_sum(value, keepdims=True),  # float [1]
            "totals": tf.reduce_sum(x) + tf.zeros([1, 2]),  # float [1, 2]
            "label": tf.strings.reduce_join(name) + tf.constant([["", ""]]),  # string [1, 2]
        }

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="inputs")])
    def regress_apart(self, inputs: tf.Tensor) -> _Outputs:
        """As "regress", but with an input tensor of its own."""
        return {"outputs": self.everything(inputs)["value"]}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="inputs")])
    def regress_floats(self, inputs: tf.Tensor) -> _Outputs:
        """An input that is no example."""
        return {"outputs": inputs + self.offset}

    def signatures(self) -> _Signatures:
        """By name."""
        return {
            "everything": self.everything,
            "regress_apart": self.regress_apart,
            "regress_floats": self.regress_floats,
        }

    # Signatures over the input of "everything": its method, and which of the outputs of
    # "everything" it has, by its own names.
    SIGNATURES: Mapping[str, tuple[str, Mapping[str, str]]] = {
        "serving_default": ("classify", {"classes": "classes", "scores": "scores"}),
        "classify": ("classify", {"classes": "classes", "scores": "scores"}),
        "classify_scores_only": ("classify", {"scores": "scores"}),
        "classify_classes_only": ("classify", {"classes": "classes"}),
        "regress": ("regress", {"outputs": "value"}),
        "regress_flat": ("regress", {"outputs": "flat"}),
        # Those that can only be refused.
        "classify_flat_classes": ("classify", {"classes": "names"}),
        "classify_flat_scores": ("classify", {"scores": "flat"}),
        "classify_number_classes": ("classify", {"classes": "scores"}),
        "classify_string_scores": ("classify", {"scores": "classes"}),
        "classify_one_label": ("classify", {"classes": "label"}),
        "classify_one_score": ("classify", {"scores": "totals"}),
        "classify_unlike_widths": ("classify", {"classes": "classes", "scores": "value"}),
        "regress_other_name": ("regress", {"value": "value"}),
        "regress_wide": ("regress", {"outputs": "scores"}),
        "regress_one_for_all": ("regress", {"outputs": "total"}),
        "regress_strings": ("regress", {"outputs": "names"}),
    }


def _add_census_signatures(path: Path) -> None:
    """Adds CensusLike.SIGNATURES to a saved_model.pb.

    tf.saved_model.save gives each signature an input tensor of its own and the method name of
    Predict, so others are written into the file.
    """
    saved_model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    signatures = saved_model.meta_graphs[0].signature_def
    signatures["regress_apart"].method_name = tf.saved_model.REGRESS_METHOD_NAME
    signatures["no_method"].CopyFrom(signatures["everything"])
    signatures["no_method"].method_name = "acme/rank"
    everything = signatures["everything"]
    for name, (method, outputs) in CensusLike.SIGNATURES.items():
        signature = signatures[name]
        signature.method_name = f"tensorflow/serving/{method}"
        signature.inputs["inputs"].CopyFrom(everything.inputs["inputs"])
        for alias, output in outputs.items():
            signature.outputs[alias].CopyFrom(everything.outputs[output])
    path.write_bytes(saved_model.SerializeToString(deterministic=True))


def main(folder: Path) -> None:
    """Writes FOLDER/MODEL/VERSION."""
    kinds: dict[
        str,
        type[HalfPlusTwo | MnistLike | Endless | Effects | CensusLike | Defaulted | Odd | Pieces],
    ] = {
        "half_plus_two": HalfPlusTwo,
        "mnist_like": MnistLike,
        "endless": Endless,
        "effects": Effects,
        "census_like": CensusLike,
        "defaulted": Defaulted,
        "odd": Odd,
        "pieces": Pieces,
    }
    for name, kind in kinds.items():
        for version in [1, 2]:
            model = kind(version)
            target = folder / name / str(version)
            tf.saved_model.save(model, str(target), signatures=model.signatures())
            if kind is CensusLike:
                _add_census_signatures(target / "saved_model.pb")
            if isinstance(model, Defaulted):
                model.add_defaults(target / "saved_model.pb")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
