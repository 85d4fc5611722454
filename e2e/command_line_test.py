"""Start-up mistakes end the server with a code and one line that says what to do."""

import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest

from e2e.client import Client, image_request
from e2e.models import Export
from e2e.publishing import publish
from e2e.server_process import ServerProcess, run_to_end
from e2e.waiting import PATIENCE_SECONDS

MISTAKE = 2
FAILURE = 1
# How long a connection may take to become one of HTTP/2.
DEFAULT_HANDSHAKE_SECONDS = 10


@pytest.mark.parametrize(
    ("flag", "nearest"),
    [
        ("--prot=1", "port"),
        ("--modelname=mnist", "model_name"),
        ("--file_system_poll_wait_second=1", "file_system_poll_wait_seconds"),
    ],
)
def test_an_unknown_flag_is_answered_with_the_nearest_one(flag: str, nearest: str) -> None:
    ended = run_to_end("--model_base_path=/models/mnist", flag)
    assert ended.code == MISTAKE
    name = flag.partition("=")[0]
    assert f"unknown flag {name}; did you mean --{nearest}?" in ended.err


def test_an_unknown_flag_that_resembles_none_is_answered_with_help() -> None:
    ended = run_to_end("--quux=1")
    assert ended.code == MISTAKE
    assert "unknown flag --quux; --help lists them" in ended.err


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        ([], "nothing to serve: give --model_base_path or --model_config_file"),
        (["mnist"], '"mnist" is no flag; --help lists them'),
        (["--model_base_path=/models", "--model_name="], "--model_name is empty"),
        (["--flagfile=/nowhere/flags"], "--flagfile: cannot read /nowhere/flags"),
        (
            ["--model_base_path=models/mnist"],
            "Expected model default to have an absolute path or URI; got base_path()=models/mnist",
        ),
        (
            ["--model_base_path=gs://models/mnist"],
            "model default: models are read from local folders only, not gs://models/mnist",
        ),
        (
            ["--model_config_file=/nowhere/models.config"],
            "--model_config_file: cannot read /nowhere/models.config; No such file or directory",
        ),
    ],
)
def test_a_mistake_on_the_command_line_is_named(flags: list[str], text: str) -> None:
    ended = run_to_end(*flags)
    assert ended.code == MISTAKE
    (line,) = ended.err.splitlines()
    assert line.startswith("E ")
    assert line.endswith(text)


@pytest.mark.parametrize(
    "flag",
    [
        "--ssl_config_file=/nowhere/ssl",
        "--auth_token_file=/nowhere/tokens",
        "--access_log=/nowhere/access.log",
        "--op_library=/nowhere/ops.so",
        "--model_roots=/nowhere/models",
        "--request_log_max_file_bytes=2000000000",
    ],
)
def test_a_start_that_would_fail_again_is_a_mistake(flag: str) -> None:
    ended = run_to_end("--model_base_path=/models/mnist", flag)
    assert ended.code == MISTAKE
    assert flag.partition("=")[2].removeprefix("/nowhere/") in ended.err
    assert run_to_end("--check_config", "--model_base_path=/models/mnist", flag).code == MISTAKE


def test_a_flag_value_of_the_wrong_kind_is_named() -> None:
    ended = run_to_end("--model_base_path=/models/mnist", "--port=http")
    assert ended.code == MISTAKE
    assert "Illegal value 'http' specified for flag 'port'" in ended.err


@pytest.mark.parametrize(
    ("config", "text"),
    [
        # As protobuf says it for TF Serving, which tools look for.
        (
            "model_config_list {",
            "Error parsing text-format tensorflow.serving.ModelServerConfig: 1:20: ",
        ),
        (
            'model_config_list { config { name: "mnist" base_path: "/m" model_type: OTHER } }',
            "ModelServerConfig::model_type choice 2 not supported. ",
        ),
        (
            'model_config_list { config { name: "mnist" base_path: "mnist" '
            'model_platform: "tensorflow" } }',
            "Expected model mnist to have an absolute path or URI; got base_path()=mnist",
        ),
    ],
    ids=["syntax", "platform", "path"],
)
def test_a_mistake_in_the_config_file_is_named(tmp_path: Path, config: str, text: str) -> None:
    file = tmp_path / "models.config"
    file.write_text(config, encoding="utf-8")
    ended = run_to_end(f"--model_config_file={file}")
    assert ended.code == MISTAKE
    assert text in ended.err


def test_version_and_help_are_no_mistakes() -> None:
    version = run_to_end("--version")
    assert version.code == 0
    assert version.out.startswith("Trilho ")
    assert "\nTensorFlow " in version.out
    usage = run_to_end("--help")
    assert usage.code == 0
    for flag in ("port", "model_base_path", "model_config_file", "shutdown_grace_seconds"):
        assert f"  --{flag}" in usage.out


def test_a_port_that_another_server_has_is_a_failure_and_the_other_goes_on(
    mnist: Export, base: Path
) -> None:
    publish(mnist, base, 1)
    flags = ["--model_name=mnist", f"--model_base_path={base}"]
    with ServerProcess(*flags) as server, Client(server.port) as client:
        second = run_to_end(*flags, f"--port={server.port}")
        assert second.code == FAILURE
        assert second.err.splitlines()[-1].endswith(
            f"cannot listen on port {server.port}: it is in use by another process or not permitted"
        )
        assert server.is_running()
        assert client.predict(image_request()).model_spec.version.value == 1


def test_a_port_is_free_again_when_its_server_has_ended(mnist: Export, base: Path) -> None:
    publish(mnist, base, 1)
    flags = ["--model_name=mnist", f"--model_base_path={base}"]
    with ServerProcess(*flags) as server:
        port = server.port
        with Client(port) as client:
            client.predict(image_request())
    with ServerProcess(*flags, f"--port={port}") as server, Client(port) as client:
        assert server.port == port
        assert client.predict(image_request()).model_spec.version.value == 1


def test_grpc_listens_on_the_address_it_is_given(mnist: Export, base: Path) -> None:
    publish(mnist, base, 1)
    with ServerProcess(
        "--model_name=mnist", f"--model_base_path={base}", "--bind_address=127.0.0.2"
    ) as server:
        socket.create_connection(("127.0.0.2", server.port), PATIENCE_SECONDS).close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", server.port), PATIENCE_SECONDS)


def test_grpcs_own_arguments_reach_its_port(mnist: Export, base: Path) -> None:
    publish(mnist, base, 1)
    with (
        ServerProcess(
            "--model_name=mnist",
            f"--model_base_path={base}",
            "--grpc_channel_arguments=grpc.server_handshake_timeout_ms=200",
        ) as server,
        socket.create_connection(("127.0.0.1", server.port), PATIENCE_SECONDS) as silent,
    ):
        begun = time.monotonic()
        # It may begin to speak by itself.
        with suppress(ConnectionResetError):
            while silent.recv(1024):
                pass
        assert time.monotonic() - begun < DEFAULT_HANDSHAKE_SECONDS / 2
