"""StyleGAN3-T, and AnyresGAN, which stands on it: the papers' trainings, and small ones for a CPU.

StyleGAN3 (Karras et al. 2021): batch 32, learning rates .0025 and .002, no path length, 25,000 kimg; the weights of R1
follow the rule .001 side^2 / batch of its published settings. AnyresGAN (Chai et al. 2022) trains it on whole
pictures, then on patches of photos of mixed size. Its FID: FFHQ-512 3.71, FFHQ-1024 4.06, LSUN church 256 3.84. The
length of the second phase, as long as the first, is ours.

The small ones are CREPS's in all but the generator. They have six layers and four samples beyond the picture instead of
fourteen and ten, which at 32 x 32 would be most of what is computed.
"""

from dataclasses import dataclass, replace

from frugan.config.schema import OptimizerConfig, PatchConfig, PenaltyConfig, RunConfig
from frugan.config.spec import Spec
from frugan.networks.anyres import AnyresGANGenerator
from frugan.networks.stylegan3 import StyleGAN3Generator
from frugan.objectives.penalties import r1
from frugan.objectives.perceptual import EfficientNetPerceptual
from frugan.recipes import creps


@dataclass(frozen=True)
class Training:
    """One of a paper's at 256 x 256: the generator, its photos' largest side where it is trained on patches."""

    generator: Spec
    kimg: float
    patches: PatchConfig | None = None


# What AnyresGAN measures with LPIPS is measured with a network that every installation has.
_PERCEPTUAL = Spec(EfficientNetPerceptual)
PAPER = {
    "stylegan3-t-256": Training(Spec(StyleGAN3Generator, channel_base=16384), kimg=25_000),
    "anyres-ffhq": Training(
        Spec(AnyresGANGenerator, channel_base=16384, closest=4.0),
        kimg=50_000,
        patches=PatchConfig(largest=1024, perceptual=_PERCEPTUAL),
    ),
}
_NETWORK = {"latent_dim": 64, "style_dim": 128, "layers": 6, "channel_base": 768, "channel_max": 64, "margin": 4}
_SMALL_NETWORK = {**_NETWORK, "magnitude_kimg": 0.5}  # a small training is over before 20 kimg
SMALL = {
    "stylegan3-small": Spec(StyleGAN3Generator, **_SMALL_NETWORK),
    "anyres-small": Spec(AnyresGANGenerator, **_SMALL_NETWORK, closest=4.0),
}
_SMALL_PATCHES = PatchConfig(largest=128, perceptual=_PERCEPTUAL)


def paper(name: str) -> RunConfig:
    """One of PAPER, on images of yours that are large enough."""
    training, like = PAPER[name], creps.paper("creps-lsun-church")
    side, batch = like.data.shape.height, 32
    sampler = replace(
        like.sampler,
        generator=training.generator,
        penalties=(PenaltyConfig(Spec(r1), weight=0.001 * side**2 / batch, every=16),),
        generator_penalties=(),
        generator_optimizer=OptimizerConfig(lr=2.5e-3, beta1=0.0, beta2=0.99),
        schedule=replace(like.sampler.schedule, kimg=training.kimg, batch=batch, ema_halflife=batch * 10 / 32),
        patches=training.patches,
    )
    return replace(like, recipe=name, sampler=sampler)


def small(name: str) -> RunConfig:
    """One of SMALL, trained as `stylegan2-small` is."""
    like = creps.small("stylegan2-small")
    patches = _SMALL_PATCHES if name == "anyres-small" else None
    return replace(like, recipe=name, sampler=replace(like.sampler, generator=SMALL[name], patches=patches))
