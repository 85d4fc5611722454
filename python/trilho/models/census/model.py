"""The census network: a wide part that remembers and a deep part that generalizes.

After Cheng et al., "Wide & Deep Learning for Recommender Systems", 2016.
"""

import keras
import numpy as np
from keras import layers, ops

from trilho.models.census.config import CensusConfig
from trilho.models.census.preprocessing import CROSSES, Statistics

__all__ = ["build", "served"]


def build(preprocessing: keras.Model, statistics: Statistics, config: CensusConfig) -> keras.Model:
    """Makes the network that is trained, with weights from Keras' random seed.

    Args:
        preprocessing: What computes its inputs.
        statistics: What `preprocessing` was made with.
        config: The options.

    Returns:
        A model from what `preprocessing` returns to the probabilities of CLASSES, float32 [n, 2];
        it keeps `preprocessing` under this name, so that who saves the one saves the other.
    """
    inputs = {
        name: keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=name)
        for name, tensor in preprocessing.output.items()
    }
    sizes = statistics.sizes
    starts = [0, *np.cumsum(sizes)[:-1].tolist()]
    # A field that is always known in training would else have an unknown category with weights that
    # nobody trained.
    known = layers.Dropout(config.unknown, name="unknown")(
        ops.ones_like(inputs["categories"], dtype="float32")
    )
    categories = ops.where(known > 0, inputs["categories"], np.array(starts, np.int32))
    # Wide: a weight for each category and each crossing.
    weights = layers.Embedding(sum(sizes), 1, embeddings_initializer="zeros", name="wide")
    crosses = layers.Embedding(
        config.cross_bins * len(CROSSES), 1, embeddings_initializer="zeros", name="wide_crosses"
    )
    wide = ops.sum(weights(categories), axis=1) + ops.sum(crosses(inputs["crosses"]), axis=1)
    # Deep: a vector for each category.
    vectors = layers.Embedding(
        sum(sizes),
        config.embedding,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=0.3),
        name="embedding",
    )(categories)
    deep = ops.concatenate([layers.Flatten()(vectors), inputs["numbers"]], axis=1)
    deep = layers.Dropout(config.input_dropout, name="input_dropout")(deep)
    for number, units in enumerate(config.hidden, start=1):
        deep = layers.Dense(units, activation="relu", name=f"hidden_{number}")(deep)
        deep = layers.Dropout(config.dropout, name=f"dropout_{number}")(deep)
    logit = wide + layers.Dense(1, name="deep")(deep)
    # The softmax of (0, logit) is that of the sigmoid and its complement.
    scores = ops.softmax(ops.concatenate([ops.zeros_like(logit), logit], axis=1))
    network = keras.Model(inputs, scores, name="network")
    network.preprocessing = preprocessing
    return network


def served(network: keras.Model) -> keras.Model:
    """Puts the preprocessing before the network.

    Args:
        network: What `build` returned; its weights are shared.

    Returns:
        A model from a person's fields by name, float32 and string [n], to the probabilities of
        CLASSES, float32 [n, 2].
    """
    preprocessing = network.preprocessing
    inputs = {
        name: keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=name)
        for name, tensor in preprocessing.input.items()
    }
    return keras.Model(inputs, network(preprocessing(inputs)), name="census")
