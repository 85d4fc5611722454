"""What TensorFlow needs of several workers, and what it says of them."""

import contextlib
import re
import time
from collections.abc import Callable, Iterator

import keras
import tensorflow as tf

from trilho.training.workers import RESUME, Task, WorkerError, current_task

__all__ = ["Agreement", "alone", "make_strategy", "meet", "peer_errors"]

# How long it may take until a wish to stop is heard of by all.
_SECONDS = 0.5
_LOST = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.UnavailableError,
)


def make_strategy(task: Task) -> tf.distribute.Strategy:
    """Returns the strategy of this worker; with several, when all of them are there."""
    if task.count == 1:
        return tf.distribute.get_strategy()
    ring = tf.distribute.experimental.CommunicationImplementation.RING
    return tf.distribute.MultiWorkerMirroredStrategy(
        communication_options=tf.distribute.experimental.CommunicationOptions(implementation=ring)
    )


def meet(strategy: tf.distribute.Strategy) -> None:
    """Returns when all workers have called it: who leaves early makes the others fail."""
    _mean(strategy)(tf.zeros([1]))


def alone(trained: keras.Model, build: Callable[[], keras.Model]) -> keras.Model:
    """Returns a copy whose variables are no longer those of several workers.

    Args:
        trained: Made under their strategy.
        build: Makes such a network, called outside of it.
    """
    model = build()
    for variable, value in zip(model.weights, trained.weights, strict=True):
        variable.assign(keras.ops.convert_to_numpy(value))
    return model


@contextlib.contextmanager
def peer_errors(resumable: Callable[[], bool]) -> Iterator[None]:
    """Says in a line what TensorFlow says in pages when another worker is gone.

    Args:
        resumable: Tells whether there is a checkpoint that --resume would go on from.

    Raises:
        WorkerError: A worker ended, or cannot be reached.
    """
    task = current_task()
    try:
        yield
    except tf.errors.OpError as error:
        lost = isinstance(error, _LOST) or "Collective ops is aborted" in error.message
        if task.count == 1 or not lost:
            raise
        named = (int(index) for index in re.findall(r"/task:(\d+)", error.message))
        other = next((index for index in named if index != task.index), None)
        who = "another worker" if other is None else f"worker {other} of {task.count}"
        advice = f"; {RESUME}" if resumable() else ""
        raise WorkerError(
            f"{who} does not answer any more, and so worker {task.index} ends, too{advice}"
        ) from error


class Agreement:
    """Whether all workers stop after a step, which is the same one for each of them.

    They ask each other about twice a second: at steps that are the same for all, as the pace by
    which they are chosen is the mean of what the workers measured.
    """

    def __init__(self, strategy: tf.distribute.Strategy, asked: Callable[[], bool]) -> None:
        """Prepares to ask.

        Args:
            strategy: Theirs.
            asked: Whether this worker was asked to stop.
        """
        self._strategy = strategy
        self._asked = asked
        self._mean = _mean(strategy)
        self._next = 0
        self._last: tuple[int, float] | None = None

    def stops(self, step: int, *, surely: bool) -> bool:
        """Tells whether training stops here; all workers call it after each step.

        Args:
            step: How many are done.
            surely: Whether to ask the others in any case.
        """
        if self._strategy.num_replicas_in_sync == 1:
            return self._asked()
        if step < self._next and not surely:
            return False
        now, pace = time.monotonic(), 0.0
        if self._last:
            last_step, last_time = self._last
            pace = (step - last_step) / (now - last_time)
        asked, pace = self._mean(tf.constant([float(self._asked()), pace])).numpy()
        self._last = step, now
        self._next = step + max(1, int(pace * _SECONDS))
        return bool(asked > 0)

    def leave(self) -> None:
        """Returns when all workers are about to leave."""
        if self._strategy.num_replicas_in_sync > 1:
            meet(self._strategy)


def _mean(strategy: tf.distribute.Strategy) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns a function that all workers call, and that returns the mean of their arguments."""

    def mean(value: tf.Tensor) -> tf.Tensor:
        own = strategy.run(tf.identity, args=(value,))
        return strategy.reduce(tf.distribute.ReduceOp.MEAN, own, axis=None)

    function: Callable[[tf.Tensor], tf.Tensor] = tf.function(mean)
    return function
