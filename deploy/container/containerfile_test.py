"""The Containerfile's command lines are ones that the server and its health check take."""

import json
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.testing.runfile import runfile

TIMEOUT_SECONDS = 60.0
HOME = "/usr/lib/trilho/"


def run(*words: object) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end."""
    return subprocess.run(
        list(map(str, words)),
        capture_output=True,
        check=False,
        text=True,
        timeout=TIMEOUT_SECONDS,
    )


@pytest.fixture(scope="module")
def container() -> dict[str, list[str]]:
    """The Containerfile's instructions, by name."""
    instructions: dict[str, list[str]] = {}
    text = runfile("deploy/container/Containerfile").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            instructions.setdefault(name, []).append(rest)
    return instructions


def program_and_words(line: str, loader: str) -> tuple[str, list[str]]:
    """Splits a command line at the program that the loader is to run."""
    first, *words = json.loads(line)
    assert first == f"{HOME}{loader}"
    while words[0].startswith("--"):
        words = words[1:] if words[0] == "--inhibit-cache" else words[2:]
    return words[0], words[1:]


def test_the_image_is_of_nothing_and_runs_nothing(container: dict[str, list[str]]) -> None:
    assert container["FROM"] == ["scratch"]
    assert "RUN" not in container
    assert int(container["USER"][0].split(":")[0]) > 0


def test_the_server_takes_the_images_flags(container: dict[str, list[str]]) -> None:
    server = runfile("cpp_server/trilho_server")
    program, flags = program_and_words(container["ENTRYPOINT"][0], "libexec/loader/trilho_server")
    assert program == f"{HOME}libexec/trilho_server"
    exposed = set(container["EXPOSE"][0].split())
    assert {flag.partition("=")[2] for flag in flags} == exposed
    checked = run(server, *flags, *json.loads(container["CMD"][0]), "--check_config")
    assert checked.returncode == 0, checked.stderr
    assert run(server, *flags, "--no_such", "--check_config").returncode == 2


def test_the_health_check_asks_a_port_that_the_server_listens_on(
    container: dict[str, list[str]],
) -> None:
    line = container["HEALTHCHECK"][0].partition(" CMD ")[2]
    program, words = program_and_words(line, "lib/native/ld-linux-x86-64.so.2")
    assert program == f"{HOME}libexec/healthcheck"
    assert f"--rest_api_port={words[0]}" in json.loads(container["ENTRYPOINT"][0])
    assert words[1] == "/readyz"
    # It says itself why it has waited in vain, before the engine ends it.
    timeout = re.search(r"--timeout=(\d+)s", container["HEALTHCHECK"][0])
    assert timeout
    assert int(timeout[1]) > 4


def check(*words: object) -> subprocess.CompletedProcess[str]:
    """Runs the health check."""
    return run(runfile("deploy/container/healthcheck"), *words)


def test_health_is_the_servers_readiness(tmp_path: Path) -> None:
    (tmp_path / "models.config").write_text("model_config_list {}", encoding="utf-8")
    log = tmp_path / "log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [
                runfile("cpp_server/trilho_server"),
                *["--port=0", "--rest_api_port=-1", "--lame_duck_seconds=30"],
                f"--model_config_file={tmp_path / 'models.config'}",
            ],
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not (found := re.search(r"serving HTTP on port (\d+)", log.read_text())):
            assert time.monotonic() < deadline, log.read_text()
            assert server.poll() is None, log.read_text()
            time.sleep(0.05)
        port = found[1]
        while (checked := check(port, "/readyz")).returncode:
            assert time.monotonic() < deadline, log.read_text()
        assert checked.stdout == ""
        # There is no such model.
        assert check(port, "/readyz/m").returncode == 1
        server.send_signal(signal.SIGTERM)
        while not (checked := check(port, "/readyz")).returncode:
            assert time.monotonic() < deadline, log.read_text()
        # The server's reason follows its status.
        assert checked.returncode == 1
        assert re.match(r"HTTP/1\.[01] 503 .*\n.", checked.stdout), checked.stdout
        # At once.
        server.send_signal(signal.SIGTERM)
        assert server.wait(TIMEOUT_SECONDS) == 0
        assert check(port).returncode == 1
        assert check(port).stdout == f"127.0.0.1:{port}: connect: Connection refused\n"
    finally:
        server.kill()
        server.wait()


@contextmanager
def answering(*pieces: bytes, closes: bool = True) -> Iterator[int]:
    """Listens on a port, and answers the one caller with `pieces`, whatever it asks."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        done = threading.Event()

        def answer() -> None:
            caller, _ = listener.accept()
            with caller:
                caller.recv(4096)
                for piece in pieces:
                    caller.sendall(piece)
                    time.sleep(0.01)
                if not closes:
                    done.wait(TIMEOUT_SECONDS)

        thread = threading.Thread(target=answer)
        thread.start()
        yield listener.getsockname()[1]
        done.set()
        thread.join()


def test_an_answer_counts_however_it_comes() -> None:
    with answering(b"HTT", b"P/1.0 2", b"00 OK\r\n\r\n") as port:
        assert check(port).returncode == 0
    with answering(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000) as port:
        assert check(port).returncode == 0
    with answering(b"HTTP/1.1 500 200 \r\n\r\n") as port:
        assert check(port).returncode == 1


def test_what_is_no_answer_is_told_apart() -> None:
    with answering(b"\x15\x03\x01\x00\x02\x02\x28") as port:
        assert "without TLS?" in check(port).stdout
    with answering() as port:
        assert "not HTTP" in check(port).stdout
    with answering(closes=False) as port:
        silent = check(port)
    assert silent.returncode == 1
    assert silent.stdout == f"127.0.0.1:{port}: receive: Connection timed out\n"


@pytest.mark.parametrize(
    "words",
    [
        ["0"],
        ["65536"],
        ["x"],
        [""],
        ["8501", "readyz"],
        ["8501", "/a b"],
        ["8501", "/", "/"],
        ["-1"],
    ],
)
def test_a_wrong_command_line_is_told(words: list[str]) -> None:
    done = check(*words)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: ")
