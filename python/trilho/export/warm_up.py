"""Warm-up requests, which a server runs before a version becomes available."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

from trilho.client import serving
from trilho.export.signature import CLASSIFY, REGRESS, Signature
from trilho.export.versions import ExportError

__all__ = ["PATH", "run", "write"]

# Where TF Serving looks, below the version's folder: saved_model_warmup_util.h.
PATH = "assets.extra/tf_serving_warmup_requests"

_SINGLE = 4
_BATCH = 32

Rows = Mapping[str, np.ndarray]


def write(signatures: Iterable[Signature], folder: Path) -> Path:
    """Writes requests made of the signatures' samples: a few of one row, and one of many.

    Samples that are no rows of one batch, as scalars, or values of several rows beside these rows'
    lengths, make one request as they are.

    Args:
        signatures: What is called; each has samples.
        folder: The version's folder.

    Returns:
        The file: a TFRecord of tensorflow.serving.PredictionLog.
    """
    path = folder / PATH
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as records:
        for signature in signatures:
            for samples in _requests(signature):
                records.write(_log(signature, samples).SerializeToString())
    return path


def run(path: Path, functions: Mapping[str, Callable[..., object]]) -> None:
    """Runs the requests as a server does, which serves no version that fails at one of them.

    Args:
        path: The file that `write` returned.
        functions: Those of the exported model, loaded again, by the signatures' names.

    Raises:
        ExportError: A request fails.
    """
    kind = serving.message("tensorflow.serving.PredictionLog")
    for number, record in enumerate(tf.data.TFRecordDataset(str(path)), start=1):
        name, inputs = _inputs(kind.FromString(record.numpy()))
        try:
            functions[name](**inputs)
        except (tf.errors.OpError, TypeError, ValueError) as error:
            shapes = ", ".join(f"{key} {list(one.shape)}" for key, one in inputs.items())
            reason = error.message if isinstance(error, tf.errors.OpError) else str(error)
            raise ExportError(
                f"warm-up request {number}, of {name} with {shapes}, fails in the exported model, "
                "so that no server would ever serve it; samples whose rows cannot be called alone "
                f"need `batched=False` in their signature: {reason}"
            ) from error


def _requests(signature: Signature) -> list[Rows]:
    samples = signature.samples
    if not signature.batched or any(values.ndim == 0 for values in samples.values()):
        return [samples]
    counts = {len(values) for values in samples.values()}
    if len(counts) > 1:
        return [samples]
    (rows,) = counts
    places = [slice(row, row + 1) for row in range(min(rows, _SINGLE))]
    if rows > 1:
        places.append(slice(0, _BATCH))
    return [{name: values[place] for name, values in samples.items()} for place in places]


def _log(signature: Signature, samples: Rows) -> serving.Message:
    log = serving.message("tensorflow.serving.PredictionLog")()
    if signature.method_name in {CLASSIFY, REGRESS}:
        kind = log.classify_log if signature.method_name == CLASSIFY else log.regress_log
        request = kind.request
        (examples,) = samples.values()
        for example in examples:
            request.input.example_list.examples.add().ParseFromString(example)
    else:
        request = log.predict_log.request
        for name, values in samples.items():
            tensor = tf.make_tensor_proto(values, dtype=signature.inputs[name].dtype)
            request.inputs[name].ParseFromString(tensor.SerializeToString())
    # The model's name and version are the server's: the same files may be served under any.
    request.model_spec.signature_name = signature.name
    return log


def _inputs(log: serving.Message) -> tuple[str, dict[str, tf.Tensor]]:
    """Returns the signature's name, and its inputs as a server feeds them."""
    kind = log.WhichOneof("log_type")
    request = getattr(log, kind).request
    if kind == "predict_log":
        inputs = {
            name: tf.io.parse_tensor(one.SerializeToString(), tf.as_dtype(one.dtype))
            for name, one in request.inputs.items()
        }
    else:
        examples = request.input.example_list.examples
        inputs = {"inputs": tf.constant([one.SerializeToString() for one in examples])}
    return request.model_spec.signature_name, inputs
