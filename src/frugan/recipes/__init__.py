"""Complete configurations to begin from: one file a paper, one function a table row, one line here each."""

from collections.abc import Callable

from frugan.config import RunConfig, did_you_mean
from frugan.errors import UserError
from frugan.recipes import noisy_scale_space as nss
from frugan.recipes.not_so_big_gan import nsb_gan_w_dcgan
from frugan.recipes.quickstart import quickstart

RECIPES: dict[str, Callable[[], RunConfig]] = {
    "quickstart": quickstart,
    "nsb-gan-w-dcgan": nsb_gan_w_dcgan,
    "dcgan-gan": nss.dcgan_gan,
    "dcgan-gan-gr": nss.dcgan_gan_gr,
    "dcgan-lsgan": nss.dcgan_lsgan,
    "dcgan-wgan-gp": nss.dcgan_wgan_gp,
    "dcgan-dragan": nss.dcgan_dragan,
    "dcgan-ss": nss.dcgan_ss,
    "dcgan-ns": nss.dcgan_ns,
    "dcgan-nss": nss.dcgan_nss,
}


def find_recipe(name: str) -> RunConfig:
    """
    Raises:
        UserError: no recipe of that name.
    """
    if name not in RECIPES:
        raise UserError(f"--recipe {name}: unknown{did_you_mean(name, RECIPES)}")
    return RECIPES[name]()
