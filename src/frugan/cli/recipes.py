"""`frugan recipes`: what there is to begin from."""

from collections.abc import Sequence
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.flags import parse
from frugan.config.yaml import dump
from frugan.recipes import RECIPES, find_recipe


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return parse(command, "recipes", arguments)


def command(name: Annotated[Positional[str], arg(metavar="NAME")] = "", /) -> int:
    """List the recipes, or print one with every setting, as YAML that `frugan train --config` takes.

    Args:
        name: the recipe to show in full.
    """
    if name:
        print(dump(find_recipe(name)), end="")
        return 0
    width = max(map(len, RECIPES))
    for known, recipe in RECIPES.items():
        print(f"{known:<{width}} {recipe.summary}")
    return 0
