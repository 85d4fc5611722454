"""A difference between two versions of a contract."""

import enum
from dataclasses import dataclass

__all__ = ["Change", "Effect"]


class Effect(enum.IntEnum):
    """What a change does; the worst first."""

    BREAKS_CLIENTS = 0
    BREAKS_MODELS = 1
    COMPATIBLE = 2

    def __str__(self) -> str:
        """In words, e.g. "breaks clients"."""
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True, kw_only=True, order=True)
class Change:
    """A difference. Sorted, those that break something come first.

    Attributes:
        effect: What it does.
        element: The full name of what changed, e.g. "trilho.census.Person.age".
        text: How it changed.
    """

    effect: Effect
    element: str
    text: str

    @property
    def breaks(self) -> bool:
        """Whether somebody who kept the old contract fails with the new one."""
        return self.effect is not Effect.COMPATIBLE

    def __str__(self) -> str:
        """All of it in one line."""
        return f"{self.effect}: {self.element}: {self.text}"
