"""Calls that go on in the background while versions change."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import numpy as np

from trilho.client import TrilhoClient
from trilho.errors import TrilhoError


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
    """Predicts one image after another from a few threads, inside a `with`.

    Args:
        server: HOST:PORT.
        images: float32 [n, 784].
        threads: Calls in flight.
    """

    def __init__(self, server: str, images: np.ndarray, *, threads: int = 2) -> None:
        self.tally = Tally()
        self._images = images
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
            index = (index + 1) % len(self._images)
            try:
                result = self._client.predict(
                    "mnist", {"image_data": self._images[index : index + 1]}
                )
            except TrilhoError as error:
                with self._lock:
                    self.tally.failures.append(str(error))
                continue
            with self._lock:
                # Both servers always say which version answered.
                self.tally.by_version[result.version or 0] += 1
