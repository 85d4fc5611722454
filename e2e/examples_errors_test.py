"""What a caller of Classify, Regress and MultiInference does wrong: TF Serving's code and text.

A text that ends in `...` goes on behind TF Serving's words, often with the whole signature.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tensorflow_serving.apis import classification_pb2, inference_pb2, regression_pb2

from e2e.client import Client, error_of
from e2e.server_process import ServerProcess
from e2e.testing_models import copy_testing_models
from e2e.waiting import PATIENCE_SECONDS

MODEL = "census_like"
INVALID = "INVALID_ARGUMENT"
MISSING = "NOT_FOUND"

# Makes a good request wrong.
Spoil = Callable[[Any], None]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    file = copy_testing_models(
        tmp_path_factory.mktemp("models"), MODEL, "half_plus_two", "mnist_like"
    )
    with (
        ServerProcess(f"--model_config_file={file}") as server,
        Client(server.port) as connected,
    ):
        yield connected


@pytest.fixture(autouse=True)
def good_requests_are_answered(client: Client) -> Iterator[None]:
    """After every error, and before the first one."""
    assert_good_requests_are_answered(client)
    yield
    assert_good_requests_are_answered(client)


def assert_good_requests_are_answered(client: Client) -> None:
    classified = ask(client, classification())
    assert [c.classes[1].score for c in classified.result.classifications] == [4, 5, 6]
    regressed = ask(client, regression())
    assert [r.value for r in regressed.result.regressions] == [3.5, 4, 4.5]
    both = ask(client, multi())
    assert [r.value for r in both.results[1].regression_result.regressions] == [3.5, 4, 4.5]


def add_examples(request: Any, *examples: dict[str, Any]) -> None:
    """Adds one tf.Example for each, of single floats or integers."""
    for features in examples:
        example = request.input.example_list.examples.add()
        for name, value in features.items():
            feature = example.features.feature[name]
            if isinstance(value, int):
                feature.int64_list.value.append(value)
            else:
                feature.float_list.value.append(value)


def of_signature(request: Any, signature: str) -> Any:
    """Fills a request of three examples in."""
    request.model_spec.name = MODEL
    request.model_spec.signature_name = signature
    add_examples(request, {"x": 1.0}, {"x": 2.0}, {"x": 3.0})
    return request


def classification() -> Any:
    """That of three examples."""
    return of_signature(classification_pb2.ClassificationRequest(), "classify")


def regression() -> Any:
    """That of the same."""
    return of_signature(regression_pb2.RegressionRequest(), "regress")


def multi() -> Any:
    """Both of the same."""
    request = inference_pb2.MultiInferenceRequest()
    add_task(request, "classify", "classify")
    add_task(request, "regress", "regress")
    add_examples(request, {"x": 1.0}, {"x": 2.0}, {"x": 3.0})
    return request


def add_task(request: Any, signature: str, method: str, model: str = MODEL) -> None:
    """Of a MultiInferenceRequest."""
    task = request.tasks.add(method_name=f"tensorflow/serving/{method}")
    task.model_spec.name = model
    task.model_spec.signature_name = signature


def ask(client: Client, request: Any) -> Any:
    """Calls the method that takes such a request."""
    stub = client.prediction
    methods: dict[type, Any] = {
        classification_pb2.ClassificationRequest: stub.Classify,
        regression_pb2.RegressionRequest: stub.Regress,
        inference_pb2.MultiInferenceRequest: stub.MultiInference,
    }
    return methods[type(request)](request, timeout=PATIENCE_SECONDS)


def assert_refused(client: Client, request: Any, code: str, text: str) -> None:
    found, details = error_of(lambda: ask(client, request))
    assert found.name == code
    if text.endswith("..."):
        assert details.startswith(text[:-3])
    else:
        assert details == text


def no_model_spec(request: Any) -> None:
    request.ClearField("model_spec")


def no_name(request: Any) -> None:
    request.model_spec.ClearField("name")


def unknown_model(request: Any) -> None:
    request.model_spec.name = "nobody"


def unknown_version(request: Any) -> None:
    request.model_spec.version.value = 7


def unknown_label(request: Any) -> None:
    request.model_spec.version_label = "canary"


def unknown_signature(request: Any) -> None:
    request.model_spec.signature_name = "none"


def no_input(request: Any) -> None:
    request.ClearField("input")


def no_examples(request: Any) -> None:
    request.input.example_list.ClearField("examples")


def a_context_alone(request: Any) -> None:
    context = request.input.example_list_with_context.context
    context.features.feature["x"].float_list.value.append(1)


def a_feature_missing(request: Any) -> None:
    add_examples(request, {})


def a_feature_of_another_kind(request: Any) -> None:
    add_examples(request, {"x": 1})


def two_inputs(request: Any) -> None:
    request.model_spec.name = "mnist_like"
    request.model_spec.signature_name = "add"


@pytest.mark.parametrize("good", [classification, regression])
@pytest.mark.parametrize(
    ("spoil", "code", "text"),
    [
        (no_model_spec, INVALID, "Missing ModelSpec"),
        (no_name, INVALID, "ModelSpec has no name specified."),
        (unknown_model, MISSING, "Servable not found for request: Latest(nobody)"),
        (unknown_version, MISSING, f"Servable not found for request: Specific({MODEL}, 7)"),
        (
            unknown_label,
            INVALID,
            f"Unrecognized servable version label: canary (labels of {MODEL}: stable)",
        ),
        (unknown_signature, INVALID, "No signature was found with the name: none"),
        (no_input, INVALID, "Input is empty."),
        (no_examples, INVALID, "Input is empty."),
        (a_context_alone, INVALID, "Input is empty."),
        (two_inputs, INVALID, "Expected one input Tensor."),
    ],
)
def test_a_bad_request_gets_code_and_text(
    client: Client, good: Callable[[], Any], spoil: Spoil, code: str, text: str
) -> None:
    request = good()
    spoil(request)
    assert_refused(client, request, code, text)


@pytest.mark.parametrize("good", [classification, regression, multi])
@pytest.mark.parametrize(
    ("spoil", "piece"),
    [
        (a_feature_missing, "Feature: x (data type: float) is required but could not be found."),
        (
            a_feature_of_another_kind,
            "Data types don't match. Data type: int64 but expected type: float",
        ),
    ],
)
def test_an_example_that_does_not_parse_is_named(
    client: Client, good: Callable[[], Any], spoil: Spoil, piece: str
) -> None:
    request = good()
    spoil(request)
    code, text = error_of(lambda: ask(client, request))
    assert code.name == INVALID
    # Between TensorFlow's own words of which example and which operation it was.
    assert piece in text


@pytest.mark.parametrize(
    ("model", "signature", "text"),
    [
        ("half_plus_two", "", "No classification inputs found in SignatureDef: inputs {..."),
        (MODEL, "everything", "Expected one or two output Tensors, found 8"),
        (
            MODEL,
            "regress",
            'Expected classification signature outputs to contain at least one of "classes" or '
            '"scores". Signature was: inputs {...',
        ),
        (
            MODEL,
            "classify_flat_classes",
            "Expected Tensor shape: [batch_size num_classes] but got [3]...",
        ),
        (
            MODEL,
            "classify_flat_scores",
            "Expected Tensor shape: [batch_size num_classes] but got [3]...",
        ),
        (
            MODEL,
            "classify_number_classes",
            "Expected classes Tensor of DT_STRING. Got: DT_FLOAT...",
        ),
        (
            MODEL,
            "classify_string_scores",
            "Expected scores Tensor of DT_FLOAT. Got: DT_STRING...",
        ),
        (MODEL, "classify_one_label", "Expected classes output batch size of 3. Got: 1..."),
        (MODEL, "classify_one_score", "Expected scores output batch size of 3. Got: 1..."),
        (
            MODEL,
            "classify_unlike_widths",
            "Tensors class and score should match in dim_size(1). Got 2 vs. 1...",
        ),
    ],
)
def test_a_signature_that_does_not_classify_is_named(
    client: Client, model: str, signature: str, text: str
) -> None:
    request = classification()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    assert_refused(client, request, INVALID, text)


@pytest.mark.parametrize(
    ("model", "signature", "text"),
    [
        ("half_plus_two", "", "No regression inputs found in SignatureDef: inputs {..."),
        (MODEL, "classify", "Expected one output Tensor."),
        (MODEL, "regress_other_name", "No regression outputs found in SignatureDef: inputs {..."),
        (
            MODEL,
            "regress_floats",
            "Expects arg[0] to be float but string is provided...",
        ),
        (
            MODEL,
            "regress_wide",
            "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] "
            "but got [3,2]",
        ),
        (
            MODEL,
            "regress_one_for_all",
            "Input batch size did not match output batch size: 3 vs. 1",
        ),
        (MODEL, "regress_strings", "Expected output Tensor of DT_FLOAT.  Got: DT_STRING"),
    ],
)
def test_a_signature_that_does_not_regress_is_named(
    client: Client, model: str, signature: str, text: str
) -> None:
    request = regression()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    assert_refused(client, request, INVALID, text)


@pytest.mark.parametrize(
    ("tasks", "code", "text"),
    [
        ([], INVALID, "ModelSpec has no name specified."),
        ([("classify", "classify", "")], INVALID, "ModelSpec has no name specified."),
        (
            [("classify", "classify", MODEL), ("regress", "regress", "")],
            INVALID,
            "Found ModelSpec with an empty model name.",
        ),
        (
            [("classify", "classify", MODEL), ("", "regress", "half_plus_two")],
            INVALID,
            "All ModelSpecs in a MultiInferenceRequest must access the same model name.",
        ),
        (
            [("classify", "classify", "nobody")],
            MISSING,
            "Servable not found for request: Latest(nobody)",
        ),
        (
            [("classify", "classify", MODEL), ("classify", "regress", MODEL)],
            INVALID,
            "Duplicate evaluation of signature: classify",
        ),
        (
            [("classify", "classify", MODEL), ("none", "regress", MODEL)],
            INVALID,
            "Requested signature not found in model graph: none",
        ),
        (
            [("classify", "classify", MODEL), ("regress", "predict", MODEL)],
            "UNIMPLEMENTED",
            "Unsupported signature method_name: tensorflow/serving/predict",
        ),
        ([("classify", "regress", MODEL)], INVALID, "Expected one output Tensor."),
        (
            [("classify", "classify", MODEL), ("regress_strings", "regress", MODEL)],
            INVALID,
            "Expected output Tensor of DT_FLOAT.  Got: DT_STRING",
        ),
    ],
)
def test_bad_tasks_get_code_and_text(
    client: Client, tasks: list[tuple[str, str, str]], code: str, text: str
) -> None:
    request = multi()
    request.ClearField("tasks")
    for signature, method, model in tasks:
        add_task(request, signature, method, model)
    assert_refused(client, request, code, text)


@pytest.mark.parametrize("spoil", [no_input, no_examples, a_context_alone])
def test_several_signatures_need_examples_too(client: Client, spoil: Spoil) -> None:
    request = multi()
    spoil(request)
    assert_refused(client, request, INVALID, "Input is empty.")


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("Classify", "ClassificationRequest"),
        ("Regress", "RegressionRequest"),
        ("MultiInference", "MultiInferenceRequest"),
    ],
)
def test_bytes_that_are_no_request_are_refused(client: Client, method: str, message: str) -> None:
    path = f"/tensorflow.serving.PredictionService/{method}"
    code, details = error_of(lambda: client.call_bytes(path, b"\xff\xff"))
    assert (code.name, details) == (
        INVALID,
        f"the request is not a tensorflow.serving.{message}",
    )


@pytest.mark.parametrize(
    ("good", "bad", "problem"),
    [
        (b"\n\x01x", b"\n\x01\xff", 'has a feature whose name is not UTF-8: "\ufffd"'),
        # The float of the first example, of four bytes.
        (b"\n\x04", b"\n\x05", "is not a tensorflow.Example: it is cut off or malformed"),
    ],
    ids=["name", "cut off"],
)
@pytest.mark.parametrize(
    ("method", "make"),
    [("Classify", classification), ("Regress", regression), ("MultiInference", multi)],
)
def test_examples_that_protobuf_does_not_parse_are_refused(
    client: Client, method: str, make: Callable[[], Any], good: bytes, bad: bytes, problem: str
) -> None:
    # TF Serving parses them with the request that they are in.
    whole = make().SerializeToString()
    assert good in whole
    path = f"/tensorflow.serving.PredictionService/{method}"
    code, details = error_of(lambda: client.call_bytes(path, whole.replace(good, bad, 1)))
    name = type(make()).DESCRIPTOR.full_name
    assert (code.name, details) == (INVALID, f"the request is not a {name}: example 0 {problem}")
