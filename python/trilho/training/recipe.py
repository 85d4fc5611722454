"""What a model's folder says of itself before TensorFlow is loaded."""

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import trilho.models
from trilho.training.config import TrainingConfig

if TYPE_CHECKING:
    from trilho.evaluation.evaluation import Evaluation
    from trilho.training.job import Job

__all__ = ["Recipe", "find_recipes"]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A model that `trilho train` can make: RECIPE in its folder's config.py.

    Neither this nor what it refers to imports TensorFlow, but for `module`.

    Attributes:
        name: The model's, its folder's and the command's name.
        summary: What the command does, a sentence.
        config: The options, all with defaults.
        fetch: Takes what --data says, None if not given; returns where the data is: a folder, or
            whatever `prepare` reads, such as a URL. Not given, what is missing is fetched; what
            somebody names is left as it is, and raises DataError if it is no such data.
        data_help: What --data is.
        module: Has `prepare(config, source) -> Job`, e.g. "trilho.models.mnist.train", `source`
            being what `fetch` returns.
        evaluation: Has `evaluation(config, source, *, rows) -> Evaluation`, e.g.
            "trilho.models.mnist.evaluate"; None for a model without.
    """

    name: str
    summary: str
    config: type[TrainingConfig]
    fetch: Callable[[str | None], str]
    data_help: str
    module: str
    evaluation: str | None = None

    def prepare(self, config: TrainingConfig, source: str) -> "Job":
        """Reads the data and tells how to train; see `Job`."""
        prepare = importlib.import_module(self.module).prepare
        return cast("Job", prepare(config, source))

    def prepare_evaluation(self, config: TrainingConfig, source: str, *, rows: int) -> "Evaluation":
        """Reads the test split and makes calls of `rows` examples of it; see `Evaluation`.

        Raises:
            ValueError: The recipe has no `evaluation`.
        """
        if self.evaluation is None:
            raise ValueError(f"{self.name} does not say how it is evaluated")
        make = importlib.import_module(self.evaluation).evaluation
        return cast("Evaluation", make(config, source, rows=rows))


def find_recipes() -> dict[str, Recipe]:
    """Returns the recipes of the folders in trilho/models, by name."""
    recipes = {}
    for folder in pkgutil.iter_modules(trilho.models.__path__):
        module = f"trilho.models.{folder.name}.config"
        if folder.ispkg and importlib.util.find_spec(module) is not None:
            recipe: Recipe = importlib.import_module(module).RECIPE
            recipes[recipe.name] = recipe
    return recipes
