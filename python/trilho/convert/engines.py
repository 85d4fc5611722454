"""Who writes the shards: processes of this machine, or Spark."""

import concurrent.futures
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from trilho.convert.plan import Plan
from trilho.convert.problems import ConvertError
from trilho.convert.schema import Schema
from trilho.convert.shard_files import ShardResult, write_shard

__all__ = ["Engine", "LocalEngine", "SparkEngine"]


class Engine(Protocol):
    """Writes shards, in any order."""

    def write(
        self, plan: Plan, schema: Schema, indices: Sequence[int], folder: str
    ) -> Iterator[ShardResult]:
        """Writes shards.

        Args:
            plan: The conversion.
            schema: The features of its columns.
            indices: Which shards.
            folder: Where to.

        Yields:
            Each result, as soon as it is there.

        Raises:
            ConvertError: A shard cannot be written; what is not done yet has been given up.
        """


class LocalEngine:
    """Writes as many shards at once as there are processes."""

    def __init__(self, processes: int | None = None) -> None:
        """Chooses the number.

        Args:
            processes: How many; by default one for each CPU that this process may use.
        """
        self._processes = processes or len(os.sched_getaffinity(0))

    def write(
        self, plan: Plan, schema: Schema, indices: Sequence[int], folder: str
    ) -> Iterator[ShardResult]:
        """Writes shards; see Engine."""
        if self._processes == 1 or len(indices) == 1:
            for index in indices:
                yield write_shard(plan, schema, index, folder)
            return
        # Started anew: a fork of a process with threads, such as pyarrow's, may hang.
        context = multiprocessing.get_context("spawn")
        try:
            pool = concurrent.futures.ProcessPoolExecutor(
                min(self._processes, len(indices)), mp_context=context, initializer=_prepare_process
            )
        except OSError as error:
            # POSIX semaphores are files there.
            raise ConvertError(
                "Several processes need a /dev/shm that they can write to "
                f"({error.strerror}); --processes 1 does without"
            ) from error
        try:
            futures = [pool.submit(write_shard, plan, schema, index, folder) for index in indices]
            for future in concurrent.futures.as_completed(futures):
                yield future.result()
        except concurrent.futures.process.BrokenProcessPool as error:
            raise ConvertError(
                "A process that wrote a shard has died, perhaps for want of memory; "
                "the same command goes on with what is done"
            ) from error
        finally:
            # Shards under way are given up: nobody waits for them after a failure or Ctrl-C.
            pool.shutdown(wait=False, cancel_futures=True)
            for child in multiprocessing.active_children():
                child.terminate()


class SparkEngine:
    """Gives each shard to a task of Spark.

    The executors need Python with this package, and must reach both file systems.
    """

    def __init__(self, master: str | None = None) -> None:
        """Chooses the cluster.

        Args:
            master: Spark's master URL; by default what spark-submit or spark-defaults.conf says,
                or else this machine.
        """
        self._master = master

    def write(
        self, plan: Plan, schema: Schema, indices: Sequence[int], folder: str
    ) -> Iterator[ShardResult]:
        """Writes shards; see Engine."""
        try:
            # Not everybody has Spark.
            from py4j.protocol import Py4JJavaError  # noqa: PLC0415
            from pyspark.sql import SparkSession  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise ConvertError(
                "--engine spark needs pyspark: pip install 'trilho[spark]'"
            ) from error
        builder = SparkSession.builder.appName(f"trilho convert {plan.url}")
        if self._master:
            builder = builder.master(self._master)
        session = builder.getOrCreate()
        try:
            tasks = session.sparkContext.parallelize(list(indices), len(indices))
            for result in tasks.map(_task(plan, schema, folder)).collect():
                if isinstance(result, Exception):
                    raise result
                yield result
        except Py4JJavaError as error:
            raise ConvertError(f"Spark gave up: {error.java_exception.getMessage()}") from error
        finally:
            session.stop()


def _task(plan: Plan, schema: Schema, folder: str) -> Callable[[int], ShardResult | Exception]:
    def write(index: int) -> ShardResult | Exception:
        try:
            return write_shard(plan, schema, index, folder)
        except ConvertError as error:
            # As a value: trying again would not help, and Spark would bury it in a traceback.
            return error

    return write


def _prepare_process() -> None:
    # Ctrl-C goes to all processes of a terminal; the first of them ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Without it, a killed parent would leave this process waiting for work for ever.
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
