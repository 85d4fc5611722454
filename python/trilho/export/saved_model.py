"""Exporting Keras models as SavedModels with several signatures."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from trilho.contract.check import verify_export
from trilho.contract.definitions import Contract
from trilho.export import manifest, warm_up
from trilho.export.figures import not_finite
from trilho.export.provenance import Splits
from trilho.export.publishing import BETTER, HEADLINE
from trilho.export.signature import PREDICT, Signature, classify_examples
from trilho.export.versions import ExportError, new_version

__all__ = ["Export", "Signature", "classify_signature", "export", "predict_signature"]

_LOOKUPS = (
    keras.layers.IntegerLookup,
    keras.layers.StringLookup,
    keras.layers.TextVectorization,
)

# The reloaded graph may be fused differently, which moves the last bits of a float32.
_RELATIVE_TOLERANCE = 1e-4
_ABSOLUTE_TOLERANCE = 1e-5


@dataclass(frozen=True, kw_only=True)
class Export:
    """A published version.

    Attributes:
        folder: DIRECTORY/NAME/VERSION.
        version: VERSION.
    """

    folder: Path
    version: int


def predict_signature(
    model: keras.Model,
    *,
    input_name: str,
    output_name: str,
    sample_inputs: np.ndarray,
    name: str = "serving_default",
) -> Signature:
    """Makes the signature that takes a model's input and returns its output as they are.

    Args:
        model: Takes one tensor and returns one.
        input_name: The input's name.
        output_name: The output's name.
        sample_inputs: Real rows, [n, ...] in the dtype of the model's input.
        name: The signature's name.

    Returns:
        The signature: `input_name` [None, ...] to `output_name` [None, ...].

    Raises:
        ExportError: The rows are float64, and the model's input is not.
    """
    taken = [tensor.dtype for tensor in getattr(model, "inputs", None) or []]
    if sample_inputs.dtype == np.float64 and taken and taken[0] != "float64":
        # Keras would cast it, and so callers would have to send float64.
        raise ExportError(
            f"samples of {input_name} of {name} are float64, and the model's input is {taken[0]}: "
            f'give them by .astype("{taken[0]}")'
        )

    def predict(**inputs: tf.Tensor) -> Mapping[str, tf.Tensor]:
        return {output_name: model(inputs[input_name], training=False)}

    spec = tf.TensorSpec([None, *sample_inputs.shape[1:]], sample_inputs.dtype, name=input_name)
    return Signature(
        name=name,
        method_name=PREDICT,
        function=predict,
        inputs={input_name: spec},
        samples={input_name: sample_inputs},
    )


def classify_signature(
    model: keras.Model,
    *,
    feature: str,
    classes: Iterable[str],
    sample_inputs: np.ndarray,
    name: str = "classify",
) -> Signature:
    """Makes the signature of TF Serving's Classify API.

    Args:
        model: Takes float32 [n, width] and returns the classes' probabilities, float32
            [n, number of classes].
        feature: The feature of each tf.Example that holds the row, `width` floats.
        classes: The classes' labels, in the order of the model's outputs.
        sample_inputs: Real rows, float32 [n, width].
        name: The signature's name.

    Returns:
        The signature: `inputs`, serialized tf.Examples [None], to `classes`, string [None, number
        of classes], and `scores`, float32 of the same shape.
    """
    spec = {feature: tf.io.FixedLenFeature([sample_inputs.shape[1]], tf.float32)}

    def score(examples: tf.Tensor) -> tf.Tensor:
        return model(tf.io.parse_example(examples, spec)[feature], training=False)

    examples = [_example(feature, row) for row in sample_inputs]
    return classify_examples(score, classes=classes, examples=examples, name=name)


def export(
    *models: keras.Model,
    name: str,
    directory: Path | str,
    signatures: Iterable[Signature],
    metrics: Mapping[str, float],
    training: Mapping[str, str],
    splits: Splits | None = None,
    headline: str | None = None,
    better: Literal["higher", "lower"] = "higher",
    contracts: Iterable[Contract] = (),
    version: int | None = None,
) -> Export:
    """Publishes a model as DIRECTORY/NAME/VERSION, in one piece or not at all.

    Before it gets its name the SavedModel is loaded again, and each signature's samples are run
    through both it and the model. The first samples become warm-up requests, see `warm_up.write`,
    which are run through it, too: a server serves no version that fails at one of them.

    Args:
        models: The trained networks that the signatures call; most models are one.
        name: The model's name.
        directory: Where models are published, made if missing.
        signatures: The ways to call it.
        metrics: What was measured on the test split, for the manifest.
        training: What the model was trained with, for the manifest.
        splits: The rows it was trained and measured with, each by `provenance.digest`: `trilho
            publish` does not compare figures of different ones.
        headline: The one of `metrics` by which `trilho publish` compares versions; without one it
            publishes a second version only with --force.
        better: Which values of the headline are better.
        contracts: What callers of the model go by; see `trilho.contract.reading.read`.
        version: The version's number; by default the next free one.

    Returns:
        Where the version is.

    Raises:
        ExportError: The version exists already, or what was written computes something else than
            the model, or NaN; or the headline is none of the metrics, or one of them is not finite.
        ContractError: The model does not keep a contract, with a line for each mismatch.
    """
    ways = list(signatures)
    for way in ways:
        _check_samples(way)
    # Rather now than when all is written.
    if bad := not_finite(metrics):
        raise ExportError(
            f"{name} is not published, as {', '.join(bad)}: train it with a lower learning rate, "
            "or look for extreme values in its data"
        )
    if headline is not None:
        if headline not in metrics:
            raise ExportError(f'headline is "{headline}"; it can be {", ".join(metrics)}')
        training = {**training, HEADLINE: headline, BETTER: better}
    with new_version(Path(directory) / name, version=version) as new:
        _write(models, ways, new.aside)
        verify_export(new.aside, contracts)
        loaded = tf.saved_model.load(str(new.aside))
        _compare(ways, loaded)
        warm_up.run(warm_up.write(ways, new.aside), loaded.signatures)
        description = manifest.build(
            new.aside, model=name, metrics=metrics, training=training, splits=splits
        )
        manifest.write(description, new.aside)
    return Export(folder=new.folder, version=new.version)


def _write(models: Sequence[keras.Model], signatures: Iterable[Signature], folder: Path) -> None:
    archive = keras.export.ExportArchive()
    for model in models:
        archive.track(model)
    for signature in signatures:
        # By name, as the functions take them: a TensorSpec's position would decide otherwise.
        endpoint = tf.function(signature.function)
        endpoint.get_concrete_function(**signature.inputs)
        archive.add_endpoint(signature.name, endpoint)
    # Keras looks for tables itself, but not in a model whose call() it cannot trace alone. Those
    # that no signature has used are not built yet.
    for layer in (layer for model in models for layer in model.layers):
        if isinstance(layer, _LOOKUPS) and layer.built:
            archive.track(layer)
    archive.write_out(str(folder), verbose=False)
    # TensorFlow itself calls every signature tensorflow/serving/predict.
    updater = tf.compat.v1.saved_model.signature_def_utils.MethodNameUpdater(str(folder))
    for signature in signatures:
        updater.replace_method_name(signature.name, signature.method_name, tags="serve")
    updater.save()


def _check_samples(signature: Signature) -> None:
    """Refuses samples that the signature cannot be called with.

    Raises:
        ExportError: They have other names, or numbers of another type.
    """
    name, inputs, samples = signature.name, signature.inputs, signature.samples
    if set(inputs) != set(samples):
        raise ExportError(
            f"{name} has the inputs {', '.join(sorted(inputs))}, but samples of "
            f"{', '.join(sorted(samples)) or 'nothing'}"
        )
    for key, spec in inputs.items():
        values = np.asarray(samples[key])
        if values.dtype.kind in "OSU" or values.dtype == spec.dtype.as_numpy_dtype:
            continue
        raise ExportError(
            f"samples of {key} of {name} are {values.dtype}, and the input is {spec.dtype.name}: "
            f'give them by .astype("{spec.dtype.name}")'
        )


def _compare(signatures: Iterable[Signature], loaded: Any) -> None:  # noqa: ANN401 - TensorFlow's
    for signature in signatures:
        inputs = {key: tf.constant(rows) for key, rows in signature.samples.items()}
        expected = signature.function(**inputs)
        found = loaded.signatures[signature.name](**inputs)
        if set(expected) != set(found):
            raise ExportError(
                f"{signature.name} of the exported model returns {sorted(found)}, "
                f"the model {sorted(expected)}"
            )
        for key in sorted(expected):
            difference = _difference(expected[key].numpy(), found[key].numpy())
            if difference:
                raise ExportError(
                    f"{key} of {signature.name} differs after the model was exported and loaded "
                    f"again: {difference}"
                )


def _difference(expected: np.ndarray, found: np.ndarray) -> str:
    """Says how two outputs differ; "" if they do not."""
    if expected.shape != found.shape or expected.dtype != found.dtype:
        return f"{found.dtype} {found.shape} instead of {expected.dtype} {expected.shape}"
    if not np.issubdtype(expected.dtype, np.floating):
        count = int(np.count_nonzero(expected != found))
        return f"{count} of {expected.size} values" if count else ""
    if nans := int(np.isnan(expected).sum()):
        return f"the model answers NaN, in {nans} of {expected.size} values"
    if np.allclose(found, expected, rtol=_RELATIVE_TOLERANCE, atol=_ABSOLUTE_TOLERANCE):
        return ""
    return f"by up to {np.max(np.abs(found - expected)):g} where {_ABSOLUTE_TOLERANCE:g} is allowed"


def _example(feature: str, row: np.ndarray) -> bytes:
    values = tf.train.Feature(float_list=tf.train.FloatList(value=row))
    example = tf.train.Example(features=tf.train.Features(feature={feature: values}))
    return bytes(example.SerializeToString())
