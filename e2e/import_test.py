"""SavedModels of others, imported and served beside one another."""

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python import keras as keras_2

from e2e.client import Client, predict_request
from e2e.server_process import ServerProcess
from trilho.importing.importing import import_model


def write_tensorflow_1(folder: Path) -> None:
    """Writes the number of a word, by a table that the graph initializes."""
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        word = v1.placeholder(tf.string, [None], name="word")
        words = tf.lookup.KeyValueTensorInitializer(["a", "b"], [1.0, 2.0])
        number = tf.lookup.StaticHashTable(words, -1.0).lookup(word)
        bias = v1.get_variable("bias", initializer=0.5)
        session.run(v1.global_variables_initializer())
        signature = v1.saved_model.predict_signature_def({"word": word}, {"number": number + bias})
        builder = v1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(
            session,
            [tf.saved_model.SERVING],
            signature_def_map={"serving_default": signature},
            main_op=v1.tables_initializer(),
        )
        builder.save()


def write_keras_2(folder: Path) -> None:
    """Writes twice a number, in the format of Keras 2."""
    # TensorFlow carries its code, but not the number of its version, which it writes.
    keras_2.__version__ = "2.6.0"
    layer = keras_2.layers.Dense(1, kernel_initializer=keras_2.initializers.Constant(2))
    model = keras_2.Sequential([keras_2.layers.Input([1], name="x"), layer])
    model.save(str(folder), save_format="tf")


def test_models_of_others_are_served_as_they_were_imported(tmp_path: Path) -> None:
    write_tensorflow_1(tmp_path / "words")
    write_keras_2(tmp_path / "twice")
    models = tmp_path / "models"
    for name in ("words", "twice"):
        done = import_model(tmp_path / name, name=name, directory=models)
        assert [one.is_recorded for one in done.tried] == [True]

    config = tmp_path / "models.config"
    config.write_text(
        "model_config_list {"
        + "".join(
            f'config {{ name: "{name}" base_path: "{models / name}" model_platform: "tensorflow" }}'
            for name in ("words", "twice")
        )
        + "}"
    )
    with ServerProcess(f"--model_config_file={config}") as server, Client(server.port) as client:
        words = client.predict(
            predict_request("words", word=np.array([b"b", b"?"], object))
        ).outputs["number"]
        assert tf.make_ndarray(words).tolist() == [2.5, -0.5]
        (twice,) = client.predict(
            predict_request("twice", x=np.array([[1.5]], np.float32))
        ).outputs.values()
        assert tf.make_ndarray(twice) == pytest.approx(np.array([[3.0]]))
