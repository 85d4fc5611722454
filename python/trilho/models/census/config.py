"""What the census model is trained with."""

import dataclasses
from pathlib import Path

from trilho.data import census
from trilho.data.cache import DataError
from trilho.training.config import TrainingConfig
from trilho.training.recipe import Recipe

__all__ = ["RECIPE", "CensusConfig"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class CensusConfig(TrainingConfig):
    """The options of a training run; the same ones give the same model.

    The learning rate is the highest: it is reached after a twentieth of the steps and falls from
    there to a hundredth along a cosine.

    Attributes:
        weight_decay: AdamW's.
        hidden: Units of the deep part's hidden layers.
        dropout: The share of the hidden units that a training step leaves out, 0 to 1.
        input_dropout: The share of the deep part's inputs that a training step leaves out, 0 to 1.
        embedding: Numbers in the vector that stands for a category.
        cross_bins: How many weights each crossing of two fields has.
        unknown: The share of the categories that a training step takes for unknown, 0 to 1, so that
            the model learns what to make of such.
        test_rows: How many rows, the first ones, are the test split; those of the original file
            are the original split.
        split_seed: What shuffles all rows before they are split, so that figures of several splits
            tell how much of one is chance; 0 for the order of the file.
        validation_size: How many of the other rows, the last ones, are held back to validate with.
        compare: Whether logistic regression and gradient boosting are trained and measured, too.
    """

    steps: int = 1700
    batch_size: int = 256
    learning_rate: float = 0.002
    weight_decay: float = 0.0001
    hidden: tuple[int, ...] = (256, 128)
    dropout: float = 0.3
    input_dropout: float = 0.1
    embedding: int = 8
    cross_bins: int = 1000
    unknown: float = 0.01
    test_rows: int = census.TEST_ROWS
    split_seed: int = 0
    validation_size: int = 3256
    compare: bool = False

    def __post_init__(self) -> None:
        """Checks the options.

        Raises:
            ValueError: One is out of its range.
        """
        super().__post_init__()
        self.check_positive("embedding", "cross_bins", "test_rows", "validation_size")
        self.check_share("dropout", "input_dropout", "unknown")
        if self.split_seed < 0:
            raise ValueError(f"split_seed must be at least 0, not {self.split_seed}")
        if self.weight_decay < 0:
            raise ValueError(f"weight_decay must be at least 0, not {self.weight_decay}")
        if not self.hidden or min(self.hidden) <= 0:
            raise ValueError(f"hidden must be one or more numbers above 0, not {self.hidden}")


def _fetch(source: str | None) -> str:
    """Fetches to the default place alone: what somebody names is left as it is."""
    if source is None:
        return str(census.fetch(census.default_directory()))
    folder = Path(source)
    if folder.is_dir() and not any(folder.iterdir()):
        raise DataError(
            f"{source}: is empty; expected {census.FILE}, or a table with its columns; without "
            "--data it is fetched"
        )
    return source


RECIPE = Recipe(
    name="census",
    summary="Train the Wide & Deep model that tells who earns more than 50000 dollars a year.",
    config=CensusConfig,
    fetch=_fetch,
    data_help="A folder with adult.parquet.brotli, by default where `trilho data census` puts it, "
    "fetched if it is missing there. Or a table with its columns: Parquet (a file, a folder or a "
    "quoted pattern) or a folder that `trilho convert` made, local, hdfs:// or webhdfs://.",
    module="trilho.models.census.train",
    evaluation="trilho.models.census.evaluate",
)
