"""Models that come, go and are named while the server runs."""

import resource
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from tensorflow_serving.apis import model_management_pb2
from tensorflow_serving.config import model_server_config_pb2

from e2e.client import Client, error_of, image_request, scores
from e2e.models import Export
from e2e.publishing import publish
from e2e.server_process import ServerProcess
from e2e.waiting import PATIENCE_SECONDS, wait_for


def config_of(*bases: Path, labels: dict[str, int] | None = None) -> Any:
    """Models named as their folders, all versions of each."""
    configs = model_server_config_pb2.ModelConfigList()
    for base in bases:
        config = configs.config.add(
            name=base.name, base_path=str(base), model_platform="tensorflow"
        )
        config.model_version_policy.all.SetInParent()
        config.version_labels.update(labels or {})
    return configs


def reload(client: Client, configs: Any) -> Any:
    """ModelService.HandleReloadConfigRequest."""
    request = model_management_pb2.ReloadConfigRequest()
    request.config.model_config_list.CopyFrom(configs)
    return client.model.HandleReloadConfigRequest(request, timeout=PATIENCE_SECONDS)


def labelled(label: str) -> Any:
    """A request for the version that `label` stands for."""
    request = image_request()
    request.model_spec.version_label = label
    return request


def answering_version(client: Client, label: str) -> int:
    """Which version answers under a label."""
    answer = client.predict(labelled(label))
    return int(answer.model_spec.version.value)


def test_models_are_added_and_removed_by_the_rpc_of_tf_serving(
    mnist: Export, tmp_path: Path
) -> None:
    first, second = tmp_path / "mnist", tmp_path / "other"
    publish(mnist, first, 1)
    publish(mnist, second, 2)
    with (
        ServerProcess("--model_name=mnist", f"--model_base_path={first}") as server,
        Client(server.port) as client,
    ):
        # The answer comes when the new model can be asked.
        assert reload(client, config_of(first, second)).status.error_code == 0
        answer = client.predict(image_request(model="other"))
        assert answer.outputs["value"].float_val == scores(2).reshape(-1).tolist()

        reload(client, config_of(second))
        wait_for(
            "mnist to be gone",
            lambda: error_of_mnist(client) == grpc.StatusCode.NOT_FOUND,
        )
        client.predict(image_request(model="other"))


