"""What the MNIST model is trained with."""

import dataclasses

__all__ = ["MnistConfig"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class MnistConfig:
    """The options of a training run; the same ones give the same model.

    Attributes:
        steps: How many batches to train with.
        batch_size: Images a batch.
        learning_rate: Adam's.
        hidden: Units of the hidden layer.
        dropout: The share of the hidden units that a training step leaves out, 0 to 1.
        seed: Of the weights, the dropout and the order of the images.
        validation_size: How many of the 60000 training images, the last ones, are held back to
            validate with.
    """

    steps: int = 2000
    batch_size: int = 128
    learning_rate: float = 0.002
    hidden: int = 128
    dropout: float = 0.1
    seed: int = 1
    validation_size: int = 5000

    def __post_init__(self) -> None:
        """Checks the options.

        Raises:
            ValueError: One is out of its range.
        """
        for name in ("steps", "batch_size", "learning_rate", "hidden", "validation_size"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be more than 0, not {getattr(self, name)}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be at least 0 and less than 1, not {self.dropout}")
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"seed must be between 0 and 2**32 - 1, not {self.seed}")

    def as_strings(self) -> dict[str, str]:
        """Returns the options by name, as the manifest keeps them."""
        return {name: str(value) for name, value in dataclasses.asdict(self).items()}
