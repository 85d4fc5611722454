# The command as users run it, with a real model on images that can be told apart.
import contextlib
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

_STEPS = 600
# Fewer than by default, as there are fewer images.
_VALIDATION = "--set=validation_size=100"
_TIMEOUT = 240
_FIRST_CHECKPOINT = "checkpoints/mnist/checkpoint"


def _idx(array: np.ndarray[Any, np.dtype[Any]]) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(np.uint8).tobytes()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise, in which row 2 d is a little brighter in the picture of the digit d."""
    folder = tmp_path_factory.mktemp("data")
    random = np.random.default_rng(0)
    for prefix, size in (("train", 3000), ("t10k", 1000)):
        labels = random.integers(0, 10, size)
        images = random.integers(0, 160, (size, 28, 28))
        images[np.arange(size), 2 * labels] += 60
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(_idx(images))
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(_idx(labels))
    return folder


def _command(data: Path, folder: Path, *options: str) -> list[str]:
    return [
        *(sys.executable, "-m", "trilho", "train", "mnist", "--batch-size=32"),
        *(f"--steps={_STEPS}", _VALIDATION, "--set=validations=20"),
        *(f"--data={data}", f"--export={folder}", *options),
    ]


def _environment(data: Path, **more: str) -> dict[str, str]:
    path = ":".join([str(data), *sys.path[1:]])
    return {**os.environ, "TF_CONFIG": "", "PYTHONPATH": path, **more}


def _run(data: Path, command: list[str]) -> str:
    done = subprocess.run(
        command,
        env=_environment(data),
        capture_output=True,
        text=True,
        check=False,
        timeout=_TIMEOUT,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def _logs(folder: Path) -> Path:
    return folder / "logs" / "mnist" / "1"


def _metrics(folder: Path) -> dict[str, float]:
    metrics: dict[str, float] = json.loads((_logs(folder) / "metrics.json").read_text())
    return metrics


@contextlib.contextmanager
def _started(data: Path, command: list[str], **more: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        command,
        env=_environment(data, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _wait_for_checkpoint(folder: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + _TIMEOUT
    while not (_logs(folder) / _FIRST_CHECKPOINT).exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _workers(folder: Path) -> dict[int, int]:
    """Returns the processes of the workers that train for a folder, by their index."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            environment = (process / "environ").read_bytes().decode()
            if f"--export={folder}" not in (process / "cmdline").read_bytes().decode():
                continue
            for index in range(2):
                if f'"index": {index}}}' in environment:
                    found[index] = int(process.name)
    return found


