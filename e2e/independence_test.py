"""What holds one model up holds up no other."""

from pathlib import Path
from typing import Any

import requests
from tensorflow_serving.apis import get_model_status_pb2

from e2e.client import AVAILABLE, END, Client, image_request, predict_request
from e2e.models import Export
from e2e.publishing import publish, publish_warmed, warm_up_file
from e2e.server_process import ServerProcess
from e2e.waiting import PATIENCE_SECONDS, wait_for

LOADING = get_model_status_pb2.ModelVersionStatus.LOADING
UNLOADING = get_model_status_pb2.ModelVersionStatus.UNLOADING

# Hours of one thread: they have no end while this test lasts.
ENDLESS_STEPS = 2**30


def config_of(folder: Path, *names: str) -> Path:
    models = "".join(
        f'config {{ name: "{name}" base_path: "{folder / name}" model_platform: "tensorflow" }}'
        for name in names
    )
    file = folder / "models.config"
    file.write_text(f"model_config_list {{ {models} }}", encoding="utf-8")
    return file


def models_of(server: ServerProcess) -> dict[str, Any]:
    """What the server tells of its models, by name."""
    answer = requests.get(
        f"http://127.0.0.1:{server.http_port()}/v1/models", timeout=PATIENCE_SECONDS
    )
    return {model["name"]: model for model in answer.json()["models"]}


def test_neither_a_request_nor_a_warm_up_of_one_model_holds_up_another(
    spin: Export, mnist: Export, tmp_path: Path
) -> None:
    endless = warm_up_file(tmp_path, predict_request("warmed", steps=ENDLESS_STEPS))
    publish(spin, tmp_path / "asked", 1)
    publish(spin, tmp_path / "warmed", 1)
    publish(mnist, tmp_path / "swapped", 1)
    with (
        ServerProcess(
            f"--model_config_file={config_of(tmp_path, 'asked', 'warmed', 'swapped')}",
            "--file_system_poll_wait_seconds=0.05",
            "--grpc_max_threads=2",
            "--shutdown_grace_seconds=0.2",
            "--rest_api_port=-1",
        ) as server,
        Client(server.port) as client,
    ):

        def answering(model: str) -> int:
            request = (
                image_request(model=model)
                if model == "swapped"
                else predict_request(model, steps=1)
            )
            return int(client.predict(request).model_spec.version.value)

        def computes_for(what: str) -> None:
            before = server.cpu_seconds()
            wait_for(f"{what} to run", lambda: server.cpu_seconds() > before + 0.2)

        held = client.prediction.Predict.future(
            predict_request("asked", steps=ENDLESS_STEPS), timeout=PATIENCE_SECONDS
        )
        computes_for("the call")

        # Its own next version takes over, and the old one stays for that call alone.
        publish(spin, tmp_path / "asked", 2)
        client.wait_until("asked", 2, AVAILABLE)
        client.wait_until("asked", 1, UNLOADING)
        assert answering("asked") == 2

        publish_warmed(spin, tmp_path / "warmed", 2, endless)
        client.wait_until("warmed", 2, LOADING)
        computes_for("the warm-up")
        (loading,) = (
            version
            for version in models_of(server)["warmed"]["versions"]
            if version["state"] == "LOADING"
        )
        assert loading["progress"].startswith(
            "replaying record 1 of assets.extra/tf_serving_warmup_requests, for "
        )
        server.wait_for_log(
            "model warmed version 2: warm-up: replaying the requests of "
            "assets.extra/tf_serving_warmup_requests"
        )

        for version in (2, 3):
            publish(mnist, tmp_path / "swapped", version)
            client.wait_until("swapped", version, AVAILABLE)
            client.wait_until("swapped", version - 1, END)
            assert answering("swapped") == version

        # All that while both were under way.
        assert not held.done()
        assert client.status("asked")[1].state == UNLOADING
        assert client.status("warmed")[2].state == LOADING
        assert answering("asked") == 2
        assert answering("warmed") == 1
