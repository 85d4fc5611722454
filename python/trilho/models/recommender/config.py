"""What the recommender is trained with."""

import dataclasses

from trilho.data import cache
from trilho.training.config import TrainingConfig
from trilho.training.recipe import Recipe

__all__ = ["RECIPE", "RecommenderConfig"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecommenderConfig(TrainingConfig):
    """The options of a training run; the same ones give the same model.

    Attributes:
        steps: How many batches of next items to train the retrieval model with at most.
        batch_size: Next items a batch.
        learning_rate: Adam's, of the retrieval model.
        history_length: How many items of a history, the last ones, are looked at.
        dimensions: Of the towers' embeddings.
        means: How many differently weighted means of a history are taken.
        dropout: The share of the hidden units that a training step leaves out, 0 to 1; of all
            three models.
        history_dropout: The share of a history's items that it leaves out, 0 to 1.
        ranker_steps: How many batches of next items to train the ranker with at most.
        ranker_learning_rate: Adam's, of the ranker.
        ranker_depth: How many of the items that the retrieval model scores best the ranker ranks.
        ranker_negatives: How many of these the next item is told from in training.
        ranker_weight: How much the ranker's score counts beside the retrieval model's.
        ranker_dimensions: Of the ranker's embeddings.
        ranker_hidden: Units of its first hidden layer; the second has half as many.
        ranker_crossings: How many weights its crossings of two items have.
        rating_steps: How many batches of ratings to train the rating model with at most.
        rating_batch_size: Ratings a batch.
        rating_learning_rate: AdamW's, of the rating model.
        rating_weight_decay: AdamW's.
        factors: Of the rating model's users and items.
        hidden: Units of the rating model's first hidden layer; the second has half as many.
        user_dropout: The share of the users that a training step takes for unknown ones, 0 to 1.
        compare: Whether popularity, ALS, neighbours of items, EASE and transitions are tuned and
            measured as well, with intervals.
    """

    steps: int = 2200
    batch_size: int = 512
    learning_rate: float = 0.002
    # The rating model learns the ratings by heart.
    patience: int = 4
    validations: int = 12
    history_length: int = 50
    dimensions: int = 64
    means: int = 4
    dropout: float = 0.3
    history_dropout: float = 0.2
    ranker_steps: int = 400
    ranker_learning_rate: float = 0.0015
    ranker_depth: int = 100
    ranker_negatives: int = 31
    ranker_weight: float = 0.5
    ranker_dimensions: int = 32
    ranker_hidden: int = 64
    ranker_crossings: int = 65536
    rating_steps: int = 700
    rating_batch_size: int = 1024
    rating_learning_rate: float = 0.003
    rating_weight_decay: float = 1.0
    factors: int = 32
    hidden: int = 64
    user_dropout: float = 0.05
    compare: bool = False

    def __post_init__(self) -> None:
        """Checks the options.

        Raises:
            ValueError: One is out of its range.
        """
        super().__post_init__()
        self.check_positive("history_length", "dimensions", "means", "factors")
        self.check_positive("ranker_steps", "ranker_learning_rate", "ranker_negatives")
        self.check_positive("ranker_weight", "ranker_dimensions", "ranker_crossings")
        self.check_positive("rating_steps", "rating_batch_size", "rating_learning_rate")
        self.check_share("dropout", "history_dropout", "user_dropout")
        if self.rating_weight_decay < 0:
            raise ValueError(
                f"rating_weight_decay must be at least 0, not {self.rating_weight_decay}"
            )
        if self.ranker_depth < 2:  # noqa: PLR2004 - an item and another one
            raise ValueError(f"ranker_depth must be at least 2, not {self.ranker_depth}")
        self._check_halves("hidden", "ranker_hidden")

    def _check_halves(self, *names: str) -> None:
        for name in names:
            units = getattr(self, name)
            if units < 2 or units % 2:  # noqa: PLR2004 - the second layer has half
                raise ValueError(f"{name} must be even and more than 0, not {units}")


def _fetch(source: str | None) -> str:
    # Only now, as this imports pyarrow.
    from trilho.data import movielens  # noqa: PLC0415

    if source is None:
        return str(movielens.fetch(movielens.default_directory()))
    return str(cache.given_directory(source, movielens.FILES))


RECIPE = Recipe(
    name="recommender",
    summary="Train three networks on MovieLens-100k: what to watch next, what of it first, and how "
    "it will be rated.",
    config=RecommenderConfig,
    fetch=_fetch,
    data_help="A folder with the three MovieLens files; by default where `trilho data movielens` "
    "puts them, fetched if they are missing there.",
    module="trilho.models.recommender.train",
    evaluation="trilho.models.recommender.evaluate",
)
