"""Two servers behind a client that balances: each is restarted in turn, and no call is lost."""

import os
import re
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from e2e.models import Export
from e2e.publishing import publish
from e2e.restart_callers import (
    MODEL,
    THREADS,
    Caller,
    HttpCaller,
    JavaCaller,
    PlainCaller,
    PythonCaller,
)
from e2e.server_process import ServerProcess
from e2e.waiting import PATIENCE_SECONDS, wait_for

# By hand, for more of them and a higher load: TRILHO_RESTARTS=20 TRILHO_RATE=1000.
RESTARTS = int(os.environ.get("TRILHO_RESTARTS", "2"))
# Taken by the server that is stopped before that, and by the other one after that.
CALLS = 100


@pytest.fixture
def flags(half_plus_two: Export, tmp_path: Path) -> list[str]:
    """A server of one model, with nothing set for its end."""
    publish(half_plus_two, tmp_path / MODEL, 1)
    return [f"--model_name={MODEL}", f"--model_base_path={tmp_path / MODEL}", "--rest_api_port=-1"]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("kind", [JavaCaller, PythonCaller])
def test_rolling_restarts_lose_no_call(
    kind: type[Caller], how: signal.Signals, flags: list[str]
) -> None:
    assert calls_lost(kind, how, flags) == []


def test_a_plain_client_loses_no_call_when_servers_are_killed(flags: list[str]) -> None:
    assert calls_lost(PlainCaller, signal.SIGKILL, flags) == []


def test_a_client_that_looks_at_no_health_may_lose_what_meets_the_close(flags: list[str]) -> None:
    lost = calls_lost(PlainCaller, signal.SIGTERM, flags)
    # gRPC itself ends these, in the instant at which it closes the connection.
    assert len(lost) <= RESTARTS * THREADS
    for call in lost:
        assert "StatusCode.CANCELLED" in call or "StatusCode.UNAVAILABLE" in call


def calls_lost(kind: type[Caller], how: signal.Signals, flags: list[str]) -> list[str]:
    """Restarts two servers in turn while a client calls; what its lost calls got."""
    with ExitStack() as stack:
        servers = [stack.enter_context(ServerProcess(*flags)) for _ in range(2)]
        ports = [server.port for server in servers]
        caller = stack.enter_context(kind(ports))
        for turn in range(RESTARTS):
            number = turn % 2
            wait_for_calls(servers[number], CALLS)
            stop(servers[number], how)
            caller.wait_for_more(CALLS)
            # At the same address, as after an update; then it stands in for the other one.
            again = ServerProcess(*flags, f"--port={ports[number]}")
            servers[number] = stack.enter_context(again)
            # The client has connected again by then.
            wait_for_calls(servers[number], CALLS)
        caller.end()
        print(f"\n{RESTARTS} times {how.name}, {kind.__name__}: {caller.answered} calls answered")
    return caller.failed


def wait_for_calls(server: ServerProcess, calls: int) -> None:
    """Waits until a server has taken so many calls."""
    address = f"http://127.0.0.1:{server.http_port()}/metrics"
    sample = r'^:tensorflow:serving:request_count\{.*status="OK".*\} (\d+)$'
    count = re.compile(sample, re.MULTILINE)

    def has_taken() -> bool:
        found = count.search(requests.get(address, timeout=PATIENCE_SECONDS).text)
        return found is not None and int(found[1]) >= calls

    wait_for("calls", has_taken)


def stop(server: ServerProcess, how: signal.Signals) -> None:
    """Ends a server as an update does, or as a crash does."""
    if how == signal.SIGKILL:
        server.kill()
        return
    server.signal(how)
    assert server.wait() == 0


def test_rolling_restarts_lose_no_call_over_rest(flags: list[str]) -> None:
    # A balancer has to have the time to look.
    flags = [*flags, "--lame_duck_seconds=1"]
    with ServerProcess(*flags) as first, ServerProcess(*flags) as second:
        port = first.http_port()
        with HttpCaller([port, second.http_port()]) as caller:
            caller.wait_for_more(CALLS)
            stop(first, signal.SIGTERM)
            caller.wait_for_more(CALLS)
            with ServerProcess(*flags, f"--rest_api_port={port}"):
                caller.wait_until_ready(port)
                stop(second, signal.SIGTERM)
                caller.wait_for_more(CALLS)
                caller.end()
    print(f"\n{caller.answered} calls answered")
    assert not caller.failed, caller.failed
