"""Commands that are there for each recipe, and the option that brings recipes of one's own."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import click

from trilho.training.recipe import Recipe, RecipeError, find_recipe, recipe_names

__all__ = ["RecipeGroup", "module_option"]

_MODULES = "trilho.cli.modules"


def _keep(ctx: click.Context, _: click.Parameter, modules: tuple[str, ...]) -> None:
    ctx.meta[_MODULES] = modules


# Eager, so that --help behind it lists these recipes, too.
module_option = click.option(
    "--module",
    multiple=True,
    metavar="MODULE",
    is_eager=True,
    expose_value=False,
    callback=_keep,
    help="A module or package with a RECIPE, from this folder or installed, e.g. what `trilho "
    "new-service` has written; before the model's name. May be repeated.",
)


class RecipeGroup(click.Group, ABC):
    """A command for each recipe."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Lists the models."""
        return recipe_names(_modules(ctx))

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Makes a model's command; of a broken recipe one that says what is wrong with it."""
        modules = _modules(ctx)
        try:
            recipe = find_recipe(name, modules)
        except RecipeError as error:
            return _broken(name, error)
        return None if recipe is None else self.make_command(recipe, modules)

    @abstractmethod
    def make_command(self, recipe: Recipe, modules: Sequence[str]) -> click.Command | None:
        """Makes the command of a recipe; None if this group has none for it.

        Args:
            recipe: The recipe.
            modules: What --module says, for processes that are to find it, too.
        """


def _modules(ctx: click.Context) -> tuple[str, ...]:
    modules: tuple[str, ...] = ctx.meta.get(_MODULES, ())
    return modules


def _broken(name: str, error: RecipeError) -> click.Command:
    def fail(**_: object) -> None:
        raise error

    settings = {"ignore_unknown_options": True, "allow_extra_args": True}
    return click.Command(
        name,
        callback=fail,
        help=f"(cannot be loaded) {error}",
        context_settings=settings,
    )
