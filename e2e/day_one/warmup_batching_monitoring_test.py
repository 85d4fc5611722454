"""Recorded warm-up, batching and monitoring, with the files that the documentation shows."""

from collections.abc import Iterator
from typing import Any

import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from e2e.client import Client
from e2e.day_one.calls import curl, examples, post, predict_request
from e2e.day_one.documented_models import VERSION, export_half_plus, write_warmup
from e2e.server_process import ServerProcess
from e2e.waiting import PATIENCE_SECONDS

CALLS = 60


def warmup_records() -> list[bytes]:
    """One of each kind, and requests of shapes that the signature does not have."""
    records = []
    for shape in ([1], [], [2, 3], [1, 1]):
        log = prediction_log_pb2.PredictionLog()
        log.predict_log.request.CopyFrom(predict_request("half_plus_two", [2.0], shape))
        records.append(log)
    classify = prediction_log_pb2.PredictionLog().classify_log.request
    classify.input.CopyFrom(examples(1.0))
    classify.model_spec.signature_name = "classify_x_to_y"
    regress = prediction_log_pb2.PredictionLog().regress_log.request
    regress.input.CopyFrom(examples(1.0, 2.0))
    regress.model_spec.signature_name = "regress_x_to_y"
    for kind, request in {"classify_log": classify, "regress_log": regress}.items():
        log = prediction_log_pb2.PredictionLog()
        getattr(log, kind).request.CopyFrom(request)
        records.append(log)
    both = prediction_log_pb2.PredictionLog()
    both.multi_inference_log.request.input.CopyFrom(examples(1.0))
    for request, kind in ((classify, "classify"), (regress, "regress")):
        task = both.multi_inference_log.request.tasks.add(method_name=f"tensorflow/serving/{kind}")
        task.model_spec.CopyFrom(request.model_spec)
        # It may be any, but of several tasks it must be one.
        task.model_spec.name = "half_plus_two"
    records.append(both)
    return [record.SerializeToString() for record in records]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("models")
    version = folder / "half_plus_two" / str(VERSION)
    export_half_plus(version, 2.0)
    write_warmup(version, warmup_records())
    batching, monitoring = folder / "batching.config", folder / "monitoring.config"
    batching.write_text(
        "max_batch_size { value: 128 }\n"
        "batch_timeout_micros { value: 0 }\n"
        "max_enqueued_batches { value: 1000000 }\n"
        "num_batch_threads { value: 8 }\n"
    )
    monitoring.write_text(
        'prometheus_config {\n  enable: true,\n  path: "/monitoring/prometheus/metrics"\n}\n'
    )
    with ServerProcess(
        "--model_name=half_plus_two",
        f"--model_base_path={folder}/half_plus_two",
        "--rest_api_port=-1",
        "--enable_batching",
        f"--batching_parameters_file={batching}",
        f"--monitoring_config_file={monitoring}",
        "--grpc_channel_arguments=grpc.max_connection_age_ms=2000,grpc.lb_policy_name=grpclb",
    ) as running:
        yield running


def metrics(server: ServerProcess) -> dict[str, float]:
    """What Prometheus would scrape, each value by its name and labels."""
    status, page = curl(f"http://localhost:{server.http_port()}/monitoring/prometheus/metrics")
    assert status == 200
    lines = [line for line in page.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def one(found: dict[str, float], name: str, *labels: str) -> float:
    """The one value of a metric that has these labels."""
    (value,) = (
        value
        for series, value in found.items()
        if series.partition("{")[0] == name and all(label in series for label in labels)
    )
    return value


def test_warmup_of_every_kind_and_shape_was_replayed(server: ServerProcess) -> None:
    assert post(server, "half_plus_two:predict", {"instances": [2.0]}) == {"predictions": [3.0]}
    found = metrics(server)
    assert one(found, ":tensorflow:serving:model_warmup_records_read", 'status="OK"') == 7
    assert one(found, ":tensorflow:serving:model_warmup_latency_count", 'status="OK"') == 1


def test_calls_of_all_shapes_share_a_batching_server(server: ServerProcess) -> None:
    shapes: list[list[int]] = [[1], [], [2, 3], [3, 1], [5]]
    with Client(server.port) as client:
        before = metrics(server)
        calls: list[tuple[list[int], float, Any]] = []
        for number in range(CALLS):
            shape = shapes[number % len(shapes)]
            request = predict_request("half_plus_two", [float(number)], shape)
            call = client.prediction.Predict.future(request, timeout=PATIENCE_SECONDS)
            calls.append((shape, float(number), call))
        for shape, value, call in calls:
            y = tf.make_ndarray(call.result().outputs["y"])
            assert y.shape == tuple(shape)
            assert set(y.flatten().tolist()) == {value / 2 + 2}
    after = metrics(server)
    ok = (":tensorflow:serving:request_count", 'model_name="half_plus_two"', 'status="OK"')
    assert one(after, *ok) - one(before, *ok) == CALLS
    assert one(after, ":tensorflow:serving:batching_session:wrapped_run_count") > 0


def test_rest_on_a_batching_server(server: ServerProcess) -> None:
    rows = {"instances": [1.0, 2.0, 5.0]}
    assert post(server, "half_plus_two:predict", rows) == {"predictions": [2.5, 3.0, 4.5]}
    assert post(server, "half_plus_two:predict", {"inputs": 2.0}) == {"outputs": 3.0}
    one_example = {"signature_name": "classify_x_to_y", "examples": [{"x": 2.0}]}
    assert post(server, "half_plus_two:classify", one_example) == {"results": [[["", 3.0]]]}
