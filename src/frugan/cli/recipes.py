"""`frugan recipes`: what there is to begin from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from tyro.conf import Positional, arg

from frugan.cli.terminal import show
from frugan.cli.verb import run_verb
from frugan.config.published import in_words
from frugan.config.yaml import dump
from frugan.recipes import GROUPS, RECIPES, find_recipe


@dataclass(frozen=True)
class Flags:
    """List the recipes, or print one recipe with all settings, as YAML for `frugan train --config`.

    Args:
        recipe: Recipe to print in full.
    """

    recipe: Annotated[Positional[str], arg(metavar="NAME")] = ""


def run(arguments: Sequence[str]) -> int:
    """Entry point of the verb."""
    return run_verb(Flags, "recipes", arguments, _recipes)


def _recipes(flags: Flags) -> int:
    if flags.recipe:
        config = dump(find_recipe(flags.recipe)).rstrip("\n")
        paper = RECIPES[flags.recipe].paper
        show(f"# The paper reports: {in_words(paper)}.\n{config}" if paper else config)
        return 0
    width = max(map(len, RECIPES))
    show(f"  {'recipe':<{width}} {'pixels':>6}  {'made for':<11} {'time':>7}")
    for title, recipes in GROUPS.items():
        show(f"\n{title}")
        for name, recipe in recipes.items():
            time = f"{recipe.minutes:.0f} min" if recipe.minutes else "GPU"
            show(f"  {name:<{width}} {recipe.side:>6}  {recipe.images:<11} {time:>7}  {recipe.summary}")
    show("\ntime: of training on two CPU cores, without the evaluation. GPU: made for a GPU, for days.")
    show(
        "`frugan recipes NAME` prints one in full. `frugan train DATA --recipe NAME --dry-run` estimates its time here."
    )
    return 0
