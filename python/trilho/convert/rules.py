"""How the values of a table become those of tf.Example, as far as that can be chosen.

tf.Example has int64, float (24 bits) and bytes, so that some numbers and times have no exact place.
A value that would change is refused, unless one of these rules says what becomes of it.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from trilho.convert.problems import ConvertError

__all__ = ["Decimals", "Default", "Rules", "TimeUnit", "parse_rules"]

Decimals = Literal["exact", "round", "text"]
TimeUnit = Literal["us", "ns"]
Default = int | float | str


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a conversion may do to values that tf.Example cannot hold.

    Attributes:
        decimals: What becomes of decimals that are no int64. "exact" makes a float of each if its
            digits can be read back from that; "round" takes the nearest float of the others, too;
            "text" keeps the digits as bytes.
        chosen: The same for single columns, by name. "round" makes a float of whole numbers, too,
            and "text" the digits of any number.
        timestamps: The unit of timestamps, times of the day and durations.
        truncate: Whether finer parts of a time are cut off; else they are refused.
        defaults: What stands for a missing value, or a missing element of a list, by column.
    """

    decimals: Decimals = "exact"
    chosen: Mapping[str, Decimals] = field(default_factory=dict)
    timestamps: TimeUnit = "us"
    truncate: bool = False
    defaults: Mapping[str, Default] = field(default_factory=dict)

    def rounds(self, name: str) -> bool:
        """Says whether a column's numbers may be rounded to floats."""
        return self.chosen.get(name, self.decimals) == "round"

    @property
    def texts(self) -> frozenset[str]:
        """Names the columns whose numbers are kept as text."""
        return frozenset(name for name, choice in self.chosen.items() if choice == "text")

    def with_defaults(self, defaults: Mapping[str, Default]) -> "Rules":
        """Returns these rules with other defaults."""
        return dataclasses.replace(self, defaults=defaults)


def parse_rules(
    *,
    decimals: Iterable[str] = (),
    timestamps: TimeUnit = "us",
    truncate: bool = False,
    defaults: Iterable[str] = (),
) -> Rules:
    """Reads rules as the command line has them.

    Args:
        decimals: "exact", "round", "text", or NAME= before one of them.
        timestamps: The unit of times.
        truncate: Whether finer parts of a time are cut off.
        defaults: NAME=VALUE each.

    Returns:
        The rules. A default is text here, and becomes a number where its column has numbers.

    Raises:
        ConvertError: A word is none of these; it is named.
    """
    general: Decimals = "exact"
    chosen: dict[str, Decimals] = {}
    for word in decimals:
        name, equals, choice = word.rpartition("=")
        if choice not in get_args(Decimals) or (equals and not name):
            raise ConvertError(
                f"--decimals {word}: expected {', '.join(get_args(Decimals))}, or NAME= before one"
            )
        if name:
            chosen[name] = choice  # type: ignore[assignment]
        else:
            general = choice  # type: ignore[assignment]
    values: dict[str, Default] = {}
    for word in defaults:
        name, equals, value = word.partition("=")
        if not name or not equals:
            raise ConvertError(f"--default {word}: expected NAME=VALUE")
        values[name] = value
    return Rules(
        decimals=general,
        chosen=chosen,
        timestamps=timestamps,
        truncate=truncate,
        defaults=values,
    )
