"""A new version takes over while clients call: nobody notices but by better answers."""

from functools import partial
from pathlib import Path

import grpc
from tensorflow_serving.apis import model_management_pb2

from e2e.client import END, Client
from e2e.load import Call, Load, stale_calls
from e2e.models import Export
from e2e.publishing import publish, remove
from e2e.server_process import ServerProcess
from e2e.waiting import PATIENCE_SECONDS, wait_for

SWAPS = 20
CALLS_PER_SWAP = 1000
CALLS_PER_MOVE = 200
POLLING = "--file_system_poll_wait_seconds=0.05"


def answers(load: Load, version: int) -> bool:
    return load.newest() == version


def calls(load: Load, number: int) -> bool:
    return len(load.calls) >= number


def test_no_call_fails_or_is_answered_by_an_old_version_while_versions_are_swapped(
    mnist: Export, base: Path
) -> None:
    publish(mnist, base, 1)
    with (
        ServerProcess("--model_name=mnist", f"--model_base_path={base}", POLLING) as server,
        Client(server.port) as client,
        Load(server.port) as load,
    ):
        for version in range(2, SWAPS + 2):
            already = len(load.calls)
            publish(mnist, base, version)
            wait_for(f"an answer of version {version}", partial(answers, load, version))
            client.wait_until("mnist", version - 1, END)
            remove(base / str(version - 1))
            wait_for("calls", partial(calls, load, already + CALLS_PER_SWAP))
        load.stop()

    failed, stale = load.failed(), stale_calls(load.calls)
    answering = {call.version for call in load.calls}
    print(
        f"\nswaps {len(answering) - 1}, calls {len(load.calls)}, "
        f"failed {len(failed)}, stale {len(stale)}"
    )
    assert failed == []
    assert stale == []
    assert answering == set(range(1, SWAPS + 2))
    assert len(load.calls) >= SWAPS * CALLS_PER_SWAP


def move_label(client: Client, base: Path, version: int) -> None:
    """Has "stable" stand for a version of mnist, which need not be there yet."""
    request = model_management_pb2.ReloadConfigRequest()
    config = request.config.model_config_list.config.add(
        name="mnist", base_path=str(base), model_platform="tensorflow"
    )
    config.version_labels["stable"] = version
    answer = client.model.HandleReloadConfigRequest(request, timeout=PATIENCE_SECONDS)
    assert answer.status.error_code == 0, answer


def test_no_call_by_label_fails_while_the_label_moves_to_versions_that_take_over(
    mnist: Export, base: Path
) -> None:
    publish(mnist, base, 1)
    with (
        ServerProcess("--model_name=mnist", f"--model_base_path={base}", POLLING) as server,
        Client(server.port) as client,
    ):
        move_label(client, base, 1)
        with Load(server.port, label="stable") as load:
            for version in range(2, SWAPS + 2):
                already = len(load.calls)
                # It answers with the version before until then, and that goes at once.
                move_label(client, base, version)
                publish(mnist, base, version)
                wait_for(f"an answer of version {version}", partial(answers, load, version))
                client.wait_until("mnist", version - 1, END)
                remove(base / str(version - 1))
                wait_for("calls", partial(calls, load, already + CALLS_PER_MOVE))
            load.stop()

    print(f"\nmoves {load.newest() - 1}, calls {len(load.calls)}, {load.codes()}")
    assert load.failed() == []
    assert stale_calls(load.calls) == []
    assert {call.version for call in load.calls} == set(range(1, SWAPS + 2))


def test_a_stale_answer_would_be_found() -> None:
    def call(start: int, end: int, version: int) -> Call:
        return Call(start, end, grpc.StatusCode.OK, version)

    # The second call began before anybody had heard of version 2, the third one later.
    history = [call(0, 10, 2), call(9, 20, 1), call(11, 20, 1), call(12, 30, 2)]
    assert stale_calls(history) == [history[2]]
