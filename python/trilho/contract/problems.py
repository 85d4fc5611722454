"""What is wrong with contracts, all of it at once."""

from trilho.errors import TrilhoError

__all__ = ["ContractError", "Problems"]


class ContractError(TrilhoError):
    """A contract cannot be read, or a model does not keep it.

    Attributes:
        problems: A line for each thing that is wrong.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Problems:
    """Collects problems, each once: a message that two methods share is read twice."""

    def __init__(self) -> None:
        self._lines: dict[str, None] = {}

    def add(self, line: str) -> None:
        """Notes a problem.

        Args:
            line: "FILE:LINE: ELEMENT: PROBLEM".
        """
        self._lines[line] = None

    def raise_any(self) -> None:
        """Does nothing if there are none.

        Raises:
            ContractError: With a line for each.
        """
        if self._lines:
            raise ContractError(*self._lines)
