"""Asking a server, several calls at a time."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed

from trilho.client import ModelState, TrilhoClient
from trilho.errors import TrilhoError
from trilho.evaluation.evaluation import Arrays, Question

__all__ = ["EvaluationError", "ask", "served_version"]


class EvaluationError(TrilhoError):
    """A served model cannot be evaluated."""


def served_version(client: TrilhoClient, model: str) -> int:
    """Returns the newest version that answers.

    Args:
        client: Of the server.
        model: The model's name there.

    Raises:
        CallError: The server does not answer, or has no such model.
        EvaluationError: No version of it is ready.
    """
    versions = client.model_status(model)
    for version in versions:
        if version.state is ModelState.AVAILABLE:
            return version.version
    known = ", ".join(f"{one.version} is {one.state}" for one in versions)
    raise EvaluationError(f"No version of {model} is ready: {known or 'there is none'}")


def ask(
    client: TrilhoClient,
    questions: Sequence[Question],
    *,
    model: str,
    version: int,
    concurrency: int,
    answered: Callable[[int], None] = lambda _: None,
) -> list[Arrays]:
    """Asks all questions of one version, so that a swap in between does not mix two of them.

    Args:
        client: Of the server; each call has its timeout.
        questions: What to ask.
        model: The model's name on the server.
        version: Which version must answer.
        concurrency: Calls under way at a time.
        answered: Told, on the caller's thread, how many rows each answer was about.

    Returns:
        The outputs of each question, in their order.

    Raises:
        CallError: A call failed; those that have not begun are dropped.
    """

    def call(question: Question) -> Arrays:
        found = client.predict(
            model, question.inputs, version=version, signature_name=question.signature
        )
        return found.outputs

    pool = ThreadPoolExecutor(concurrency, thread_name_prefix="ask")
    try:
        calls: dict[Future[Arrays], Question] = {
            pool.submit(call, question): question for question in questions
        }
        for done in as_completed(calls):
            done.result()
            answered(calls[done].rows)
        return [done.result() for done in calls]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
