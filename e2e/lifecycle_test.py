"""A server that is told to stop finishes what it has begun, and ends."""

import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import grpc
import pytest

from e2e.client import AVAILABLE, SERVING, Client, error_of, image_request, predict_request
from e2e.load import Load
from e2e.models import Export, export_spin
from e2e.programs import SERVER, runfile
from e2e.publishing import publish
from e2e.server_process import ServerProcess, free_port
from e2e.waiting import PATIENCE_SECONDS, wait_for

# A few seconds of one thread.
MANY_STEPS = 8000
# Hours of one.
ENDLESS_STEPS = 2**30
THREADS = 4
ENOUGH_CALLS = 500
# More than gRPC hands over to the server at a time.
WAITING_STEPS = [number % 4 for number in range(600)]
# gRPC itself ends what it reads between its close of a connection and the client's hearing of it.
AT_THE_CLOSE = {grpc.StatusCode.CANCELLED, grpc.StatusCode.INTERNAL}
STOPPED = "finishing calls under way"

stop_signals = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])


def begin(server: ServerProcess, client: Client, steps: int) -> Any:
    """Begins a long call and returns when the server computes."""
    before = server.cpu_seconds()
    request = predict_request("spin", steps=steps)
    call = client.prediction.Predict.future(request, timeout=PATIENCE_SECONDS)
    wait_for("the call to run", lambda: server.cpu_seconds() > before + 0.1)
    assert not call.done()
    return call


@stop_signals
def test_under_load_each_call_is_answered_or_told_that_the_server_is_gone(
    mnist: Export, base: Path, number: signal.Signals
) -> None:
    publish(mnist, base, 1)
    with ServerProcess("--model_name=mnist", f"--model_base_path={base}") as server:
        with Load(server.port, threads=THREADS) as load:
            wait_for("calls", lambda: len(load.calls) > ENOUGH_CALLS)
            signalled = time.monotonic_ns()
            server.signal(number)
            assert server.wait() == 0
        assert server.log().rstrip().endswith("stopped")
    print(f"\n{load.codes()}")
    # The threads go on until no server is there. Each has a connection of its own and one call
    # under way: no more than one can meet the close.
    failed = load.failed()
    assert failed
    assert min(call.end for call in failed) > signalled
    others = [call for call in failed if call.code != grpc.StatusCode.UNAVAILABLE]
    assert {call.code for call in others} <= AT_THE_CLOSE
    assert len(others) <= THREADS


def is_refused(client: Client) -> bool:
    """Says whether a call of the model gets UNAVAILABLE; another error fails the test."""
    try:
        client.predict(predict_request("spin", steps=1))
    except grpc.RpcError as error:
        if error.code() == grpc.StatusCode.UNAVAILABLE:
            return True
        raise
    return False


@stop_signals
def test_a_call_under_way_is_finished_and_no_new_one_begun(
    spin: Export, tmp_path: Path, number: signal.Signals
) -> None:
    publish(spin, tmp_path / "spin", 1)
    with (
        ServerProcess(
            "--model_name=spin", f"--model_base_path={tmp_path}/spin", "--grpc_max_threads=1"
        ) as server,
        Client(server.port) as client,
    ):
        call = begin(server, client, MANY_STEPS)
        server.signal(number)
        server.wait_for_log(f"signal {number.value}: {STOPPED}, for 30 s at most")
        with Client(server.port) as latecomer:
            # The line is written just before calls are refused: a first one may still be taken.
            wait_for("a call to be refused", lambda: is_refused(latecomer))
        assert list(call.result().outputs["steps"].int_val) == [MANY_STEPS]
        assert server.wait() == 0


