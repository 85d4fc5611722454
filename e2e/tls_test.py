"""TLS of each port: who is let in, and certificates that change under load, or expire."""

import re
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest
import requests
from tensorflow_serving.apis import prediction_service_pb2_grpc

from e2e.certificates import HOST, Authority, write_config
from e2e.client import predict_request
from e2e.models import Export
from e2e.publishing import publish
from e2e.server_process import ServerProcess, run_to_end
from e2e.waiting import PATIENCE_SECONDS, wait_for

CALLS_WHILE_ROTATING = 200
TAKEN = "new connections get the certificates of"
REFUSED = "the certificates stay as they were"


class Client:
    """Calls a server on new connections.

    Attributes:
        authority: Whom it trusts.
        identity: Its own certificate and key, if it has any.
    """

    def __init__(
        self, server: ServerProcess, authority: Authority, identity: tuple[Path, Path] | None = None
    ) -> None:
        self.authority = authority
        self.identity = identity
        self._port = server.port
        self._url = f"https://{HOST}:{server.http_port()}/v1/models/m:predict"

    def channel(self) -> grpc.Channel:
        """A gRPC channel that shares its connection with no other."""
        certificate, key = (p.read_bytes() for p in self.identity) if self.identity else (None,) * 2
        credentials = grpc.ssl_channel_credentials(
            self.authority.certificate.read_bytes(), key, certificate
        )
        options = [("grpc.use_local_subchannel_pool", 1)]
        return grpc.secure_channel(f"{HOST}:{self._port}", credentials, options=options)

    def by_grpc(self) -> None:
        """Calls Predict; an RpcError if the server does not answer."""
        with self.channel() as channel:
            predict_by(channel)

    def by_rest(self) -> None:
        """Calls :predict; a ConnectionError, of which SSLError is one, if there is no answer."""
        answer = requests.post(
            self._url,
            json={"inputs": [2.0]},
            verify=str(self.authority.certificate),
            cert=(str(self.identity[0]), str(self.identity[1])) if self.identity else None,
            timeout=PATIENCE_SECONDS,
        )
        assert answer.json()["outputs"]["y"] == [3.0]

    def is_let_in(self) -> bool:
        """Whether both fronts answer; they must agree."""
        let_in = []
        for call in [self.by_grpc, self.by_rest]:
            try:
                call()
                let_in.append(True)
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.UNAVAILABLE:
                    raise
                let_in.append(False)
            except requests.exceptions.ConnectionError:
                let_in.append(False)
        assert let_in[0] == let_in[1]
        return let_in[0]


def predict_by(channel: grpc.Channel) -> None:
    """Calls Predict on a channel."""
    stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    request = predict_request("m", x=[2.0])
    answer: Any = stub.Predict(request, timeout=PATIENCE_SECONDS)
    assert list(answer.outputs["y"].float_val) == [3.0]


def serial(port: int, authority: Authority) -> int:
    """The number of the certificate that a port shows."""
    context = ssl.create_default_context(cafile=str(authority.certificate))
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection((HOST, port), PATIENCE_SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=HOST) as connection,
    ):
        certificate = connection.getpeercert()
        assert certificate
        return int(str(certificate["serialNumber"]), 16)


def wait_for_serial(port: int, authority: Authority, number: int) -> None:
    """Returns when a port shows the certificate of a number."""
    wait_for(f"certificate {number} on {port}", lambda: serial(port, authority) == number)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who signs the server's certificates, and those of clients it knows."""
    return Authority(tmp_path_factory.mktemp("tls") / "authority")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Another one."""
    return Authority(tmp_path_factory.mktemp("tls") / "stranger")


@pytest.fixture(scope="module")
def model(half_plus_two: Export, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model."""
    folder = tmp_path_factory.mktemp("models") / "m"
    publish(half_plus_two, folder, 1)
    return folder


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """What the flags of the ports name."""
    return tmp_path / "ssl.config"


def both_ports(config: Path) -> list[str]:
    """The flags that have gRPC and REST speak TLS by one file."""
    return [f"--ssl_config_file={config}", f"--rest_api_ssl_config_file={config}"]


