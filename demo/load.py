"""Calls that go on in the background while versions change."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from trilho.client import TrilhoClient
from trilho.errors import TrilhoError
from trilho.evaluation.evaluation import Question


@dataclass
class Tally:
    """What became of the calls so far."""

    by_version: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def calls(self) -> int:
        """Answered or failed."""
        return self.by_version.total() + len(self.failures)


class BackgroundLoad:
    """Makes one call after another from a few threads, inside a `with`.

    Args:
        server: HOST:PORT.
        model: Who is called.
        questions: The calls, over and over.
        threads: Calls in flight.
    """

    def __init__(
        self, server: str, model: str, questions: Sequence[Question], *, threads: int = 2
    ) -> None:
        self.tally = Tally()
        self._model = model
        self._questions = questions
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._client = TrilhoClient(server)
        self._threads = [threading.Thread(target=self._run, args=(i,)) for i in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._client.close()

    def _run(self, index: int) -> None:
        while not self._stop.is_set():
            index = (index + 1) % len(self._questions)
            question = self._questions[index]
            try:
                result = self._client.predict(
                    self._model, question.inputs, signature_name=question.signature
                )
            except TrilhoError as error:
                with self._lock:
                    self.tally.failures.append(str(error))
                continue
            with self._lock:
                # Both servers always say which version answered.
                self.tally.by_version[result.version or 0] += 1
