"""Complete configurations to begin from: one file a paper, one function a table row, one line here each."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from frugan.config.schema import RunConfig
from frugan.recipes import creps, decoders
from frugan.recipes import noisy_scale_space as nss
from frugan.recipes import not_so_big_gan_samplers as samplers
from frugan.recipes import stylegan2_noisy_scale_space as sg2
from frugan.recipes.not_so_big_gan import nsb_gan_w_dcgan
from frugan.recipes.quickstart import quickstart
from frugan.system.errors import UserError, did_you_mean


class Recipe(NamedTuple):
    """A configuration, and what it is in one line."""

    build: Callable[[], RunConfig]
    summary: str


def _documented(build: Callable[[], RunConfig]) -> Recipe:
    return Recipe(build, (build.__doc__ or "").strip().splitlines()[0])


RECIPES: dict[str, Recipe] = {
    "quickstart": _documented(quickstart),
    "nsb-gan-w-dcgan": _documented(nsb_gan_w_dcgan),
    **{name: Recipe(partial(decoders.paper, name), decoders.PAPER[name]) for name in decoders.PAPER},
    **{f"{name}-small": Recipe(partial(decoders.small, name), decoders.SMALL[name]) for name in decoders.SMALL},
    **{name: Recipe(partial(samplers.paper, name), samplers.PAPER[name]) for name in samplers.PAPER},
    **{name: Recipe(partial(samplers.small, name), samplers.SMALL[name]) for name in samplers.SMALL},
    **{name: Recipe(partial(creps.paper, name), row.summary) for name, row in creps.PAPER.items()},
    **{name: Recipe(partial(creps.small, name), creps.SMALL[name][0]) for name in creps.SMALL},
    **{name: Recipe(partial(creps.wavelet, name), creps.WAVELET[name][0]) for name in creps.WAVELET},
    "dcgan-gan": _documented(nss.dcgan_gan),
    "dcgan-gan-gr": _documented(nss.dcgan_gan_gr),
    "dcgan-lsgan": _documented(nss.dcgan_lsgan),
    "dcgan-wgan-gp": _documented(nss.dcgan_wgan_gp),
    "dcgan-dragan": _documented(nss.dcgan_dragan),
    "dcgan-ss": _documented(nss.dcgan_ss),
    "dcgan-ns": _documented(nss.dcgan_ns),
    "dcgan-nss": _documented(nss.dcgan_nss),
    **{name: Recipe(partial(sg2.stylegan2, name), row.summary) for name, row in sg2.ROWS.items()},
}


def find_recipe(name: str) -> RunConfig:
    """
    Raises:
        UserError: no recipe of that name.
    """
    if name not in RECIPES:
        raise UserError(f"--recipe {name}: unknown{did_you_mean(name, RECIPES)}")
    return RECIPES[name].build()