@pytest.fixture
def serve(model: Path, config: Path) -> Iterator[Callable[[], ServerProcess]]:
    """Starts a server with what is in the config file by then."""
    with ExitStack() as servers:
        yield lambda: servers.enter_context(
            ServerProcess(
                "--model_name=m",
                f"--model_base_path={model}",
                "--rest_api_port=-1",
                *both_ports(config),
            )
        )


Serve = Callable[[], ServerProcess]


def test_both_ports_answer_those_who_trust_them(
    authority: Authority, stranger: Authority, config: Path, serve: Serve
) -> None:
    write_config(config, authority.sign("server", 11))
    server = serve()
    assert Client(server, authority).is_let_in()
    # Nobody asks for it.
    assert Client(server, authority, stranger.sign("client", 12)).is_let_in()
    assert not Client(server, stranger).is_let_in()


def test_plain_text_is_refused(authority: Authority, config: Path, serve: Serve) -> None:
    write_config(config, authority.sign("server", 21))
    server = serve()
    with grpc.insecure_channel(f"{HOST}:{server.port}") as channel:
        with pytest.raises(grpc.RpcError) as refused:
            predict_by(channel)
        assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(f"http://{HOST}:{server.http_port()}/healthz", timeout=PATIENCE_SECONDS)
    assert Client(server, authority).is_let_in()


def test_old_versions_of_tls_are_refused(authority: Authority, config: Path, serve: Serve) -> None:
    write_config(config, authority.sign("server", 31))
    server = serve()
    for port in [server.port, server.http_port()]:
        spoken = []
        for version in ["-tls1", "-tls1_1", "-tls1_2", "-tls1_3"]:
            done = subprocess.run(
                # Else this client would not speak the old ones itself.
                [
                    *["openssl", "s_client", "-connect", f"{HOST}:{port}", version],
                    *["-alpn", "h2,http/1.1", "-cipher", "DEFAULT:@SECLEVEL=0"],
                ],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=PATIENCE_SECONDS,
            )
            if done.returncode == 0:
                spoken.append(version)
        assert spoken == ["-tls1_2", "-tls1_3"], port


def test_known_clients_only(
    authority: Authority, stranger: Authority, config: Path, serve: Serve
) -> None:
    write_config(config, authority.sign("server", 41), authority.certificate)
    server = serve()
    assert Client(server, authority, authority.sign("client", 42)).is_let_in()
    assert not Client(server, authority).is_let_in()
    assert not Client(server, authority, stranger.sign("client", 43)).is_let_in()


def test_no_call_fails_while_certificates_change(
    authority: Authority, config: Path, serve: Serve
) -> None:
    identities = {number: authority.sign(f"server{number}", number) for number in [51, 52, 53]}
    write_config(config, identities[51])
    server = serve()
    ports = [server.port, server.http_port()]
    client = Client(server, authority)
    stop = threading.Event()
    calls = 0
    failed: list[Exception] = []

    def load(call: Callable[[], None]) -> None:
        nonlocal calls
        while not stop.is_set():
            try:
                call()
                calls += 1
            except (AssertionError, grpc.RpcError, requests.RequestException) as error:
                failed.append(error)

    with client.channel() as open_channel:
        kinds = [client.by_grpc, client.by_rest, lambda: predict_by(open_channel)]
        threads = [threading.Thread(target=load, args=[kind]) for kind in kinds]
        for thread in threads:
            thread.start()
        try:
            for number in [52, 53, 51]:
                write_config(config, identities[number])
                for port in ports:
                    wait_for_serial(port, authority, number)
            wait_for("enough calls", lambda: calls > CALLS_WHILE_ROTATING)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    print(f"{calls} calls while certificates changed, {len(failed)} failed")
    assert failed == []
    assert server.log().count(TAKEN) == 3


