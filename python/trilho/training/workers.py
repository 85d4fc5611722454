"""Several workers: local processes that train one model together."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trilho.errors import TrilhoError

__all__ = ["Task", "WorkerError", "current_task", "launch"]

# Where TensorFlow looks for it, too: tf.distribute.cluster_resolver.TFConfigClusterResolver.
_VARIABLE = "TF_CONFIG"
_POLL = 0.1
# A worker's end is what ends the others, so what else ended is looked at a little later.
_SETTLE = 0.5


class WorkerError(TrilhoError):
    """The workers do not go together, or one of them ended."""


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


def launch(command: Sequence[str], *, workers: int) -> None:
    """Runs a command as several workers of this machine, and waits for all of them.

    When one of them fails, the others are killed. So they are on Ctrl-C.

    Args:
        command: What each of them runs; TF_CONFIG tells it which one it is.
        workers: How many.

    Raises:
        WorkerError: One failed; tells which, and how.
        KeyboardInterrupt: After Ctrl-C.
    """
    with _running(command, workers) as processes:
        while True:
            states = [process.poll() for process in processes]
            if any(states):
                time.sleep(_SETTLE)
                raise WorkerError(_ended(processes))
            if all(state == 0 for state in states):
                return
            time.sleep(_POLL)


@contextlib.contextmanager
def _running(command: Sequence[str], workers: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    addresses = [f"localhost:{port}" for port in _free_ports(workers)]
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for index in range(workers):
            config = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
            environment = {**os.environ, _VARIABLE: json.dumps(config)}
            # In a session of its own, so that the terminal's Ctrl-C comes to this process alone.
            processes.append(subprocess.Popen(command, env=environment, start_new_session=True))
        yield processes
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("localhost", 0))
        return [one.getsockname()[1] for one in sockets]


def _ended(processes: Sequence[subprocess.Popen[bytes]]) -> str:
    codes = {index: process.poll() for index, process in enumerate(processes)}
    # One that a signal ended did not end because of the others.
    killed = [index for index, code in codes.items() if code and code < 0]
    failed = [index for index, code in codes.items() if code]
    index = (killed or failed)[0]
    code = codes[index] or 0
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"failed with {code}"
    return (
        f"worker {index} of {len(processes)} (process {processes[index].pid}) {how}, and so the "
        "others were ended; --resume goes on from the last checkpoint"
    )


def _expected() -> str:
    return (
        'expected e.g. {"cluster": {"worker": ["host1:2222", "host2:2222"]}, '
        '"task": {"type": "worker", "index": 0}}'
    )
