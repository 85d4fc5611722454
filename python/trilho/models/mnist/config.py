"""What the MNIST model is trained with."""

import dataclasses

from trilho.data import cache, mnist
from trilho.training.config import TrainingConfig
from trilho.training.recipe import Recipe

__all__ = ["RECIPE", "MnistConfig"]

# Of each network, and the dropout that suits it.
_DROPOUT = {"dense": 0.1, "cnn": 0.3}


@dataclasses.dataclass(frozen=True, kw_only=True)
class MnistConfig(TrainingConfig):
    """The options of a training run; the same ones give the same model.

    Attributes:
        learning_rate: Adam's; of "cnn" the highest, from which it falls to a hundredth along a
            cosine.
        network: "dense", one hidden layer, or "cnn", convolutions before it.
        hidden: Units of the hidden layer.
        dropout: The share of the hidden units that a training step leaves out, 0 to 1; by default
            0.1 of "dense" and 0.3 of "cnn".
        validation_size: How many of the 60000 training images, the last ones, are held back to
            validate with.
    """

    steps: int = 2000
    learning_rate: float = 0.002
    network: str = "dense"
    hidden: int = 128
    dropout: float | None = None
    validation_size: int = 5000

    def __post_init__(self) -> None:
        """Checks the options.

        Raises:
            ValueError: One is out of its range.
        """
        super().__post_init__()
        self.check_positive("hidden", "validation_size")
        if self.network not in _DROPOUT:
            raise ValueError(f'network must be {" or ".join(_DROPOUT)}, not "{self.network}"')
        if self.dropout is None:
            # Here, so that the manifest has the number.
            object.__setattr__(self, "dropout", _DROPOUT[self.network])
        self.check_share("dropout")


def _fetch(source: str | None) -> str:
    if source is None:
        return str(mnist.fetch(mnist.default_directory()))
    return str(cache.given_directory(source, mnist.FILES, endings=("", ".gz")))


RECIPE = Recipe(
    name="mnist",
    summary="Train the network for handwritten digits.",
    config=MnistConfig,
    fetch=_fetch,
    data_help="A folder with the four IDX files, plain or .gz; by default where "
    "`trilho data mnist` puts them, fetched if they are missing there.",
    module="trilho.models.mnist.train",
    evaluation="trilho.models.mnist.evaluate",
)