def test_a_call_that_waits_for_a_thread_is_under_way_too(spin: Export, tmp_path: Path) -> None:
    publish(spin, tmp_path / "spin", 1)
    with (
        ServerProcess(
            "--model_name=spin", f"--model_base_path={tmp_path}/spin", "--grpc_max_threads=1"
        ) as server,
        Client(server.port) as client,
    ):
        running = begin(server, client, MANY_STEPS)
        waiting = [
            client.prediction.Predict.future(
                predict_request("spin", steps=steps), timeout=PATIENCE_SECONDS
            )
            for steps in WAITING_STEPS
        ]
        # Behind them on the same connection: when it is answered, they have been read.
        assert client.health() == SERVING
        assert not running.done()
        server.signal(signal.SIGTERM)
        server.wait_for_log(STOPPED)
        for steps, call in zip(WAITING_STEPS, waiting, strict=True):
            assert list(call.result().outputs["steps"].int_val) == [steps]
        assert list(running.result().outputs["steps"].int_val) == [MANY_STEPS]
        assert server.wait() == 0


def test_whoever_watches_the_health_is_told_that_the_server_stops(
    spin: Export, tmp_path: Path
) -> None:
    publish(spin, tmp_path / "spin", 1)
    with (
        ServerProcess("--model_name=spin", f"--model_base_path={tmp_path}/spin") as server,
        Client(server.port) as client,
    ):
        watch: Any = client.channel.unary_stream("/grpc.health.v1.Health/Watch")
        changes = watch(b"", timeout=PATIENCE_SECONDS)
        assert next(changes) == SERVING
        call = begin(server, client, MANY_STEPS)
        server.signal(signal.SIGTERM)
        # Field 1, NOT_SERVING.
        assert next(changes) == b"\x08\x02"
        assert list(call.result().outputs["steps"].int_val) == [MANY_STEPS]


def test_when_the_grace_is_over_calls_are_cancelled(spin: Export, tmp_path: Path) -> None:
    publish(spin, tmp_path / "spin", 1)
    with (
        ServerProcess(
            "--model_name=spin",
            f"--model_base_path={tmp_path}/spin",
            "--shutdown_grace_seconds=0.2",
        ) as server,
        Client(server.port) as client,
    ):
        call = begin(server, client, MANY_STEPS)
        server.signal(signal.SIGTERM)
        code, _ = error_of(call.result)
        # One or the other, as the client hears first that its call or its connection has ended.
        assert code in {grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE}
        assert server.wait() == 0


def model_configs(*bases: Path) -> str:
    """A --model_config_file of models named as their folders."""
    models = "".join(
        f'config {{ name: "{base.name}" base_path: "{base}" model_platform: "tensorflow" }}\n'
        for base in bases
    )
    return f"model_config_list {{ {models} }}"


def test_a_call_is_finished_though_another_model_is_still_loading(
    spin: Export, tmp_path: Path
) -> None:
    publish(spin, tmp_path / "spin", 1)
    # Not complete for an hour: waited for longer than this takes, and at no cost.
    (tmp_path / "late" / "1").mkdir(parents=True)
    config = tmp_path / "models.config"
    config.write_text(model_configs(tmp_path / "spin", tmp_path / "late"), encoding="utf-8")
    port = free_port()
    with (
        ServerProcess(
            f"--port={port}",
            f"--model_config_file={config}",
            "--settle_seconds=3600",
            # Nobody has been told that it is ready.
            "--lame_duck_seconds=3600",
            wait=False,
        ) as server,
        Client(port) as client,
    ):
        server.wait_for_log("model late version 1: waiting")
        server.wait_for_log("model spin version 1: AVAILABLE")
        call = begin(server, client, MANY_STEPS)
        server.signal(signal.SIGTERM)
        assert list(call.result().outputs["steps"].int_val) == [MANY_STEPS]
        assert server.wait() == 0
        assert "serving gRPC" not in server.log()
        assert server.log().rstrip().endswith("stopped")


