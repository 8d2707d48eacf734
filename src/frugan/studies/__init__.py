"""Recipes over seeds and settings, with error bars. Adding a study is adding a function and its line here."""

from collections.abc import Callable
from functools import partial

from frugan.recipes.noisy_scale_space import DATASETS
from frugan.studies import noisy_scale_space as nss
from frugan.studies.definition import Study
from frugan.system.errors import UserError, did_you_mean

STUDIES: dict[str, Callable[[], Study]] = {
    "nss-small": nss.small,
    "nss-small-stress": nss.small_stress,
    "nss-small-sigma": nss.small_sigma,
    "nss-table1": nss.table1,
    "nss-figure3": nss.figure3,
    "nss-stylegan2-metfaces512": partial(nss.stylegan2, "metfaces512"),
    "nss-stylegan2-ffhq512": partial(nss.stylegan2, "ffhq512"),
    **{f"nss-table2-{dataset}": partial(nss.table2, dataset) for dataset in DATASETS},
    **{f"nss-table4-{dataset}": partial(nss.table4, dataset) for dataset in DATASETS},
}


def find_study(name: str) -> Study:
    """
    Raises:
        UserError: no study of that name.
    """
    if name not in STUDIES:
        raise UserError(f"study {name}: unknown{did_you_mean(name, [*STUDIES, 'nss-hadamard'])}")
    return STUDIES[name]()
