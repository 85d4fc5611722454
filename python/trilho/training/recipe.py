"""What a model's folder says of itself before TensorFlow is loaded, and where such are found."""

import importlib
import importlib.metadata
import importlib.util
import os
import pkgutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import trilho.models
from trilho.errors import TrilhoError
from trilho.training.config import TrainingConfig

if TYPE_CHECKING:
    from trilho.evaluation.evaluation import Evaluation
    from trilho.training.job import Job

__all__ = ["GROUP", "Recipe", "RecipeError", "find_recipe", "find_recipes", "recipe_names"]

# The entry points by which installed packages bring recipes: NAME = "MODULE:RECIPE".
GROUP = "trilho.models"
_CONFIG = "config"
_ATTRIBUTE = "RECIPE"


class RecipeError(TrilhoError):
    """A module or package has no recipe that could be used."""


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


def recipe_names(modules: Sequence[str] = ()) -> list[str]:
    """Returns the names by which `find_recipe` finds recipes, sorted.

    Args:
        modules: Modules that have recipes, besides trilho's own and those of installed packages.

    Raises:
        RecipeError: One of the modules has none.
    """
    given = [_of_given(module).name for module in modules]
    return sorted({*_own(), *(point.name for point in _entry_points()), *given})


def find_recipe(name: str, modules: Sequence[str] = ()) -> Recipe | None:
    """Finds a recipe: of the modules, of trilho, or of an installed package's entry point.

    Others than the one that is asked for are not loaded, and do no harm if they are broken.

    Args:
        name: The model's name.
        modules: Modules whose recipes come first: the folder that somebody works in may be
            installed, too. A package has its recipe in its module config.

    Returns:
        The recipe; None if there is none.

    Raises:
        RecipeError: A module has no recipe, cannot be imported, or several packages have a recipe
            of this name.
    """
    for module in modules:
        recipe = _of_given(module)
        if recipe.name == name:
            return recipe
    if name in _own():
        return _of_module(f"{trilho.models.__name__}.{name}")
    points = [point for point in _entry_points() if point.name == name]
    if len({point.value for point in points}) > 1:
        places = " and ".join(sorted(point.value for point in points))
        raise RecipeError(f'two packages have a recipe "{name}": {places}; --module chooses one')
    return _of_entry_point(points[0]) if points else None


def find_recipes() -> dict[str, Recipe]:
    """Returns the recipes of the folders in trilho/models, by name."""
    return {name: _of_module(f"{trilho.models.__name__}.{name}") for name in _own()}


def _own() -> list[str]:
    folders = pkgutil.iter_modules(trilho.models.__path__)
    prefix = trilho.models.__name__
    return [
        folder.name
        for folder in folders
        if folder.ispkg and importlib.util.find_spec(f"{prefix}.{folder.name}.{_CONFIG}")
    ]


def _entry_points() -> list[importlib.metadata.EntryPoint]:
    return list(importlib.metadata.entry_points(group=GROUP))


def _of_entry_point(point: importlib.metadata.EntryPoint) -> Recipe:
    where = f'the entry point {point.name} = "{point.value}" of {GROUP}'
    try:
        recipe = point.load()
    except (ImportError, AttributeError) as error:
        raise RecipeError(f"{where} cannot be loaded: {error}") from error
    if not isinstance(recipe, Recipe) or recipe.name != point.name:
        found = f'the recipe "{recipe.name}"' if isinstance(recipe, Recipe) else f"{recipe!r}"
        raise RecipeError(f'{where}: expected the recipe "{point.name}", found {found}')
    return recipe


def _of_given(name: str) -> Recipe:
    """Returns the recipe of a module that is named, in the working folder or installed."""
    if os.sep in name or name.endswith(".py"):
        raise RecipeError(
            f"{name} is a path: expected the name of a module or package, e.g. card_fraud, from "
            "the folder that it is in"
        )
    here = os.getcwd()  # noqa: PTH109 - sys.path has strings
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        return _of_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise RecipeError(f"{name} cannot be imported: {error}") from error
        raise RecipeError(
            f'there is no module "{error.name}" in {here}, and none is installed'
        ) from error


def _of_module(name: str) -> Recipe:
    module = importlib.import_module(name)
    if not hasattr(module, _ATTRIBUTE) and hasattr(module, "__path__"):
        config = f"{name}.{_CONFIG}"
        module = importlib.import_module(config) if importlib.util.find_spec(config) else module
    recipe = getattr(module, _ATTRIBUTE, None)
    if not isinstance(recipe, Recipe):
        raise RecipeError(f"{module.__name__} has no {_ATTRIBUTE} that is a recipe of trilho")
    return recipe
