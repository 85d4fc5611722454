"""The Java client, and a signature some of whose outputs cannot be sent."""

import subprocess
from collections.abc import Iterator

import pytest

from e2e.programs import runfile
from e2e.server_process import ServerProcess
from e2e.testing_models import copy_testing_models
from e2e.waiting import PATIENCE_SECONDS

ASK_FOR_OUTPUTS = "e2e/ask_for_outputs"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Serves "pieces", which answers with dense tensors, a ragged and a sparse one."""
    config = copy_testing_models(tmp_path_factory.mktemp("models"), "pieces")
    with ServerProcess(f"--model_config_file={config}") as server:
        yield server


def ask(server: ServerProcess, *outputs: str) -> list[str]:
    """What the Java client gets of these outputs, or of all if there are none, line by line."""
    command = [str(runfile(ASK_FOR_OUTPUTS)), str(server.port), "pieces", *outputs]
    ended = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, timeout=PATIENCE_SECONDS, check=True
    )
    return ended.stdout.splitlines()


def test_dense_outputs_are_had_beside_others_by_asking_for_them(server: ServerProcess) -> None:
    assert ask(server, "dense") == ["dense: [1.0, 2.0]"]
    # Version 2 adds 2.
    assert ask(server, "more", "dense") == ["dense: [1.0, 2.0]", "more: [4.0, 6.0]"]


@pytest.mark.parametrize(
    ("outputs", "named"),
    [(["ragged"], "ragged"), (["dense", "sparse"], "sparse"), ([], "ragged")],
)
def test_asking_for_another_fails_and_names_it_and_those_that_can_be_had(
    server: ServerProcess, outputs: list[str], named: str
) -> None:
    (line,) = ask(server, *outputs)
    assert line.startswith("failed: ")
    assert "UNIMPLEMENTED" in line
    assert f'output "{named}" of signature "serving_default" cannot be sent' in line
    assert line.endswith(": dense, more")
