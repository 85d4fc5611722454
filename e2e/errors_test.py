"""What a caller does wrong is answered with TF Serving's code and text, and harms nobody.

Where the text goes on behind TF Serving's words, `...` stands between the two.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from e2e.client import Client, error_of, image_request, predict_request, scores
from e2e.mnist_service import CONTRACT_FLAG, classify
from e2e.models import PIXELS, Export
from e2e.publishing import publish
from e2e.server_process import ServerProcess

VERSION = 3


@pytest.fixture(scope="module")
def client(mnist: Export, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    base = tmp_path_factory.mktemp("models") / "mnist"
    publish(mnist, base, VERSION)
    with (
        ServerProcess("--model_name=mnist", f"--model_base_path={base}", CONTRACT_FLAG) as server,
        Client(server.port) as client,
    ):
        yield client


@pytest.fixture(autouse=True)
def good_requests_are_answered(client: Client) -> Iterator[None]:
    """After every error, and before the first one."""
    expected = scores(VERSION)[0]
    answer = client.predict(image_request())
    assert list(answer.outputs["value"].float_val) == pytest.approx(expected)
    yield
    answer = client.predict(image_request())
    assert list(answer.outputs["value"].float_val) == pytest.approx(expected)
    assert classify(client.channel, [0.5] * PIXELS) == pytest.approx(list(expected))


def no_model_spec() -> Any:
    request = image_request()
    request.ClearField("model_spec")
    return request


def no_name() -> Any:
    return image_request(model="")


def unknown_model() -> Any:
    return image_request(model="minst")


def unknown_version() -> Any:
    request = image_request()
    request.model_spec.version.value = 7
    return request


def unknown_label() -> Any:
    request = image_request()
    request.model_spec.version_label = "canary"
    return request


def unknown_signature() -> Any:
    request = image_request()
    request.model_spec.signature_name = "predict_images"
    return request


def init_op_as_signature() -> Any:
    request = image_request()
    request.model_spec.signature_name = "__saved_model_init_op"
    return request


def no_input() -> Any:
    return predict_request("mnist")


def extra_input() -> Any:
    request = image_request()
    request.inputs["keep_prob"].CopyFrom(request.inputs["image_data"])
    return request


def another_input() -> Any:
    return predict_request("mnist", images=np.zeros([1, PIXELS], np.float32))


def wrong_dtype() -> Any:
    return predict_request("mnist", image_data=np.zeros([1, PIXELS], np.int32))


def strings() -> Any:
    return predict_request("mnist", image_data=[["7"] * PIXELS])


def wrong_width() -> Any:
    return predict_request("mnist", image_data=np.zeros([2, 28], np.float32))


def wrong_rank() -> Any:
    return predict_request("mnist", image_data=np.zeros([PIXELS], np.float32))


def unknown_output() -> Any:
    request = image_request()
    request.output_filter.append("scores")
    return request


def repeated_output() -> Any:
    request = image_request()
    request.output_filter.extend(["value", "value"])
    return request


def short_content() -> Any:
    request = image_request()
    tensor = request.inputs["image_data"]
    tensor.ClearField("float_val")
    tensor.tensor_content = bytes(PIXELS * 4 - 1)
    return request


def negative_dimension() -> Any:
    request = image_request()
    request.inputs["image_data"].tensor_shape.dim[0].size = -1
    return request


def no_dtype() -> Any:
    request = image_request()
    request.inputs["image_data"].dtype = 0
    return request


def unknown_dtype() -> Any:
    request = image_request()
    request.inputs["image_data"].dtype = 99
    return request


def huge_shape() -> Any:
    request = image_request()
    for _ in range(3):
        request.inputs["image_data"].tensor_shape.dim.add(size=2**31)
    return request


@pytest.mark.parametrize(
    ("request_of", "code", "text"),
    [
        (no_model_spec, "INVALID_ARGUMENT", "Missing ModelSpec"),
        (no_name, "INVALID_ARGUMENT", "ModelSpec has no name specified."),
        (unknown_model, "NOT_FOUND", "Servable not found for request: Latest(minst)"),
        (unknown_version, "NOT_FOUND", "Servable not found for request: Specific(mnist, 7)"),
        (unknown_label, "INVALID_ARGUMENT", "Unrecognized servable version label: canary"),
        (
            unknown_signature,
            "FAILED_PRECONDITION",
            'Serving signature key "predict_images" not found. (signatures: serving_default)',
        ),
        (
            init_op_as_signature,
            "FAILED_PRECONDITION",
            'Serving signature key "__saved_model_init_op" not found. '
            "(signatures: serving_default)",
        ),
        (
            no_input,
            "INVALID_ARGUMENT",
            "input size does not match signature: 0!=1 len({}) != len({image_data}). "
            "Sent extra: {}. Missing but required: {image_data}.",
        ),
        (
            extra_input,
            "INVALID_ARGUMENT",
            "input size does not match signature: 2!=1 len({image_data,keep_prob}) != "
            "len({image_data}). Sent extra: {keep_prob}. Missing but required: {}.",
        ),
        (
            another_input,
            "INVALID_ARGUMENT",
            "Signature input alias: image_data(feed name: serving_default_image_data:0) not found "
            "in request and no default value provided. Inputs expected to be in the request "
            "{images}, or default input alias set: ",
        ),
        (
            wrong_dtype,
            "INVALID_ARGUMENT",
            'Expects arg[0] to be float but int32 is provided... (input "image_data")',
        ),
        (
            strings,
            "INVALID_ARGUMENT",
            'Expects arg[0] to be float but string is provided... (input "image_data")',
        ),
        (
            unknown_output,
            "INVALID_ARGUMENT",
            "output tensor alias not found in signature: scores Outputs expected to be in the set "
            "{value}.",
        ),
        (repeated_output, "INVALID_ARGUMENT", "duplicate output tensor alias: value"),
        (
            short_content,
            "INVALID_ARGUMENT",
            "tensor parsing error: image_data"
            "..."
            " (tensor_content holds 3135 bytes, shape [1,784] of float needs 3136)",
        ),
        (
            negative_dimension,
            "INVALID_ARGUMENT",
            "tensor parsing error: image_data... (negative dimension in shape [-1,784])",
        ),
        (
            no_dtype,
            "INVALID_ARGUMENT",
            "tensor parsing error: image_data... (unknown dtype enum (0) cannot be sent)",
        ),
        (
            unknown_dtype,
            "INVALID_ARGUMENT",
            "tensor parsing error: image_data... (unknown dtype enum (99) cannot be sent)",
        ),
        (
            huge_shape,
            "INVALID_ARGUMENT",
            "tensor parsing error: image_data"
            "..."
            " (too many elements in shape [1,784,2147483648,2147483648,2147483648])",
        ),
    ],
)
def test_a_bad_predict_request_gets_code_and_text(
    client: Client, request_of: Callable[[], Any], code: str, text: str
) -> None:
    found, details = error_of(lambda: client.predict(request_of()))
    assert (found.name, details) == (code, text.replace("...", ""))


def differing(shape: str) -> str:
    """What is said of an image of that shape."""
    return (
        f'input "image_data" has shape {shape}, signature "serving_default" expects [-1,784] '
        "(-1: any size)"
    )


def test_a_shape_that_is_not_the_signatures_is_the_graphs_to_judge(client: Client) -> None:
    # It takes the mean of whatever width.
    assert client.predict(wrong_width()).outputs["value"].tensor_shape.dim[0].size == 2
    code, details = error_of(lambda: client.predict(wrong_rank()))
    assert code.name == "INVALID_ARGUMENT"
    assert details.startswith("Invalid reduction dimension")
    assert details.endswith("; " + differing("[784]"))


def test_a_strict_server_refuses_other_shapes_than_the_signatures(
    mnist: Export, tmp_path: Path
) -> None:
    base = tmp_path / "mnist"
    publish(mnist, base, VERSION)
    with (
        ServerProcess(
            "--model_name=mnist", f"--model_base_path={base}", "--strict_input_shapes"
        ) as server,
        Client(server.port) as client,
    ):
        for request, shape in [(wrong_width(), "[2,28]"), (wrong_rank(), "[784]")]:
            code, details = error_of(partial(client.predict, request))
            assert (code.name, details) == ("INVALID_ARGUMENT", differing(shape))
        client.predict(image_request())


@pytest.mark.parametrize("values", [[], [0.25], [0.25] * (PIXELS + 1)], ids=["no", "one", "more"])
def test_values_that_are_too_few_or_many_are_filled_up_or_cut(
    client: Client, values: list[float]
) -> None:
    request = image_request()
    tensor = request.inputs["image_data"]
    tensor.ClearField("tensor_content")
    del tensor.float_val[:]
    tensor.float_val.extend(values)
    grey = values[-1] if values else 0.0
    answer = client.predict(request).outputs["value"]
    assert list(answer.float_val) == pytest.approx(scores(VERSION, grey)[0])


@pytest.mark.parametrize("method", ["Predict", "GetModelMetadata"])
def test_bytes_that_are_no_request_are_refused(client: Client, method: str) -> None:
    path = f"/tensorflow.serving.PredictionService/{method}"
    code, details = error_of(lambda: client.call_bytes(path, b"\xff\xff"))
    assert (code.name, details) == (
        "INVALID_ARGUMENT",
        f"the request is not a tensorflow.serving.{method}Request",
    )


def test_a_method_that_does_not_exist_is_unimplemented(client: Client) -> None:
    path = "/tensorflow.serving.PredictionService/Guess"
    code, _ = error_of(lambda: client.call_bytes(path, b""))
    assert code.name == "UNIMPLEMENTED"


@pytest.mark.parametrize(
    ("image", "text"),
    [
        ([], "image_data has 0 values, expected 784"),
        ([0.5] * (PIXELS - 1), "image_data has 783 values, expected 784"),
        ([0.5] * (PIXELS + 1), "image_data has 785 values, expected 784"),
        ([0.5] * (PIXELS - 1) + [1.5], "image_data[783] is 1.5, expected 0 to 1"),
        ([-0.25] + [0.5] * (PIXELS - 1), "image_data[0] is -0.25, expected 0 to 1"),
        ([float("nan")] + [0.5] * (PIXELS - 1), "image_data[0] is nan, expected 0 to 1"),
    ],
    ids=["none", "short", "long", "above", "below", "nan"],
)
def test_mnist_service_refuses_what_is_no_image(
    client: Client, image: list[float], text: str
) -> None:
    code, details = error_of(lambda: classify(client.channel, image))
    assert (code.name, details) == ("INVALID_ARGUMENT", text)


def test_mnist_service_refuses_bytes_that_are_no_request(client: Client) -> None:
    path = "/trilho.mnist.MnistService/Classify"
    code, details = error_of(lambda: client.call_bytes(path, b"\x0a\x03abc"))
    assert (code.name, details) == (
        "INVALID_ARGUMENT",
        "the request is not a trilho.mnist.ClassifyRequest",
    )