def test_a_wrong_file_changes_nothing(authority: Authority, config: Path, serve: Serve) -> None:
    first, second = authority.sign("first", 61), authority.sign("second", 62)
    write_config(config, first)
    server = serve()
    write_config(config, (second[0], first[1]))
    server.wait_for_log(f"{REFUSED}: --ssl_config_file: server_key is not the key of server_cert")
    # To verify clients is what gRPC decides once.
    write_config(config, second, authority.certificate)
    server.wait_for_log("without a restart")
    assert server.log().count(REFUSED) == 2
    for port in [server.port, server.http_port()]:
        assert serial(port, authority) == 61
    write_config(config, second)
    server.wait_for_log(TAKEN)
    for port in [server.port, server.http_port()]:
        assert serial(port, authority) == 62


def test_a_wrong_file_at_the_start_is_named_and_not_shown(
    authority: Authority, config: Path, model: Path
) -> None:
    identity = authority.sign("server", 71)
    write_config(config, identity)
    good = config.read_text(encoding="ascii")
    flags = ["--model_name=m", f"--model_base_path={model}", "--port=0"]
    for text, message in [
        (good.replace("server_key:", "server_kee:"), "Invalid protobuf file"),
        (good.replace("server_key:", "server_key"), "Invalid protobuf file"),
        (good.replace("BEGIN PRIVATE", "BEGIN PUBLIC"), "server_key is no private key in PEM"),
    ]:
        config.write_text(text, encoding="ascii")
        done = run_to_end(*flags, f"--ssl_config_file={config}")
        assert done.code == 2, done
        assert message in done.err
        secret = identity[1].read_text(encoding="ascii").splitlines()[1]
        assert secret not in done.err, "the key is in the log"


def test_the_management_port_asks_for_the_same_certificates(
    authority: Authority, stranger: Authority, config: Path, model: Path
) -> None:
    write_config(config, authority.sign("server", 81), authority.certificate)
    known, unknown = authority.sign("client", 82), stranger.sign("client", 83)
    with ServerProcess(
        "--model_name=m",
        f"--model_base_path={model}",
        "--management_port=-1",
        f"--ssl_config_file={config}",
        f"--management_ssl_config_file={config}",
    ) as server:

        def ask(identity: tuple[Path, Path] | None, method: str, path: str) -> requests.Response:
            return requests.request(
                method,
                f"https://{HOST}:{server.management_port()}{path}",
                verify=str(authority.certificate),
                cert=(str(identity[0]), str(identity[1])) if identity else None,
                timeout=PATIENCE_SECONDS,
            )

        assert "trilho_build_info" in ask(known, "GET", "/metrics").text
        listed = ask(known, "POST", "/v1/management/ListModels").json()["models"]
        assert [one["name"] for one in listed] == ["m"]
        for identity in [None, unknown]:
            for method, path in [("GET", "/metrics"), ("POST", "/v1/management/ListModels")]:
                with pytest.raises(requests.exceptions.ConnectionError):
                    ask(identity, method, path)
        with pytest.raises(requests.exceptions.ConnectionError):
            requests.get(
                f"http://{HOST}:{server.management_port()}/metrics", timeout=PATIENCE_SECONDS
            )
        # New connections get the new one here, too.
        write_config(config, authority.sign("server2", 84), authority.certificate)
        server.wait_for_log(TAKEN)
        assert ask(known, "GET", "/metrics").ok


def healthz(port: int, authority: Authority | None = None) -> str:
    """What a port answers who asks whether it lives, over HTTPS with an authority."""
    url = f"{'http' if authority is None else 'https'}://{HOST}:{port}/healthz"
    verify = None if authority is None else str(authority.certificate)
    return requests.get(url, verify=verify, timeout=PATIENCE_SECONDS).text