def _all_gone(folder: Path) -> bool:
    deadline = time.monotonic() + 60
    while _workers(folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not _workers(folder)


@pytest.fixture(scope="module")
def whole(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """What two workers come to that nobody interrupts."""
    folder = tmp_path_factory.mktemp("whole")
    _run(data, _command(data, folder, "--workers=2"))
    return _metrics(folder)


def test_two_workers_come_to_what_one_comes_to(
    whole: dict[str, float], data: Path, tmp_path: Path
) -> None:
    file = tmp_path / "options.yaml"
    # Of --steps, --set and --config the first two win.
    file.write_text("steps: 1\nvalidations: 1\nvalidation_size: 100\n")
    command = _command(data, tmp_path, f"--config={file}")
    command.remove(_VALIDATION)
    _run(data, command)
    one = _metrics(tmp_path)
    options = json.loads((_logs(tmp_path) / "options.json").read_text())
    assert (options["steps"], options["validations"]) == (str(_STEPS), "20")
    assert options["validation_size"] == "100"
    assert one["test_accuracy"] > 0.97
    assert whole["test_accuracy"] == pytest.approx(one["test_accuracy"], abs=0.005)
    assert whole != one


def _to_the_terminal_s_group(process: subprocess.Popen[str], _: Path) -> None:
    os.killpg(process.pid, signal.SIGINT)


def _to_the_launcher(process: subprocess.Popen[str], _: Path) -> None:
    process.send_signal(signal.SIGINT)


def _terminate_the_launcher(process: subprocess.Popen[str], _: Path) -> None:
    process.terminate()


def _to_one_worker(_: subprocess.Popen[str], folder: Path) -> None:
    os.kill(_workers(folder)[1], signal.SIGINT)


@pytest.mark.parametrize(
    ("interrupt", "resumes"),
    [
        (_to_the_terminal_s_group, True),
        (_to_the_launcher, False),
        (_terminate_the_launcher, False),
        (_to_one_worker, True),
    ],
)
def test_interrupted_workers_leave_a_checkpoint_and_resume_to_the_same_result(
    interrupt: Callable[[subprocess.Popen[str], Path], None],
    resumes: bool,
    whole: dict[str, float],
    data: Path,
    tmp_path: Path,
) -> None:
    with _started(data, _command(data, tmp_path, "--workers=2")) as process:
        _wait_for_checkpoint(tmp_path, process)
        interrupt(process, tmp_path)
        output, _ = process.communicate(timeout=_TIMEOUT)
    assert process.returncode == 130, output
    told = output.splitlines()[-2:]
    assert told == [
        f"A checkpoint is in {_logs(tmp_path)}; --resume goes on from there",
        "Interrupted",
    ]
    assert not _workers(tmp_path)
    assert not (tmp_path / "mnist").exists()
    if not resumes:
        return
    output = _run(data, _command(data, tmp_path, "--workers=2", "--resume"))
    assert "resumed after step " in output
    assert _metrics(tmp_path) == pytest.approx(whole, abs=1e-5)


def test_workers_begin_anew_only_if_asked(data: Path, tmp_path: Path) -> None:
    checkpoint = _logs(tmp_path) / _FIRST_CHECKPOINT
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_text("theirs")
    command = _command(data, tmp_path, "--workers=2", "--steps=20", "--set=validations=1")

    with _started(data, command) as process:
        output, _ = process.communicate(timeout=_TIMEOUT)
    # Told once, before there is a worker.
    assert output == (
        f"Error: {_logs(tmp_path)} has checkpoints of an interrupted run: --resume goes on with "
        "it, --restart begins anew and removes them\n"
    )
    assert process.returncode == 1
    assert checkpoint.read_text() == "theirs"

    with _started(data, [*command, "--resume", "--restart"]) as process:
        output, _ = process.communicate(timeout=_TIMEOUT)
    assert process.returncode == 2
    assert "exclude one another" in output

    _run(data, [*command, "--restart"])
    assert _metrics(tmp_path)["test_accuracy"] > 0
    assert checkpoint.read_text() != "theirs"


def test_workers_that_diverge_stop_together_and_say_why_once(data: Path, tmp_path: Path) -> None:
    with _started(data, _command(data, tmp_path, "--workers=2", "--learning-rate=1e30")) as process:
        output, _ = process.communicate(timeout=_TIMEOUT)
    assert process.returncode == 1, output
    said = [line for line in output.splitlines() if not line.startswith("step ")]
    assert len(said) == 1
    assert re.fullmatch(r"Error: the loss .*is nan after step \d+ of 600, with a lea.*", said[0])
    assert not (tmp_path / "mnist").exists()


def test_what_all_workers_fail_for_is_said_once(data: Path, tmp_path: Path) -> None:
    with _started(
        data, _command(data, tmp_path, "--workers=2", "--set=validation_size=3000")
    ) as process:
        output, _ = process.communicate(timeout=_TIMEOUT)
    assert process.returncode == 1, output
    assert output == "Error: 3000 images are too few for 3000 to validate with and a batch of 32\n"


def test_workers_do_not_outlive_a_launcher_that_is_killed(data: Path, tmp_path: Path) -> None:
    with _started(data, _command(data, tmp_path, "--workers=2")) as process:
        _wait_for_checkpoint(tmp_path, process)
        assert set(_workers(tmp_path)) == {0, 1}
        process.kill()
        # Their standard output is this one, too, and so this waits for them.
        output, _ = process.communicate(timeout=_TIMEOUT)
    assert "--resume goes on from there" in output
    assert _all_gone(tmp_path)
    assert not (tmp_path / "mnist").exists()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("localhost", 0))
        return int(one.getsockname()[1])


@pytest.mark.parametrize("victim", [0, 1])
def test_of_workers_started_by_hand_one_that_is_killed_ends_the_other_with_a_line(
    victim: int, data: Path, tmp_path: Path
) -> None:
    addresses = [f"localhost:{_free_port()}" for _ in range(2)]
    command = _command(data, tmp_path, "--steps=100000")
    with contextlib.ExitStack() as stack:
        workers = [
            stack.enter_context(
                _started(
                    data,
                    command,
                    TF_CONFIG=json.dumps(
                        {
                            "cluster": {"worker": addresses},
                            "task": {"type": "worker", "index": index},
                        }
                    ),
                )
            )
            for index in range(2)
        ]
        _wait_for_checkpoint(tmp_path, workers[0])
        workers[victim].kill()
        killed = time.monotonic()
        output, _ = workers[1 - victim].communicate(timeout=_TIMEOUT)
        waited = time.monotonic() - killed
    assert workers[1 - victim].returncode == 1, output
    assert waited < 60
    said = [line for line in output.splitlines() if not line.startswith("step ")]
    assert said == [
        f"Error: worker {victim} of 2 does not answer any more, and so worker {1 - victim} ends, "
        "too; --resume goes on from the last checkpoint"
    ]


def test_before_the_first_step_no_checkpoint_is_spoken_of(data: Path, tmp_path: Path) -> None:
    with _started(data, _command(data, tmp_path)) as process:
        while not _logs(tmp_path).exists():
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=_TIMEOUT)
    assert process.returncode == 130, output
    assert output.splitlines()[-1] == "Interrupted"
    assert ("A checkpoint" in output) == (_logs(tmp_path) / _FIRST_CHECKPOINT).exists()
