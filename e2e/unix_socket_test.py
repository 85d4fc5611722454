"""--grpc_socket_path: the same service, without the network."""

import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from tensorflow_serving.apis import prediction_service_pb2_grpc

from e2e.certificates import Authority, write_config
from e2e.client import Client, error_of, image_request
from e2e.models import Export
from e2e.publishing import publish
from e2e.server_process import ServerProcess, run_to_end
from e2e.waiting import PATIENCE_SECONDS


@pytest.fixture
def path() -> Iterator[Path]:
    """Of a socket, which may have some hundred characters; a test's folder has more."""
    with tempfile.TemporaryDirectory(prefix="trilho-") as folder:
        yield Path(folder) / "grpc.socket"


def version_answering(channel: grpc.Channel) -> int:
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    answer = stub.Predict(image_request(), timeout=PATIENCE_SECONDS)
    return int(answer.model_spec.version.value)


def test_predict_is_answered_there_and_at_the_port(mnist: Export, base: Path, path: Path) -> None:
    publish(mnist, base, 1)
    with ServerProcess(
        "--model_name=mnist", f"--model_base_path={base}", f"--grpc_socket_path={path}"
    ) as server:
        assert stat.S_ISSOCK(path.stat().st_mode)
        with grpc.insecure_channel(f"unix:{path}") as channel:
            assert version_answering(channel) == 1
        with Client(server.port) as client:
            assert version_answering(client.channel) == 1


def test_a_socket_in_use_is_refused_and_one_that_a_crash_left_is_taken(
    mnist: Export, base: Path, path: Path
) -> None:
    publish(mnist, base, 1)
    flags = ["--model_name=mnist", f"--model_base_path={base}", f"--grpc_socket_path={path}"]
    with ServerProcess(*flags) as server:
        second = run_to_end(*flags, "--port=0")
        assert second.code == 1
        assert f"cannot listen on socket {path}: " in second.err.splitlines()[-1]
        with grpc.insecure_channel(f"unix:{path}") as channel:
            assert version_answering(channel) == 1
        server.kill()
    assert path.exists()
    with ServerProcess(*flags), grpc.insecure_channel(f"unix:{path}") as channel:
        assert version_answering(channel) == 1


def test_with_certificates_plain_text_is_refused_there_too(
    mnist: Export, base: Path, path: Path, tmp_path: Path
) -> None:
    publish(mnist, base, 1)
    authority = Authority(tmp_path / "authority")
    config = tmp_path / "ssl.config"
    write_config(config, authority.sign("server", 1))
    with ServerProcess(
        "--model_name=mnist",
        f"--model_base_path={base}",
        f"--grpc_socket_path={path}",
        f"--ssl_config_file={config}",
    ):
        with grpc.insecure_channel(f"unix:{path}") as channel:
            code, _ = error_of(lambda: version_answering(channel))
            assert code == grpc.StatusCode.UNAVAILABLE
        credentials = grpc.ssl_channel_credentials(authority.certificate.read_bytes())
        # A path is no name that a certificate could have.
        named = [("grpc.ssl_target_name_override", "localhost")]
        with grpc.secure_channel(f"unix:{path}", credentials, options=named) as channel:
            assert version_answering(channel) == 1
