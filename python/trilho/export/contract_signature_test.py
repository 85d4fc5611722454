from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from trilho.contract import reading
from trilho.contract.definitions import Contract
from trilho.contract.problems import ContractError
from trilho.export.contract_signature import contract_signature, verify_model

_CONTRACT = """syntax = "proto3";
package a;
import "trilho/contract.proto";
service S { rpc M(Q) returns (R) { option (trilho.contract.model) = { name: "m" }; } }
message Q {
  int64 count = 1;
  repeated float image = 2 [(trilho.contract.tensor) = { shape: 4 }];
}
message R { repeated float value = 1 [(trilho.contract.tensor) = { shape: 2 }]; }
"""


@pytest.fixture
def contract(tmp_path: Path) -> Contract:
    path = tmp_path / "a.proto"
    path.write_text(_CONTRACT)
    (found,) = reading.read([path])
    return found


def _network(
    *,
    count: keras.KerasTensor | None = None,
    image: keras.KerasTensor | None = None,
    width: int = 2,
    output: str = "value",
) -> keras.Model:
    count = keras.Input((1,), name="count") if count is None else count
    image = keras.Input((4,), name="image") if image is None else image
    rows = keras.layers.Flatten()(image)
    value = keras.layers.Dense(width)(keras.layers.Concatenate()([count, rows]))
    return keras.Model([count, image], {output: value}, name="net")


def test_what_keras_makes_fit_suits(contract: Contract) -> None:
    network = _network()

    verify_model(contract, network)

    samples: dict[str, np.ndarray] = {
        "count": np.ones(3, np.int64),
        "image": np.ones([3, 4], np.float32),
    }
    signature = contract_signature(contract, network, samples=samples)
    outputs = signature.function(**{name: tf.constant(rows) for name, rows in samples.items()})
    assert outputs["value"].shape == (3, 2)


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (lambda: _network(image=keras.Input((5,), name="image")), "dimension 1 is 5 and not 4"),
        (lambda: _network(width=3), r"a\.R\.value: .*dimension 1 is 3 and not 2"),
        (lambda: _network(output="values"), 'no output "value".*did you mean "values"'),
        (
            lambda: _network(image=keras.Input((4,), name="images")),
            r'no input "image".*did you mean "images".*\n.*nothing in a\.Q feeds input "images"',
        ),
    ],
)
def test_what_differs_is_told_before_a_training(
    contract: Contract,
    network: Callable[[], keras.Model],
    message: str,
) -> None:
    with pytest.raises(ContractError, match=message) as error:
        verify_model(contract, network())
    assert str(error.value).startswith("model net: ")


def test_numbers_are_no_strings(contract: Contract) -> None:
    image = keras.Input((4,), name="image", dtype="string")
    hashed = keras.layers.Hashing(10)(image)
    count = keras.Input((1,), name="count")
    rows = keras.ops.cast(hashed, "float32")
    value = keras.layers.Dense(2)(keras.layers.Concatenate()([count, rows]))

    with pytest.raises(ContractError, match="it is STRING and not FLOAT"):
        verify_model(contract, keras.Model([count, image], {"value": value}))


def test_an_output_needs_a_name(contract: Contract) -> None:
    network = _network()

    with pytest.raises(ContractError, match='its output has no name; expected a dict with "value"'):
        verify_model(contract, keras.Model(network.inputs, network.output["value"]))


def test_a_network_that_tells_nothing_is_left_to_the_export(contract: Contract) -> None:
    class Own(keras.Model):  # type: ignore[misc]  # Keras has no types
        def call(self, inputs: tf.Tensor) -> tf.Tensor:
            return inputs

    verify_model(contract, Own())
