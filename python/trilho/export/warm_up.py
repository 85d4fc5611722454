"""Warm-up requests, which a server runs before a version becomes available."""

from collections.abc import Iterable
from pathlib import Path

import tensorflow as tf

from trilho.client import serving
from trilho.export.signature import CLASSIFY, REGRESS, Signature

__all__ = ["PATH", "write"]

# Where TF Serving looks, below the version's folder: saved_model_warmup_util.h.
PATH = "assets.extra/tf_serving_warmup_requests"

_SINGLE = 4
_BATCH = 32


def write(signatures: Iterable[Signature], folder: Path) -> Path:
    """Writes requests made of the signatures' samples: a few of one row, and one of many.

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
            rows = min(len(samples) for samples in signature.samples.values())
            for row in range(min(rows, _SINGLE)):
                records.write(_log(signature, slice(row, row + 1)).SerializeToString())
            if rows > 1:
                records.write(_log(signature, slice(0, _BATCH)).SerializeToString())
    return path


def _log(signature: Signature, rows: slice) -> serving.Message:
    log = serving.message("tensorflow.serving.PredictionLog")()
    if signature.method_name in {CLASSIFY, REGRESS}:
        kind = log.classify_log if signature.method_name == CLASSIFY else log.regress_log
        request = kind.request
        (samples,) = signature.samples.values()
        for example in samples[rows]:
            request.input.example_list.examples.add().ParseFromString(example)
    else:
        request = log.predict_log.request
        for name, samples in signature.samples.items():
            tensor = tf.make_tensor_proto(samples[rows], dtype=signature.inputs[name].dtype)
            request.inputs[name].ParseFromString(tensor.SerializeToString())
    # The model's name and version are the server's: the same files may be served under any.
    request.model_spec.signature_name = signature.name
    return log