def test_a_config_file_is_mended_while_a_load_that_it_names_does_not_end(
    mnist: Export, base: Path, tmp_path: Path
) -> None:
    publish(export_spin(tmp_path / "export", least_steps=ENDLESS_STEPS), tmp_path / "spin", 1)
    publish(mnist, base, 1)
    config = tmp_path / "models.config"
    config.write_text(model_configs(tmp_path / "spin"), encoding="utf-8")
    with ServerProcess(
        f"--model_config_file={config}",
        "--model_config_file_poll_wait_seconds=1",
        "--shutdown_grace_seconds=0.2",
        wait=False,
    ) as server:
        server.wait_for_log("model spin version 1: LOADING")
        config.write_text(model_configs(base), encoding="utf-8")
        server.wait_until_serving()
        with Client(server.port) as client:
            assert client.predict(image_request()).model_spec.version.value == 1
            assert client.health() == SERVING


def test_a_server_that_waits_for_a_version_to_be_complete_ends_when_told_to(base: Path) -> None:
    (base / "1").mkdir(parents=True)
    (base / "1" / "manifest.json").write_text("{", encoding="utf-8")
    done = threading.Event()

    def keep_writing() -> None:
        while not done.wait(0.02):
            with (base / "1" / "manifest.json").open("a", encoding="utf-8") as file:
                file.write(" ")

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        with ServerProcess("--model_name=mnist", f"--model_base_path={base}", wait=False) as server:
            server.wait_for_log("waiting: Perhaps still being written")
            server.signal(signal.SIGTERM)
            assert server.wait() == 0
            assert "serving gRPC" not in server.log()
    finally:
        done.set()
        writer.join()


def test_a_server_that_is_loading_a_model_ends_when_told_to(tmp_path: Path) -> None:
    slow = export_spin(tmp_path / "export", least_steps=MANY_STEPS)
    publish(slow, tmp_path / "spin", 1)
    with ServerProcess(
        "--model_name=spin", f"--model_base_path={tmp_path}/spin", wait=False
    ) as server:
        server.wait_for_log("model spin version 1: LOADING")
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
        assert "serving gRPC" not in server.log()


@pytest.mark.parametrize("while_serving", [False, True])
def test_a_load_that_does_not_end_is_given_up_when_the_grace_is_over(
    spin: Export, tmp_path: Path, *, while_serving: bool
) -> None:
    endless = export_spin(tmp_path / "export", least_steps=ENDLESS_STEPS)
    publish(spin if while_serving else endless, tmp_path / "spin", 1)
    with ServerProcess(
        "--model_name=spin",
        f"--model_base_path={tmp_path}/spin",
        "--shutdown_grace_seconds=0.2",
        wait=while_serving,
    ) as server:
        if while_serving:
            publish(endless, tmp_path / "spin", 2)
        server.wait_for_log(f"model spin version {1 + while_serving}: LOADING")
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
        assert "loads that outlast the grace period were given up" in server.log()


def test_a_server_that_waits_to_try_a_load_again_ends_when_told_to(
    mnist: Export, base: Path
) -> None:
    folder = publish(mnist, base, 1)
    (folder / "manifest.json").unlink()
    (folder / "saved_model.pb").write_bytes(b"no model")
    # The next try would be in a minute.
    with ServerProcess("--model_name=mnist", f"--model_base_path={base}", wait=False) as server:
        server.wait_for_log("(try 1)")
        server.signal(signal.SIGTERM)
        assert server.wait() == 0


def test_a_log_that_nobody_reads_any_more_ends_nothing(mnist: Export, base: Path) -> None:
    publish(mnist, base, 1)
    command = [
        str(runfile(SERVER)),
        "--port=0",
        "--model_name=mnist",
        f"--model_base_path={base}",
        "--file_system_poll_wait_seconds=0.05",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr
        port = next(
            int(line.split()[-1]) for line in server.stderr if "serving gRPC on port" in line
        )
        server.stderr.close()
        with Client(port) as client:
            # What it logs of this has no reader.
            publish(mnist, base, 2)
            client.wait_until("mnist", 2, AVAILABLE)
            assert client.predict(image_request()).model_spec.version.value == 2
        server.terminate()
        assert server.wait(PATIENCE_SECONDS) == 0