def test_the_flag_of_tf_serving_is_of_grpc_alone(
    authority: Authority, config: Path, model: Path, tmp_path: Path
) -> None:
    write_config(config, authority.sign("server", 91))
    tokens = tmp_path / "tokens"
    tokens.write_text("secret\n", encoding="ascii")
    flags = [
        *["--model_name=m", f"--model_base_path={model}"],
        *["--rest_api_port=-1", "--management_port=-1", f"--ssl_config_file={config}"],
    ]
    with ServerProcess(*flags) as server:
        with Client(server, authority).channel() as channel:
            predict_by(channel)
        # Scrapes and probes that worked with TF Serving go on.
        assert healthz(server.http_port()) == "ok\n"
        assert healthz(server.management_port()) == "ok\n"
        assert f"gRPC on 0.0.0.0:{server.port}: TLS of {config}, whose certificate" in server.log()
        assert f"HTTP on 0.0.0.0:{server.http_port()}: plain text\n" in server.log()
        assert f"management on 0.0.0.0:{server.management_port()}: plain text\n" in server.log()
        assert "takes tokens" not in server.log()
    with ServerProcess(*flags, f"--auth_token_file={tokens}") as server:
        for port, flag in [
            (f"HTTP on 0.0.0.0:{server.http_port()}", "--rest_api_ssl_config_file"),
            (f"management on 0.0.0.0:{server.management_port()}", "--management_ssl_config_file"),
        ]:
            assert f"{port} takes tokens in plain text" in server.log()
            assert f"{flag} gives it TLS" in server.log()
        assert server.log().count("takes tokens in plain text") == 2


def test_each_port_may_have_a_certificate_of_its_own(
    authority: Authority, model: Path, tmp_path: Path
) -> None:
    rest, management = tmp_path / "rest.config", tmp_path / "management.config"
    write_config(rest, authority.sign("rest", 101))
    write_config(management, authority.sign("management", 102))
    with ServerProcess(
        *["--model_name=m", f"--model_base_path={model}"],
        *["--rest_api_port=-1", "--management_port=-1"],
        *[f"--rest_api_ssl_config_file={rest}", f"--management_ssl_config_file={management}"],
    ) as server:
        with grpc.insecure_channel(f"{HOST}:{server.port}") as channel:
            predict_by(channel)
        ports = {server.http_port(): 101, server.management_port(): 102}
        for port, number in ports.items():
            assert serial(port, authority) == number
            assert healthz(port, authority) == "ok\n"
        write_config(management, authority.sign("management2", 103))
        wait_for_serial(server.management_port(), authority, 103)
        assert serial(server.http_port(), authority) == 101


def test_an_expired_certificate_is_told(authority: Authority, config: Path, model: Path) -> None:
    write_config(config, authority.sign("expired", 111, days=-1))
    flags = ["--model_name=m", f"--model_base_path={model}", "--rest_api_port=-1"]
    checked = run_to_end("--check_config", *flags, f"--ssl_config_file={config}")
    assert checked.code == 0
    assert f"warning: --ssl_config_file: the certificate of {config} expired on" in checked.err
    with ServerProcess(*flags, f"--ssl_config_file={config}") as server:
        assert f"TLS of {config}, whose certificate expired on " in server.log()
        server.wait_for_log(f"--ssl_config_file: the certificate of {config} expired on ")
        url = f"http://{HOST}:{server.http_port()}"
        (warning,) = requests.get(f"{url}/statusz", timeout=PATIENCE_SECONDS).json()["warnings"]
        assert warning.startswith('the certificate of the port "grpc" expired on ')

        def seconds_left() -> float:
            metrics = requests.get(f"{url}/metrics", timeout=PATIENCE_SECONDS).text
            (line,) = re.findall(
                r'^trilho_certificate_expiry_timestamp_seconds\{port="grpc"\} (\S+)$',
                metrics,
                re.MULTILINE,
            )
            return float(line) - time.time()

        assert seconds_left() < 0
        # One that holds takes its place, and is not given up for one that does not.
        write_config(config, authority.sign("good", 112))
        server.wait_for_log(TAKEN)
        assert serial(server.port, authority) == 112
        assert seconds_left() > 0
        (warning,) = requests.get(f"{url}/statusz", timeout=PATIENCE_SECONDS).json()["warnings"]
        assert '"grpc" expires on ' in warning, "a day is soon"
        write_config(config, authority.sign("expired again", 113, days=-1))
        server.wait_for_log(f"{REFUSED}: --ssl_config_file: the certificate of {config} as it is")
        assert serial(server.port, authority) == 112
