"""Who writes the shards: processes of this machine, or Spark."""

import concurrent.futures
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from trilho.convert.plan import Plan, make_shard
from trilho.convert.problems import ConvertError
from trilho.convert.processes import write_in_processes
from trilho.convert.schema import Schema
from trilho.convert.shard_files import ShardResult, write_shard

__all__ = ["Engine", "LocalEngine", "SparkEngine"]

# Seconds between two looks at how many of Spark's tasks are done.
_LOOK = 1.0


class Engine(Protocol):
    """Writes shards, in any order."""

    def write(
        self,
        plan: Plan,
        schema: Schema,
        indices: Sequence[int],
        folder: str,
        tell: Callable[[int], None],
    ) -> Iterator[ShardResult]:
        """Writes shards.

        Args:
            plan: The conversion.
            schema: The features of its columns.
            indices: Which shards.
            folder: Where to.
            tell: Is called with the number of rows that were written since it was called last.

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
        self,
        plan: Plan,
        schema: Schema,
        indices: Sequence[int],
        folder: str,
        tell: Callable[[int], None],
    ) -> Iterator[ShardResult]:
        """Writes shards; see Engine."""
        if self._processes == 1 or len(indices) == 1:
            for index in indices:
                yield write_shard(plan, schema, index, folder, tell)
            return
        yield from write_in_processes(
            plan, schema, indices, folder, tell, processes=self._processes
        )


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
        self,
        plan: Plan,
        schema: Schema,
        indices: Sequence[int],
        folder: str,
        tell: Callable[[int], None],
    ) -> Iterator[ShardResult]:
        """Writes shards; see Engine. Rows are told when the task of their shard is done."""
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
            context = session.sparkContext
            tasks = context.parallelize(list(indices), len(indices))
            job = tasks.map(_task(plan, schema, folder)).collect
            rows = [make_shard(plan, index).rows for index in indices]
            for result in _watched(context, job, rows, tell):
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


def _watched(
    context: Any,  # noqa: ANN401 - pyspark has no types here
    job: Callable[[], list[ShardResult | Exception]],
    rows: Sequence[int],
    tell: Callable[[int], None],
) -> list[ShardResult | Exception]:
    """Runs a job, and tells meanwhile how many rows its tasks have done.

    Args:
        context: Spark's.
        job: Does the work.
        rows: How many each task has; they differ by one at most, so that it is the same which of
            them are done.
        tell: As of `Engine.write`.

    Returns:
        What the job returns.
    """
    told = 0
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        running = pool.submit(job)
        try:
            while not concurrent.futures.wait([running], timeout=_LOOK).done:
                tracker = context.statusTracker()
                stages = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
                done = sum(rows[: sum(stage.numCompletedTasks for stage in stages if stage)])
                if done > told:
                    tell(done - told)
                    told = done
        except BaseException:
            # Ctrl-C: the thread is waited for.
            context.cancelAllJobs()
            raise
    results = running.result()
    tell(sum(rows) - told)
    return results
