"""StyleGAN3-T, and AnyresGAN, which stands on it: the papers' trainings, and small ones for a CPU."""

from dataclasses import replace

from frugan.config.schema import RunConfig
from frugan.config.spec import Spec
from frugan.networks.stylegan3 import StyleGAN3Generator
from frugan.recipes import creps

_NETWORK = {"latent_dim": 64, "style_dim": 128, "layers": 6, "channel_base": 768, "channel_max": 64, "margin": 4}
SMALL = {"stylegan3-small": Spec(StyleGAN3Generator, **_NETWORK, magnitude_kimg=0.5)}


def small(name: str) -> RunConfig:
    """One of SMALL, trained as `stylegan2-small` is."""
    like = creps.small("stylegan2-small")
    return replace(like, recipe=name, sampler=replace(like.sampler, generator=SMALL[name]))
