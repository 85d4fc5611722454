"""The options that all models are trained with."""

import dataclasses
import math
from typing import ClassVar

from pydantic import ConfigDict

__all__ = ["TrainingConfig"]

_LARGEST_SEED = 2**32 - 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """The options of a training run; the same ones give the same model.

    A model's options are a subclass: fields of type int, float, bool or str, a tuple of one of
    them, or one of them or None; each with a default, and a line for each in the docstring's
    "Attributes:", which `--help` shows.

    Attributes:
        steps: How many batches to train with at most.
        batch_size: Examples a batch, of all workers together.
        learning_rate: The optimizer's.
        patience: Validations without a better result until training stops; 0 for never.
        best_weights: Whether the weights are in the end those of the best validation and not of the
            last step, as they are with patience.
        validations: How many times, evenly spread, the run looks at the validation split.
        stop_on_nan: Whether the run ends at the first loss that is not finite, with the last good
            checkpoint kept.
        seed: Of the weights, the dropout and the order of the examples.
    """

    # How `overrides.resolve` takes what users write.
    __pydantic_config__: ClassVar = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    steps: int = 1000
    batch_size: int = 128
    learning_rate: float = 0.001
    patience: int = 0
    best_weights: bool = False
    validations: int = 10
    stop_on_nan: bool = True
    seed: int = 1

    def __post_init__(self) -> None:
        """Checks the options; a subclass with more of them calls this, too.

        Raises:
            ValueError: One is out of its range.
        """
        for name, value in dataclasses.asdict(self).items():
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"{name} must be a finite number, not {value}")
        self.check_positive("steps", "batch_size", "learning_rate", "validations")
        if self.patience < 0:
            raise ValueError(f"patience must be at least 0, not {self.patience}")
        if not 0 <= self.seed <= _LARGEST_SEED:
            raise ValueError(f"seed must be between 0 and 2**32 - 1, not {self.seed}")

    def check_positive(self, *names: str) -> None:
        """Refuses what is not more than 0.

        Raises:
            ValueError: One is not.
        """
        for name in names:
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be more than 0, not {getattr(self, name)}")

    def check_share(self, *names: str) -> None:
        """Refuses what is not a share less than 1, such as a dropout.

        Raises:
            ValueError: One is not.
        """
        for name in names:
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(
                    f"{name} must be at least 0 and less than 1, not {getattr(self, name)}"
                )

    def as_strings(self) -> dict[str, str]:
        """Returns the options by name, as the manifest keeps them."""
        return {name: str(value) for name, value in dataclasses.asdict(self).items()}
