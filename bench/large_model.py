"""A model with many weights, all of which every run reads, and with recorded warm-up requests."""

from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from e2e.publishing import manifest_of, write_manifest

__all__ = ["publish_large"]

BYTES_PER_WEIGHT = 4


def publish_large(base: Path, *, megabytes: int, layers: int, warm_up_runs: int) -> None:
    """Publishes BASE/1: square layers of equal size.

    Args:
        base: The model's folder, named as the model.
        megabytes: How large its variables are together.
        layers: How many they are.
        warm_up_runs: How many requests it brings along.
    """
    side = int((megabytes * 1e6 / BYTES_PER_WEIGHT / layers) ** 0.5)
    module = tf.Module()
    module.layers = [
        tf.Variable(tf.random.normal([side, side], stddev=side**-0.5)) for _ in range(layers)
    ]

    def forward(x: tf.Tensor) -> dict[str, tf.Tensor]:
        for layer in module.layers:
            x = tf.nn.relu(tf.matmul(x, layer))
        return {"y": x}

    served = tf.function(forward).get_concrete_function(x=tf.TensorSpec([None, side], tf.float32))
    folder = base / "1"
    tf.saved_model.save(module, str(folder), signatures={"serving_default": served})

    request = predict_pb2.PredictRequest()
    request.model_spec.name = base.name
    request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.ones([1, side], np.float32)))
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.CopyFrom(request)
    file = folder / "assets.extra" / "tf_serving_warmup_requests"
    file.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(file)) as writer:
        for _ in range(warm_up_runs):
            writer.write(log.SerializeToString())
    write_manifest(folder, manifest_of(folder, base.name))
