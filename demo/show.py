"""What is shown of a model: the same acts for each, told apart by its `Show`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trilho.evaluation.evaluation import Question


@dataclass(frozen=True)
class Training:
    """How a version is trained.

    Attributes:
        steps: Shown in the table.
        options: Of `trilho train`, besides.
    """

    steps: int
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Asked:
    """What a client found out about a version.

    Attributes:
        client: "Java" or "Python".
        cells: What the table shows, by the columns' headings; the same headings for all clients.
        failed: Calls without an answer.
        quality: How good the answers were; greater is better.
    """

    client: str
    cells: Mapping[str, str]
    failed: int
    quality: float


@dataclass(frozen=True)
class Show:
    """A model.

    Attributes:
        model: Its name.
        title: Of the table.
        poor: How version 1 is trained.
        good: How version 2 is trained, which must be better.
        contract: The descriptor set of its typed service, in the workspace.
        fetch: Brings the data.
        questions: Calls to go on with while versions change.
        ask: Takes the server's address, its HTTP address and the store; asks as the clients do,
            which show what they do themselves.
        more: Commands to go on with, for an address, an HTTP address and the store.
    """

    model: str
    title: str
    poor: Training
    good: Training
    contract: str
    fetch: Callable[[], None]
    questions: Callable[[], Sequence[Question]]
    ask: Callable[[str, str, Path], Sequence[Asked]]
    more: Callable[[str, str, Path], str]
