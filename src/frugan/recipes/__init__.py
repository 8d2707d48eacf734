"""Complete configurations to begin from: one file a paper, one function a table row, one row of `table` each.

The table imports no torch, so that it can be listed and searched at once; a recipe's file is imported when it is built.
"""

from frugan.config.schema import RunConfig
from frugan.recipes.recipe import Recipe
from frugan.recipes.table import GROUPS
from frugan.system.errors import ArgumentError, did_you_mean

__all__ = ["GROUPS", "RECIPES", "Recipe", "check_recipe", "find_recipe"]

RECIPES: dict[str, Recipe] = {name: recipe for group in GROUPS.values() for name, recipe in group.items()}


def check_recipe(name: str) -> str:
    """
    Raises:
        ArgumentError: no recipe of that name.
    """
    if name not in RECIPES:
        raise ArgumentError("recipe", f"unknown{did_you_mean(name, RECIPES)}. `frugan recipes` lists them", name)
    return name


def find_recipe(name: str) -> RunConfig:
    """
    Raises:
        ArgumentError: no recipe of that name.
    """
    return RECIPES[check_recipe(name)].build()
