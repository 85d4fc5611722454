"""How a model and a contract fit."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from trilho.contract.definitions import Contract

__all__ = ["Match", "Mismatch", "Report", "nearest"]


@dataclass(frozen=True, kw_only=True)
class Match:
    """A tensor that is as the contract says.

    Attributes:
        path: The field's, in the request or response; with features, what they are parsed from.
        way: "input", "output" or "feature".
        alias: The tensor's name in the signature.
        dtype: As contract.proto spells it.
        shape: The model's, e.g. "[?, 784]".
        note: What a caller may stumble over all the same; "" for nothing.
    """

    path: str
    way: str
    alias: str
    dtype: str
    shape: str
    note: str


@dataclass(frozen=True, kw_only=True)
class Mismatch:
    """Something in which model and contract differ.

    Attributes:
        location: "FILE:LINE" of the field, or of the method if it is about no field.
        element: The full name of the field or method.
        alias: The tensor's name in the signature; "" if it is about none.
        problem: What is wrong.
        expected: What the contract says, e.g. "FLOAT [?, 784]"; "" if it says nothing.
        found: What the model has; "" for nothing.
        nearest: The name that may have been meant; "" if none is near.
        choices: What could stand there instead.
    """

    location: str
    element: str
    alias: str = ""
    problem: str
    expected: str = ""
    found: str = ""
    nearest: str = ""
    choices: tuple[str, ...] = ()

    def __str__(self) -> str:
        """All of it in one line."""
        text = f"{self.location}: {self.element}: {self.problem}"
        if self.expected:
            text += f"; expected {self.expected}"
        if self.found:
            text += f"; found {self.found}"
        if self.nearest:
            text += f'; did you mean "{self.nearest}"?'
        if self.choices:
            text += f" (valid: {', '.join(self.choices)})"
        return text


@dataclass(frozen=True, kw_only=True)
class Report:
    """How a model and a contract fit.

    Attributes:
        contract: The contract.
        matches: The tensors that are as it says.
        mismatches: All that is not.
    """

    contract: Contract
    matches: tuple[Match, ...]
    mismatches: tuple[Mismatch, ...]


def nearest(name: str, names: Iterable[str]) -> str:
    """Finds what may have been meant.

    Args:
        name: What was said.
        names: What could have been.

    Returns:
        The one most like `name`; "" if none is near.
    """
    return next(iter(difflib.get_close_matches(name, list(names), n=1)), "")
