"""Several workers: local processes that train one model together."""

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from trilho.errors import TrilhoError

__all__ = [
    "INTERRUPTED",
    "RESUME",
    "STOPPED",
    "StoppedError",
    "Task",
    "WorkerError",
    "current_task",
    "is_launched",
    "launch",
    "tell_launcher",
]

# Where TensorFlow looks for it, too: tf.distribute.cluster_resolver.TFConfigClusterResolver.
_VARIABLE = "TF_CONFIG"
# The folder to which workers that `launch` has started write why they fail, each its own file.
_REASONS = "TRILHO_WORKER_REASONS"
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
_POLL = 0.1
RESUME = "--resume goes on from the last checkpoint"
# With what a worker ends that was interrupted and left a checkpoint.
INTERRUPTED = 130
# With what all workers end that stop after the same step for the same reason, which worker 0 tells.
STOPPED = 75
# After the first one of them has ended, nothing keeps the others.
_GRACE = 10.0
# A worker's end is what ends the others, so what else ended is looked at a little later.
_SETTLE = 0.5


class WorkerError(TrilhoError):
    """The workers do not go together, or one of them ended."""


class StoppedError(WorkerError):
    """All workers have stopped together, and worker 0 has said why."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """A worker among others.

    Attributes:
        index: Its number, from 0; worker 0 keeps checkpoints, measures and exports.
        count: How many there are.
    """

    index: int = 0
    count: int = 1

    @property
    def is_chief(self) -> bool:
        """Whether it is worker 0."""
        return self.index == 0


def current_task() -> Task:
    """Returns which worker this process is: what TF_CONFIG says, or the only one.

    Raises:
        WorkerError: TF_CONFIG is not what TensorFlow expects.
    """
    text = os.environ.get(_VARIABLE, "")
    if not text:
        return Task()
    try:
        config = json.loads(text)
        workers, task = config["cluster"]["worker"], config["task"]
        kind, index = task["type"], int(task["index"])
    except (ValueError, KeyError, TypeError) as error:
        raise WorkerError(f"{_VARIABLE} cannot be read: {error!r}; {_expected()}") from error
    if kind != "worker" or len(config["cluster"]) > 1 or not 0 <= index < len(workers):
        raise WorkerError(f"{_VARIABLE} is {text}; {_expected()}")
    return Task(index=index, count=len(workers))


def launch(
    command: Sequence[str], *, workers: int, resumable: Callable[[], bool] = lambda: True
) -> None:
    """Runs a command as several workers of this machine, and waits for all of them.

    When one of them fails, the others are killed. On Ctrl-C all of them are interrupted, and
    waited for; on the second one they are killed.

    Args:
        command: What each of them runs; TF_CONFIG tells it which one it is.
        workers: How many.
        resumable: Tells whether there is a checkpoint that --resume would go on from.

    Raises:
        StoppedError: They ended with STOPPED.
        WorkerError: One failed; says what it has told, once for all of them, or else which it was,
            and how it ended.
        KeyboardInterrupt: After Ctrl-C, here or at one of them.
    """
    with (
        tempfile.TemporaryDirectory(prefix="trilho-") as reasons,
        _running(command, workers, reasons) as processes,
    ):
        try:
            failed = _wait(processes)
        except KeyboardInterrupt:
            for process in processes:
                process.send_signal(signal.SIGINT)
            _let_end(processes)
            raise
        if failed is None:
            return
        if processes[failed].returncode == INTERRUPTED:
            # It has told the others.
            _let_end(processes)
            raise KeyboardInterrupt
        if processes[failed].returncode == STOPPED:
            _let_end(processes)
            raise StoppedError(f"the {workers} workers stopped, for the reason that worker 0 tells")
        time.sleep(_SETTLE)
        if told := _told(Path(reasons)):
            raise WorkerError(told)
        advice = f"; {RESUME}" if resumable() else ""
        raise WorkerError(f"{_ended(processes, failed)}{advice}")


def is_launched() -> bool:
    """Tells whether `launch` has started this process, and says what users are to know."""
    return bool(os.environ.get(_REASONS))


def tell_launcher(reason: str) -> bool:
    """Leaves saying why this worker fails to the process that has started it.

    Args:
        reason: Why.

    Returns:
        Whether there is such a process: `launch`. Otherwise the worker must say it itself.
    """
    if not is_launched():
        return False
    path = Path(os.environ[_REASONS]) / str(current_task().index)
    aside = path.with_suffix(".tmp")
    aside.write_text(reason, encoding="utf-8")
    aside.rename(path)
    return True


def _told(folder: Path) -> str:
    """Returns why workers failed, each reason once; "" if none has told."""
    files = sorted(path for path in folder.iterdir() if path.name.isdecimal())
    return "\n".join(dict.fromkeys(path.read_text(encoding="utf-8") for path in files))


def _wait(processes: Sequence[subprocess.Popen[bytes]]) -> int | None:
    """Returns when all are done, or the index of the first one that is not and ended."""
    while True:
        codes = [process.poll() for process in processes]
        failed = next((index for index, code in enumerate(codes) if code), None)
        if failed is not None or None not in codes:
            return failed
        time.sleep(_POLL)


def _let_end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Waits for all; when one has ended not long, as the others may wait for it."""
    deadline = None
    while any(process.poll() is None for process in processes):
        if deadline is None and any(process.poll() is not None for process in processes):
            deadline = time.monotonic() + _GRACE
        if deadline and time.monotonic() > deadline:
            return
        time.sleep(_POLL)


@contextlib.contextmanager
def _running(
    command: Sequence[str], workers: int, reasons: str
) -> Iterator[list[subprocess.Popen[bytes]]]:
    addresses = [f"localhost:{port}" for port in _free_ports(workers)]
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for index in range(workers):
            config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
            environment = {**os.environ, _VARIABLE: json.dumps(config), _REASONS: reasons}
            process = subprocess.Popen(
                command,
                env=environment,
                # So that the terminal's Ctrl-C comes to this process alone.
                start_new_session=True,
                preexec_fn=_end_with_launcher,  # noqa: PLW1509 - there is one thread
            )
            processes.append(process)
        yield processes
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()


def _end_with_launcher() -> None:
    """Lets Linux send SIGTERM when the launcher is gone, also by kill -9."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("localhost", 0))
        return [one.getsockname()[1] for one in sockets]


def _ended(processes: Sequence[subprocess.Popen[bytes]], first: int) -> str:
    codes = [process.poll() or 0 for process in processes]
    # One that a signal ended did not end because of the others, whoever was seen first.
    index = next((index for index, code in enumerate(codes) if code < 0), first)
    code = codes[index]
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"failed with {code}"
    return (
        f"worker {index} of {len(processes)} (process {processes[index].pid}) {how}, and so the "
        "others were ended"
    )


def _expected() -> str:
    return (
        'expected e.g. {"cluster": {"worker": ["host1:2222", "host2:2222"]}, '
        '"task": {"type": "worker", "index": 0}}'
    )
