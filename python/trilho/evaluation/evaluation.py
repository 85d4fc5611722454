"""What a model's folder tells about asking a server for its test split."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trilho.manifest_pb2 import DataSplit

__all__ = ["Answers", "Arrays", "Evaluation", "Question", "in_batches"]

Arrays = Mapping[str, np.ndarray[Any, np.dtype[Any]]]
# The outputs of each question, in their order.
Answers = Sequence[Arrays]


@dataclass(frozen=True, kw_only=True)
class Question:
    """One call.

    Attributes:
        inputs: Arrays by the names of the signature's inputs, the batch first.
        rows: How many examples of the test split it is about.
        signature: Which signature is called.
    """

    inputs: Arrays
    rows: int
    signature: str = "serving_default"


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """A test split as calls, and what follows from the answers.

    Attributes:
        questions: The calls.
        figures: Takes the answers; returns the figures under the names that the trainer gives
            them, e.g. "test_accuracy".
        test: The rows, as `export.provenance.digest` tells them to the trainer; None if unknown.
    """

    questions: Sequence[Question]
    figures: Callable[[Answers], Mapping[str, float]]
    test: DataSplit | None = None


def in_batches(inputs: Arrays, *, rows: int, signature: str = "serving_default") -> list[Question]:
    """Cuts a split into calls.

    Args:
        inputs: Arrays of equal length.
        rows: How many examples a call has; the last one may have less.
        signature: Which signature is called.

    Returns:
        The calls, in the order of the examples.
    """
    total = len(next(iter(inputs.values())))
    return [
        Question(
            inputs={name: column[start : start + rows] for name, column in inputs.items()},
            rows=min(rows, total - start),
            signature=signature,
        )
        for start in range(0, total, rows)
    ]
