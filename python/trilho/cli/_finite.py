"""Numbers that bound a difference: each is compared with, and NaN would let anything pass."""

import math
from typing import Any

import click

__all__ = ["FINITE"]


class _Finite(click.FloatRange):
    """A finite number from 0 on."""

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> float:
        """Refuses NaN and infinity, which a range alone lets through."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


FINITE = _Finite(0)