@pytest.fixture(scope="module")
def stable(mnist: Export, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Of a server that changes nothing: "mnist" of which version 1 is stable."""
    base = tmp_path_factory.mktemp("models") / "mnist"
    publish(mnist, base, 1)
    with (
        ServerProcess("--model_name=mnist", f"--model_base_path={base}") as server,
        Client(server.port) as client,
    ):
        reload(client, config_of(base, labels={"stable": 1}))
        yield client


def other(**fields: Any) -> Any:
    """A model that could be served beside mnist, but for `fields`."""
    good = {"name": "other", "base_path": "/models/other", "model_platform": "tensorflow"}
    return model_server_config_pb2.ModelConfig(**(good | fields))


@pytest.mark.parametrize(
    ("models", "code", "text"),
    [
        (
            [other(), other()],
            "INVALID_ARGUMENT",
            "Illegal to list model other multiple times in config list",
        ),
        (
            [other(base_path="models/other")],
            "INVALID_ARGUMENT",
            "Expected model other to have an absolute path or URI; got base_path()=models/other",
        ),
        (
            [other(model_platform="caffe")],
            "INVALID_ARGUMENT",
            "Model other requests unsupported platform caffe",
        ),
        (
            [other(name="mnist", model_platform="caffe")],
            "INVALID_ARGUMENT",
            "Illegal to change a model's platform. For model mnist platform was tensorflow and new "
            "platform requested is caffe",
        ),
        ([other(name="")], "INVALID_ARGUMENT", "a model in the config list has no name"),
        (
            None,
            "INVALID_ARGUMENT",
            "ServerModelConfig type not supported by HandleReloadConfigRequest. Only "
            "ModelConfigList is currently supported",
        ),
    ],
)
def test_a_bad_configuration_gets_code_and_text_and_changes_nothing(
    stable: Client, models: list[Any] | None, code: str, text: str
) -> None:
    request = model_management_pb2.ReloadConfigRequest()
    if models is not None:
        request.config.model_config_list.config.extend(models)
    found, details = error_of(
        lambda: stable.model.HandleReloadConfigRequest(request, timeout=PATIENCE_SECONDS)
    )
    assert (found.name, details) == (code, text)
    assert answering_version(stable, "stable") == 1


def test_a_model_that_does_not_become_available_is_named(
    mnist: Export, base: Path, tmp_path: Path
) -> None:
    publish(mnist, base, 1)
    with (
        ServerProcess(
            "--model_name=mnist", f"--model_base_path={base}", "--max_num_load_retries=0"
        ) as server,
        Client(server.port) as client,
    ):
        code, text = error_of(lambda: reload(client, config_of(base, tmp_path / "nothing")))
        assert code == grpc.StatusCode.UNKNOWN
        reason = f"Cannot list {tmp_path}/nothing: No such file or directory"
        assert text == (
            f"1 model(s) did not become available: {{{{nothing due to error: {reason}}}}}"
        )
        client.predict(image_request())


def error_of_mnist(client: Client) -> grpc.StatusCode | None:
    """The code of a call of mnist, None if it is answered."""
    try:
        client.predict(image_request())
    except grpc.RpcError as error:
        code: grpc.StatusCode = error.code()
        return code
    return None


def test_labels_are_there_from_the_first_start_and_wait_for_their_version(
    mnist: Export, base: Path, tmp_path: Path
) -> None:
    publish(mnist, base, 1)
    file = tmp_path / "models.config"
    file.write_text(
        f"""
        model_config_list {{ config {{
          name: "mnist" base_path: "{base}" model_platform: "tensorflow"
          model_version_policy {{ all {{}} }}
          version_labels {{ key: "stable" value: 1 }}
          version_labels {{ key: "canary" value: 2 }}
        }} }}""",
        encoding="utf-8",
    )
    with ServerProcess(f"--model_config_file={file}") as server, Client(server.port) as client:
        assert answering_version(client, "stable") == 1
        code, text = error_of(lambda: client.predict(labelled("canary")))
        assert code == grpc.StatusCode.NOT_FOUND
        assert text == "Servable not found for request: Specific(mnist, 2)"
        code, text = error_of(lambda: client.predict(labelled("gold")))
        assert code == grpc.StatusCode.INVALID_ARGUMENT
        assert text.startswith("Unrecognized servable version label: gold")

        # A label that moves ahead of its version stays where it is until that is there.
        reload(client, config_of(base, labels={"stable": 2}))
        assert answering_version(client, "stable") == 1
        publish(mnist, base, 2)
        wait_for("stable to move", lambda: answering_version(client, "stable") == 2)


def test_reloads_under_load_lose_no_call(mnist: Export, tmp_path: Path) -> None:
    first, second = tmp_path / "mnist", tmp_path / "other"
    publish(mnist, first, 1)
    publish(mnist, second, 1)
    answered = 0
    stop = threading.Event()
    with (
        ServerProcess("--model_name=mnist", f"--model_base_path={first}") as server,
        Client(server.port) as client,
        Client(server.port) as caller,
    ):

        def call() -> None:
            nonlocal answered
            while not stop.is_set():
                caller.predict(image_request())
                answered += 1

        thread = threading.Thread(target=call)
        thread.start()
        try:
            for round_number in range(20):
                reload(client, config_of(first, *([second] if round_number % 2 else [])))
        finally:
            # Some calls after the last one, too.
            before = answered
            wait_for("calls", lambda: answered > before + 10 or not thread.is_alive())
            alive = thread.is_alive()
            stop.set()
            thread.join()
    print(f"\n{answered} calls during 20 reloads")
    assert alive, "a call failed"


def test_where_the_system_gives_no_thread_a_change_is_refused_and_nothing_ends(
    mnist: Export, tmp_path: Path
) -> None:
    first, second = tmp_path / "mnist", tmp_path / "other"
    publish(mnist, first, 1)
    publish(mnist, second, 2)
    with (
        ServerProcess("--model_name=mnist", f"--model_base_path={first}") as server,
        Client(server.port) as client,
    ):
        client.predict(image_request())
        # No room for another stack of 8 MiB; a few that ended threads have left are used up soon.
        before = resource.prlimit(server.process.pid, resource.RLIMIT_AS)
        bound_threads(server)
        many = [tmp_path / f"model{number}" for number in range(50)]
        code, message = error_of(lambda: reload(client, config_of(first, *many)))
        assert code == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "no thread can be made" in message
        assert client.predict(image_request()).model_spec.version.value == 1
        resource.prlimit(server.process.pid, resource.RLIMIT_AS, before)
        reload(client, config_of(first, second))
        assert client.predict(image_request(model="other")).model_spec.version.value == 2
        # A stop makes threads, too; its exit code is looked at.
        bound_threads(server)


def bound_threads(server: ServerProcess) -> None:
    """Leaves a server some addresses, but none for the stack of one more thread."""
    pid = server.process.pid
    _, hard = resource.prlimit(pid, resource.RLIMIT_AS)
    tight = server.address_space_bytes() + (6 << 20)
    resource.prlimit(pid, resource.RLIMIT_AS, (tight, hard))
