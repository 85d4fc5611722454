"""How a server is configured: checked before a start, changed while it runs, kept for the next."""

import json
import re
import time
from pathlib import Path
from typing import Any

import grpc
import pytest
import requests
from tensorflow_serving.apis import model_management_pb2

from e2e.client import AVAILABLE, END, Client, error_of, image_request
from e2e.models import Export
from e2e.publishing import publish
from e2e.server_process import ServerProcess, run_to_end
from e2e.waiting import PATIENCE_SECONDS, wait_for

# The size of the pool that all sessions load with: cpp_server/tensorflow/saved_model.cc.
LOAD_THREADS = 4


def manage(server: ServerProcess, method: str, **fields: Any) -> requests.Response:
    """Calls a method of ModelManagementService over HTTP."""
    url = f"http://127.0.0.1:{server.management_port()}/v1/management/{method}"
    return requests.post(url, json=fields, timeout=PATIENCE_SECONDS)


def model_config(name: str, base: Path) -> str:
    return f'name: "{name}" base_path: "{base}" model_platform: "tensorflow"'


def test_the_check_says_all_that_is_wrong(tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.write_text("model_config_list { config { name: 'a' base_path: 'relative' } }")
    ended = run_to_end(
        "--check_config",
        f"--model_config_file={models}",
        "--ssl_config_file=/nowhere/ssl",
        "--use_tflite_model",
    )
    assert ended.code == 2
    head, *problems = ended.err.splitlines()
    assert head == "3 problems:"
    assert all(problem.startswith("- ") for problem in problems)
    assert "cannot read /nowhere/ssl" in ended.err
    assert "Expected model a to have an absolute path" in ended.err
    assert "--use_tflite_model=true is not available here" in ended.err


def test_the_check_looks_at_what_only_the_start_used_to(tmp_path: Path) -> None:
    models = tmp_path / "models"
    logged = "log_collector_config { filename_prefix: '/nowhere/log' }"
    models.write_text(
        "model_config_list {"
        f" config {{ {model_config('a', tmp_path)}"
        f" logging_config {{ {logged} sampling_config {{ sampling_rate: 2 }} }} }}"
        f" config {{ {model_config('b', tmp_path)} logging_config {{ {logged} }} }}"
        "}"
    )
    flags = [f"--model_config_file={models}", "--grpc_socket_path=/nowhere/socket"]
    ended = run_to_end("--check_config", *flags)
    assert ended.code == 2
    for problem in (
        "model a: logging_config.sampling_config.sampling_rate is 2, but must be from 0 to 1",
        "model b: logging_config.log_collector_config.filename_prefix is",
        "--grpc_socket_path: there is no folder /nowhere",
    ):
        assert f"\n- {problem}" in ended.err


def test_a_configuration_that_says_nothing_of_models_changes_nothing(
    mnist: Export, tmp_path: Path
) -> None:
    publish(mnist, tmp_path / "m", 1)
    config = tmp_path / "models.config"
    listed = f"model_config_list {{ config {{ {model_config('m', tmp_path / 'm')} }} }}"
    config.write_text(listed)
    flags = [f"--model_config_file={config}", "--model_config_file_poll_wait_seconds=1"]
    with (
        ServerProcess(*flags, "--management_port=-1") as server,
        Client(server.port) as client,
    ):
        refused = manage(server, "SetConfiguration", model_server_config="# later")
        assert refused.status_code == 400
        assert "there is no model_config_list" in refused.text
        config.write_text("# emptied\n")
        wait_for("the error", lambda: "stays as it was" in server.log())
        assert f"{config}: there is no model_config_list" in server.log()
        client.predict(image_request(model="m"))
        assert manage(server, "SetConfiguration", model_server_config="model_config_list {}").ok
        assert manage(server, "ListModels").json().get("models", []) == []


def write_listed(file: Path, *models: str) -> None:
    """Writes a configuration under its name in one step."""
    new = file.with_suffix(".new")
    listed = " ".join(f"config {{ {model} }}" for model in models)
    new.write_text(f"model_config_list {{ {listed} }}")
    new.replace(file)


def test_what_changes_in_the_config_file_is_taken_over(mnist: Export, tmp_path: Path) -> None:
    for name in ("a", "b"):
        publish(mnist, tmp_path / name, 1)
    a, b = (model_config(name, tmp_path / name) for name in ("a", "b"))
    stable = image_request(model="b")
    stable.model_spec.version_label = "stable"
    config = tmp_path / "models.config"
    write_listed(config, a)
    flags = [f"--model_config_file={config}", "--model_config_file_poll_wait_seconds=1"]
    with (
        ServerProcess(*flags, "--management_port=-1") as server,
        Client(server.port) as client,
    ):

        def wait_for_generation(number: str) -> None:
            def generation() -> bool:
                return bool(manage(server, "GetConfiguration").json()["generation"] == number)

            wait_for(f"generation {number}", generation)

        wait_for_generation("1")
        client.predict(image_request(model="a"))
        code, _ = error_of(lambda: client.predict(image_request(model="b")))
        assert code == grpc.StatusCode.NOT_FOUND

        write_listed(config, a, b + ' version_labels { key: "stable" value: 1 }')
        wait_for_generation("2")
        client.wait_until("b", 1, AVAILABLE)
        assert client.predict(stable).model_spec.version.value == 1
        client.predict(image_request(model="a"))

        write_listed(config, b)
        wait_for_generation("3")
        client.wait_until("a", 1, END)
        assert error_of(lambda: client.predict(image_request(model="a"))) == (
            grpc.StatusCode.NOT_FOUND,
            "Servable not found for request: Latest(a)",
        )
        client.predict(image_request(model="b"))
        code, text = error_of(lambda: client.predict(stable))
        assert code == grpc.StatusCode.INVALID_ARGUMENT
        assert text == "Unrecognized servable version label: stable"
        wait_for("the log", lambda: server.log().count("has changed and was taken over") == 2)


def test_the_check_of_what_is_right_ends_with_success(tmp_path: Path) -> None:
    ended = run_to_end("--check_config", f"--model_base_path={tmp_path}")
    assert ended.code == 0
    assert ended.out == "the flags and every file that they name are well-formed\n"


def test_help_is_grouped_by_subject() -> None:
    ended = run_to_end("--help")
    assert ended.code == 0
    for group in ("gRPC:", "REST:", "Models:", "Batching:", "Security:", "Not available here:"):
        assert f"\n{group}\n" in ended.out
    assert "--enable_batching=false" in ended.out


def test_a_changed_configuration_survives_a_restart(mnist: Export, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        publish(mnist, tmp_path / name, 1)
    config = tmp_path / "models.config"
    config.write_text(f"model_config_list {{ config {{ {model_config('a', tmp_path / 'a')} }} }}")
    flags = [
        f"--model_config_file={config}",
        f"--config_state_file={tmp_path}/state",
        "--management_port=-1",
    ]
    with ServerProcess(*flags) as server:
        added = manage(server, "AddModel", model_config=model_config("b", tmp_path / "b"))
        assert added.status_code == 200, added.text
        assert added.json()["generation"] == "2"
        assert manage(server, "RemoveModel", name="a").ok
    with ServerProcess(*flags) as server, Client(server.port) as client:
        client.predict(image_request(model="b"))
        assert error_of(lambda: client.predict(image_request(model="a")))[0] == (
            grpc.StatusCode.NOT_FOUND
        )
        listed = manage(server, "ListModels").json()
        assert [model["name"] for model in listed["models"]] == ["b"]
        assert listed["generation"] == "3"
    # Whoever edits the file means it.
    config.write_text(f"model_config_list {{ config {{ {model_config('c', tmp_path / 'c')} }} }}")
    with ServerProcess(*flags) as server, Client(server.port) as client:
        client.predict(image_request(model="c"))
        assert "generation 3 in it is given up" in server.log()
        assert manage(server, "GetConfiguration").json()["generation"] == "4"


def test_with_a_management_port_the_others_serve_inference_only(mnist: Export, base: Path) -> None:
    publish(mnist, base, 1)
    with (
        ServerProcess(
            "--model_name=mnist",
            f"--model_base_path={base}",
            "--rest_api_port=-1",
            "--rest_api_enable_cors_support",
            "--management_port=-1",
        ) as server,
        Client(server.port) as client,
    ):
        serving = f"http://127.0.0.1:{server.http_port()}"
        managing = f"http://127.0.0.1:{server.management_port()}"

        def status(url: str) -> int:
            return requests.get(url, timeout=PATIENCE_SECONDS).status_code

        for path in ("/healthz", "/readyz", "/readyz/mnist"):
            assert status(serving + path) == 200
            assert status(managing + path) == 200
        for path in ("/metrics", "/v1/models"):
            # The REST API misses the model in the latter.
            assert status(serving + path) in (404, 400)
            assert status(managing + path) == 200
        predict = "/v1/models/mnist:predict"
        row = {"instances": [[0.5] * 784]}
        assert requests.post(serving + predict, json=row, timeout=PATIENCE_SECONDS).ok
        assert (
            requests.post(managing + predict, json=row, timeout=PATIENCE_SECONDS).status_code == 405
        )
        assert requests.post(serving + "/v1/management/ListModels", timeout=10).status_code == 400

        reload_ = model_management_pb2.ReloadConfigRequest()
        reload_.config.model_config_list.SetInParent()
        code, text = error_of(
            lambda: client.model.HandleReloadConfigRequest(reload_, timeout=PATIENCE_SECONDS)
        )
        assert code == grpc.StatusCode.PERMISSION_DENIED
        assert "--management_port" in text
        code, _ = error_of(
            lambda: client.call_bytes("/trilho.management.ModelManagementService/ListModels", b"")
        )
        assert code == grpc.StatusCode.UNIMPLEMENTED
        config = manage(server, "GetConfiguration").json()
        again = manage(server, "SetConfiguration", **config)
        assert again.json()["generation"] == "2"
        stale = manage(server, "SetConfiguration", **config)
        assert stale.status_code == 409
        assert "is of generation 2, not 1" in stale.json()["error"]
        for method, body, problem in (
            ("AddModel", "{", "the body is not a trilho.management.AddModelRequest as JSON"),
            ("AddModel", '{"modelconfig": ""}', "modelconfig"),
            ("AddModel", '{"model_config": "x"}', "line 1, column 2"),
        ):
            bad = requests.post(
                f"{managing}/v1/management/{method}",
                data=body,
                headers={"Content-Type": "application/json"},
                timeout=10,
            )
            assert bad.status_code == 400, bad.text
            assert problem in bad.json()["error"]
        # As a page of another site can have a browser send it.
        form = {"Content-Type": "text/plain"}
        for headers, refused in (form | {"Origin": "https://elsewhere.example"}, 403), (form, 415):
            foreign = requests.post(
                f"{managing}/v1/management/RemoveModel",
                data='{"name": "mnist"}',
                headers=headers,
                timeout=10,
            )
            assert foreign.status_code == refused
            assert not [name for name in foreign.headers if name.startswith("Access-Control")]
        unknown = manage(server, "Reboot")
        assert unknown.status_code == 404
        assert "the methods are ListModels, GetConfiguration" in unknown.json()["error"]


def test_a_failed_version_is_tried_again_when_somebody_says_so(
    mnist: Export, tmp_path: Path
) -> None:
    publish(mnist, tmp_path / "m", 1)
    graph = tmp_path / "m" / "1" / "saved_model.pb"
    whole = graph.read_bytes()
    (tmp_path / "m" / "1" / "manifest.json").unlink(missing_ok=True)
    graph.write_bytes(b"this is no SavedModel")
    flags = ["--model_name=m", f"--model_base_path={tmp_path / 'm'}", "--management_port=-1"]
    # An hour between two tries.
    patient = ["--load_retry_interval_micros=3600000000", "--version_completeness=none"]
    with ServerProcess(*flags, *patient) as server, Client(server.port) as client:
        again = manage(server, "RetryModel", name="m")
        assert again.status_code == 500
        assert "1 version did not become available: {{m version 1 due to" in again.json()["error"]
        graph.write_bytes(whole)
        mended = manage(server, "RetryModel", name="m", versions=["1"])
        assert mended.status_code == 200, mended.text
        assert mended.json()["model"]["versions"][0]["state"] == "AVAILABLE"
        client.predict(image_request(model="m"))
        none = manage(server, "RetryModel", name="m")
        assert none.status_code == 400
        assert "no version of model m has failed; there are: 1 (AVAILABLE)" in none.json()["error"]
        assert manage(server, "RetryModel", name="n").status_code == 404


def test_a_label_of_a_version_that_nobody_serves_is_named(mnist: Export, tmp_path: Path) -> None:
    publish(mnist, tmp_path / "m", 1)
    config = tmp_path / "models.config"
    # Without model_platform, as it is "tensorflow".
    config.write_text(
        f'model_config_list {{ config {{ name: "m" base_path: "{tmp_path / "m"}" '
        'version_labels { key: "canary" value: 7 } } }'
    )
    warning = 'label "canary" stands for version 7, which is not available'
    with ServerProcess(f"--model_config_file={config}", "--rest_api_port=-1") as server:
        assert f"model m: {warning}" in server.log()
        assert re.search(rf"^m +- +- +{warning}", server.log(), re.MULTILINE)
        ready = requests.get(
            f"http://127.0.0.1:{server.http_port()}/readyz", timeout=PATIENCE_SECONDS
        )
        assert ready.status_code == 200
        assert ready.json()["models"][0]["warnings"][0].startswith(warning)


def test_callers_add_models_below_the_roots_only(mnist: Export, tmp_path: Path) -> None:
    for folder in ("given/a", "roots/b", "outside/c"):
        publish(mnist, tmp_path / folder, 1)
    (tmp_path / "roots" / "link").symlink_to(tmp_path / "outside")
    with (
        ServerProcess(
            "--model_name=a",
            f"--model_base_path={tmp_path}/given/a",
            f"--model_roots={tmp_path}/roots",
            "--management_port=-1",
        ) as server,
        Client(server.port) as client,
    ):
        for path in ("outside/c", "roots/../outside/c", "roots/link/c"):
            refused = manage(server, "AddModel", model_config=model_config("c", tmp_path / path))
            assert refused.status_code == 403, refused.text
            assert f"which is not below --model_roots={tmp_path}/roots" in refused.json()["error"]
        assert manage(server, "AddModel", model_config=model_config("b", tmp_path / "roots/b")).ok
        for model in ("a", "b"):
            client.predict(image_request(model=model))


def test_a_base_path_that_becomes_a_link_does_not_lead_out_of_the_roots(
    mnist: Export, tmp_path: Path
) -> None:
    for folder in ("given/a", "roots/b", "roots/c", "outside/b"):
        publish(mnist, tmp_path / folder, 1)
    flags = [
        "--model_name=a",
        f"--model_base_path={tmp_path}/given/a",
        f"--model_roots={tmp_path}/roots",
        f"--config_state_file={tmp_path}/state",
        "--file_system_poll_wait_seconds=0.05",
        "--management_port=-1",
    ]

    def swap_for_link(target: Path) -> None:
        base = tmp_path / "roots" / "b"
        base.rename(tmp_path / f"away-{time.monotonic_ns()}")
        base.symlink_to(target)

    refusal = f"base_path is {tmp_path}/roots/b, which is not below --model_roots={tmp_path}/roots"
    with ServerProcess(*flags) as server, Client(server.port) as client:
        assert manage(server, "AddModel", model_config=model_config("b", tmp_path / "roots/b")).ok
        publish(mnist, tmp_path / "outside/b", 2)
        swap_for_link(tmp_path / "outside" / "b")
        server.wait_for_log(f"{refusal}: it leads to {tmp_path}/outside/b")
        # What was loaded stays.
        assert client.predict(image_request(model="b")).model_spec.version.value == 1
        # A link to another folder below the roots is none.
        publish(mnist, tmp_path / "roots/c", 3)
        swap_for_link(tmp_path / "roots" / "c")
        client.wait_until("b", 3, AVAILABLE)
        swap_for_link(tmp_path / "outside" / "b")
    # After a restart too, for it is still no model that flags name.
    with ServerProcess(*flags) as server, Client(server.port) as client:
        server.wait_for_log(refusal)
        assert client.predict(image_request(model="a")).model_spec.version.value == 1


def test_whoever_may_point_the_server_anywhere_is_warned_of(mnist: Export, base: Path) -> None:
    publish(mnist, base, 1)
    warning = "whoever reaches the gRPC port may have any folder served"
    flags = ["--model_name=mnist", f"--model_base_path={base}"]
    with ServerProcess(*flags) as server:
        assert warning in server.log()
    for limit in ("--bind_address=127.0.0.1", f"--model_roots={base}", "--management_port=-1"):
        with ServerProcess(*flags, limit) as server:
            assert warning not in server.log()


@pytest.mark.parametrize(
    ("completeness", "mark"), [("success_file", "_SUCCESS"), ("manifest", "manifest.json")]
)
def test_a_version_waits_for_its_mark(
    mnist: Export, base: Path, completeness: str, mark: str
) -> None:
    publish(mnist, base, 1)
    marked = (base / "1" / "manifest.json").read_bytes()
    (base / "1" / "manifest.json").unlink()
    (base / "0").mkdir()
    with (
        ServerProcess(
            "--model_name=mnist",
            f"--model_base_path={base}",
            f"--version_completeness={completeness}",
            "--file_system_poll_wait_seconds=0.05",
            "--settle_seconds=0.1",
        ) as server,
        Client(server.port) as client,
    ):
        status = client.wait_for_status("mnist", 1, lambda s: s.state == END and mark in str(s))
        assert f"--version_completeness={completeness} asks for" in status.status.error_message
        (base / "1" / mark).write_bytes(marked if mark == "manifest.json" else b"")
        client.wait_until("mnist", 1, AVAILABLE)


def test_sessions_are_made_with_a_file_of_tensorflows_own(mnist: Export, base: Path) -> None:
    publish(mnist, base, 1)
    file = base.parent / "session"
    file.write_text("inter_op_parallelism_threads: 7")

    def threads_of_first_pool(*flags: str) -> int:
        """Counts the threads of the session's first pool, which are named by its number."""
        with (
            ServerProcess("--model_name=mnist", f"--model_base_path={base}", *flags) as server,
            Client(server.port) as client,
        ):
            client.predict(image_request())
            tasks = Path(f"/proc/{server.process.pid}/task").glob("*/comm")
            return [task.read_text().strip() for task in tasks].count("tf_Compute0")

    # Without a file requests run on their callers' threads, and the first pool is that of loads.
    assert threads_of_first_pool() == LOAD_THREADS
    assert threads_of_first_pool(f"--tensorflow_session_config_file={file}") == 7


def test_metrics_are_where_the_monitoring_file_says_too(mnist: Export, base: Path) -> None:
    publish(mnist, base, 1)
    file = base.parent / "monitoring"
    file.write_text('prometheus_config { enable: true, path: "/monitoring/prometheus/metrics" }')
    with ServerProcess(
        f"--model_base_path={base}", "--rest_api_port=-1", f"--monitoring_config_file={file}"
    ) as server:
        for path in ("/metrics", "/monitoring/prometheus/metrics"):
            url = f"http://127.0.0.1:{server.http_port()}{path}"
            assert "trilho_requests_in_flight 0" in requests.get(url, timeout=10).text


def test_the_state_file_of_another_is_not_taken(mnist: Export, base: Path) -> None:
    publish(mnist, base, 1)
    state = base.parent / "state"
    state.write_text(json.dumps({}))
    ended = run_to_end(f"--model_base_path={base}", f"--config_state_file={state}")
    assert ended.code == 2
    assert "was not written by a server" in ended.err
    assert state.read_text() == "{}"
    wait_for("nothing beside it", lambda: not Path(f"{state}.new").exists())
