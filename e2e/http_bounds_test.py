"""What callers of the HTTP port may hold: before their token was looked at, and of memory."""

import gzip
import json
import resource
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from e2e.server_process import ServerProcess
from e2e.testing_models import copy_testing_models
from e2e.waiting import PATIENCE_SECONDS, wait_for

MEBIBYTE = 1 << 20
PREDICT = "/v1/models/half_plus_two:predict"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration of half_plus_two."""
    return copy_testing_models(tmp_path_factory.mktemp("models"), "half_plus_two")


def post(
    server: ServerProcess, body: bytes, headers: dict[str, str] | None = None
) -> requests.Response:
    """Asks for a prediction."""
    return requests.post(
        f"http://127.0.0.1:{server.http_port()}{PREDICT}",
        data=body,
        headers=headers,
        timeout=PATIENCE_SECONDS,
    )


@contextmanager
def unfinished(server: ServerProcess, sent: int, declared: int) -> Iterator[socket.socket]:
    """A connection that has sent some bytes of a body, without a token, and sends no more."""
    with socket.create_connection(
        ("127.0.0.1", server.http_port()), timeout=PATIENCE_SECONDS
    ) as connection:
        head = f"POST {PREDICT} HTTP/1.1\r\nHost: t\r\nContent-Length: {declared}\r\n\r\n"
        connection.sendall(head.encode() + b" " * sent)
        yield connection


def test_bodies_without_a_token_hold_nothing(models: Path, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("secret\n", encoding="utf-8")
    with (
        ServerProcess(
            *(f"--model_config_file={models}", "--rest_api_port=-1"),
            *(f"--auth_token_file={tokens}", f"--max_request_memory_bytes={MEBIBYTE}"),
        ) as server,
        unfinished(server, 100, MEBIBYTE) as one,
        unfinished(server, MEBIBYTE // 2, MEBIBYTE) as two,
    ):
        for connection in one, two:
            # Before the rest, which never comes.
            assert connection.recv(64).startswith(b"HTTP/1.1 401 ")
        body = json.dumps({"instances": [1.0] * 150_000}).encode()
        assert MEBIBYTE // 2 < len(body) < MEBIBYTE
        assert post(server, body).status_code == 401
        answer = post(server, body, {"Authorization": "Bearer secret"})
        assert answer.json()["predictions"] == [3.5] * 150_000


def test_whoever_sends_the_slowest_gives_way(models: Path) -> None:
    with (
        ServerProcess(
            *(f"--model_config_file={models}", "--rest_api_port=-1"),
            f"--max_request_memory_bytes={MEBIBYTE}",
        ) as server,
        unfinished(server, MEBIBYTE * 3 // 10, MEBIBYTE) as slowest,
        unfinished(server, MEBIBYTE * 6 // 10, MEBIBYTE),
    ):
        body = json.dumps({"instances": [1.0] * 50_000}).encode()

        # The two may not have come yet.
        def slowest_is_ended() -> bool:
            assert post(server, body).status_code == 200
            slowest.setblocking(False)
            try:
                return slowest.recv(64).startswith(b"HTTP/1.1 429 ")
            except BlockingIOError:
                return False

        wait_for("the slowest to give way", slowest_is_ended)


def test_a_gzip_body_of_any_ratio(models: Path) -> None:
    # 64 rows of 20000 numbers, of which one a row is not 0.
    numbers = [0.0] * (64 * 20_000)
    for row in range(64):
        numbers[row * 20_000 + row] = 1.0
    body = json.dumps({"instances": numbers}).encode()
    compressed = gzip.compress(body)
    assert len(body) > 100 * len(compressed)
    with ServerProcess(f"--model_config_file={models}", "--rest_api_port=-1") as server:
        answer = post(server, compressed, {"Content-Encoding": "gzip"})
        assert answer.status_code == 200, answer.text[:1000]
        assert answer.json()["predictions"] == [number / 2 + 3 for number in numbers]


def test_json_that_the_memory_has_no_room_for(models: Path) -> None:
    large = b'{"instances": [1' + b",1" * (30 * MEBIBYTE) + b"]}"
    with ServerProcess(
        *(f"--model_config_file={models}", "--rest_api_port=-1"),
        *("--rest_api_num_threads=3", "--max_request_memory_bytes=0"),
    ) as server:
        pid = server.process.pid
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[0])
        bound = pages * resource.getpagesize() + 600 * MEBIBYTE
        resource.prlimit(pid, resource.RLIMIT_AS, (bound, resource.RLIM_INFINITY))
        with ThreadPoolExecutor(3) as callers:
            answers = list(callers.map(lambda _: post(server, large), range(3)))
        assert [answer.status_code for answer in answers] == [429] * 3
        for answer in answers:
            assert answer.json() == {"error": "the server has no memory for this request"}
        assert post(server, b'{"instances": [1.0]}').json() == {"predictions": [3.5]}
