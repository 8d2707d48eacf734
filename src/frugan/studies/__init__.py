"""Recipes over seeds and settings, with error bars. Adding a study is adding a function and its line here.

The table imports no torch; a study's file is imported when it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from frugan.system.errors import ArgumentError, did_you_mean

if TYPE_CHECKING:
    from frugan.studies.base import StudyKind

_DATASETS = ("celeba", "lsun-church", "lsun-conference-room", "flowers102")  # of the NSS paper's tables 2 and 4
# "module:function" of this room, and what the function is given.
STUDIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "contest": ("contest:contest", ()),
    "nsb": ("not_so_big_gan:paper", ()),
    "nsb-small": ("not_so_big_gan:small", ()),
    "creps": ("creps:paper", ()),
    "creps-small": ("creps:small", ()),
    "nss-small": ("noisy_scale_space:small", ()),
    "nss-small-stress": ("noisy_scale_space:small_stress", ()),
    "nss-small-sigma": ("noisy_scale_space:small_sigma", ()),
    "nss-table1": ("noisy_scale_space:table1", ()),
    "nss-figure3": ("noisy_scale_space:figure3", ()),
    "nss-hadamard": ("hadamard_study:HadamardStudy", ()),
    "nss-stylegan2-metfaces512": ("noisy_scale_space:stylegan2", ("metfaces512",)),
    "nss-stylegan2-ffhq512": ("noisy_scale_space:stylegan2", ("ffhq512",)),
    **{f"nss-table2-{dataset}": ("noisy_scale_space:table2", (dataset,)) for dataset in _DATASETS},
    **{f"nss-table4-{dataset}": ("noisy_scale_space:table4", (dataset,)) for dataset in _DATASETS},
}


def check_study(name: str) -> str:
    """
    Raises:
        ArgumentError: no study of that name.
    """
    if name not in STUDIES:
        raise ArgumentError("study", f"unknown{did_you_mean(name, STUDIES)}", name)
    return name


def find_study(name: str) -> "StudyKind":
    """
    Raises:
        ArgumentError: no study of that name.
    """
    from frugan.studies.base import StudyKind
    from frugan.studies.recipe_study import RecipeStudy

    place, arguments = STUDIES[check_study(name)]
    module, _, function = place.partition(":")
    built: Any = getattr(import_module(f"frugan.studies.{module}"), function)(*arguments)
    return built if isinstance(built, StudyKind) else RecipeStudy(built)
