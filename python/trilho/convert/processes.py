"""Processes of this machine that write shards.

Those of concurrent.futures share semaphores, about which Python complains when the process that
made them is killed. These have a connection each, and nothing that could be left behind.
"""

import contextlib
import multiprocessing
import os
import signal
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait

from trilho.convert.plan import Plan
from trilho.convert.problems import ConvertError
from trilho.convert.schema import Schema
from trilho.convert.shard_files import ShardResult, write_shard

__all__ = ["write_in_processes"]

_DIED = (
    "A process that wrote a shard has died, perhaps for want of memory; "
    "the same command goes on with what is done"
)


@dataclass(frozen=True, kw_only=True)
class _Work:
    """What all shards have in common."""

    plan: Plan
    schema: Schema
    folder: str


def write_in_processes(
    plan: Plan,
    schema: Schema,
    indices: Sequence[int],
    folder: str,
    tell: Callable[[int], None],
    *,
    processes: int,
) -> Iterator[ShardResult]:
    """Writes shards; see `engines.Engine.write`.

    Args:
        plan: The conversion.
        schema: The features of its columns.
        indices: Which shards.
        folder: Where to.
        tell: Is called with the number of rows that were written since it was called last.
        processes: How many at once.

    Yields:
        Each result, as soon as it is there.

    Raises:
        ConvertError: A shard cannot be written, or a process has died.
    """
    # Started anew: a fork of a process with threads, such as pyarrow's, may hang.
    context = multiprocessing.get_context("spawn")
    work = _Work(plan=plan, schema=schema, folder=folder)
    waiting = deque(indices)
    workers = []
    connections: list[Connection] = []
    try:
        for _ in range(min(processes, len(indices))):
            ours, theirs = context.Pipe()
            connections.append(ours)
            worker = context.Process(target=_serve, args=(work, theirs), daemon=True)
            with _interrupts_blocked():
                worker.start()
                workers.append(worker)
            # Theirs is the only one now, so that ours ends when they do.
            theirs.close()
            _send(ours, waiting.popleft())
        busy = len(workers)
        while busy:
            ready_ones = wait(connections)
            for ready in [one for one in connections if one in ready_ones]:
                message = _receive(ready)
                if isinstance(message, Exception):
                    raise message
                if isinstance(message, int):
                    tell(message)
                    continue
                yield message
                if waiting:
                    _send(ready, waiting.popleft())
                else:
                    busy -= 1
    finally:
        # Shards under way are given up: nobody waits for them after a failure or Ctrl-C.
        for connection in connections:
            connection.close()
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join()


def _serve(work: _Work, connection: Connection) -> None:
    """Writes the shards whose numbers come, in the other process."""
    # Without it, a killed parent would leave this process to finish its shard for nobody.
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            index = connection.recv()
            try:
                message: object = write_shard(
                    work.plan, work.schema, index, work.folder, connection.send
                )
            except (BrokenPipeError, ConnectionResetError):
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, it is told and raised there
                error.add_note(traceback.format_exc())
                message = error
            _reply(connection, message)


def _reply(connection: Connection, message: object) -> None:
    try:
        connection.send(message)
    except (BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:  # noqa: BLE001 - not all errors can be sent
        connection.send(RuntimeError(f"{message!r} ({error})"))


def _send(connection: Connection, index: int) -> None:
    try:
        connection.send(index)
    except (BrokenPipeError, ConnectionResetError) as error:
        raise ConvertError(_DIED) from error


def _receive(connection: Connection) -> ShardResult | Exception | int:
    try:
        message: ShardResult | Exception | int = connection.recv()
    except (EOFError, ConnectionResetError) as error:
        raise ConvertError(_DIED) from error
    return message


@contextlib.contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Lets processes that are started here never see Ctrl-C.

    It goes to all processes of a terminal; the first of them ends the others.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
