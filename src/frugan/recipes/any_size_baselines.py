"""The generators that CREPS is compared with, at their papers' sizes: CIPS, INR-GAN and ScaleParty on FFHQ.

All three use StyleGAN2's discriminator, non-saturating loss and R1 of gamma 10, Adam (0, .99) at .002. What differs is
stated with each. FID on FFHQ: CIPS 4.38 and INR-GAN 9.57 at 256 x 256, both as INR-GAN's paper says; ScaleParty 6.23 at
512 x 512 and 10.91 at 1024, as CREPS's table 3 says.
"""

from dataclasses import dataclass, replace

from frugan.config.schema import PenaltyConfig, RunConfig
from frugan.config.spec import Spec
from frugan.networks.cips import CIPSGenerator
from frugan.networks.inr_gan import INRGANGenerator
from frugan.networks.scale_party import ScalePartyGenerator
from frugan.objectives.path_length import PathLength
from frugan.objectives.penalties import r1
from frugan.recipes import creps


@dataclass(frozen=True)
class Training:
    """One of the papers' trainings.

    Attributes:
        kimg: CIPS 1.2 million steps of 32; INR-GAN 25,000 as StyleGAN2-ADA; ScaleParty 625,000 steps of 32.
        path_length: weight of path length regularisation.
        smallest_window: of the random windows that it is trained on.
    """

    generator: Spec
    kimg: float
    batch: int
    path_length: float = 0.0
    smallest_window: float = 1.0


PAPER = {
    "cips-ffhq-256": Training(Spec(CIPSGenerator, noise=True), kimg=38_400, batch=32),
    # Its batch is not stated; 64 is StyleGAN2-ADA's for 8 GPUs at 256.
    "inr-gan-ffhq-256": Training(Spec(INRGANGenerator, mapping_layers=2), kimg=25_000, batch=64),
    # Published with noise, and with windows of up to 1.1 times the picture.
    "scaleparty-ffhq-256": Training(
        Spec(ScalePartyGenerator), kimg=20_000, batch=32, path_length=2.0, smallest_window=0.6
    ),
}


def paper(name: str) -> RunConfig:
    """One of PAPER, on images of yours that are at least 256 x 256."""
    training, like = PAPER[name], creps.paper("creps-lsun-church")
    path_length = PenaltyConfig(Spec(PathLength), weight=training.path_length, every=4)
    sampler = replace(
        like.sampler,
        generator=training.generator,
        penalties=(PenaltyConfig(Spec(r1), weight=10.0, every=16),),
        generator_penalties=(path_length,) if training.path_length else (),
        smallest_window=training.smallest_window,
        schedule=replace(like.sampler.schedule, kimg=training.kimg, batch=training.batch, ema_halflife=10.0),
    )
    return replace(like, recipe=name, sampler=sampler)
