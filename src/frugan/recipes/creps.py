"""CREPS, and the generators it is compared with: the paper's trainings, and small ones for a CPU or one GPU.

FID of 50,000 samples in the paper's table 3: FFHQ-512 4.43, FFHQ-1024 4.09 (the 512 px model rendered at twice its
size), LSUN church 256 5.50 (ScaleParty 6.23, 10.91, none; AnyresGAN 3.71, 4.06, 3.84). Its batches and weights of R1
are stated for FFHQ alone; those of the others follow StyleGAN2's rule of thumb, gamma = .0002 side^2 / batch. All are
trained for 25,000 kimg with ADA; MetFaces continues a generator of FFHQ-512 at twice the coordinates: `--from`
its run.

Table 4, FFHQ-128, 25,000 kimg (FID, memory, seconds an image): lines composed once 8.23; at each level without
decoders 6.91, 1.7 GB, .03; decoders with D = 4 6.46, 1.6, .03; with D = 8 4.66, 1.7, .04.
"""

from dataclasses import dataclass, field, replace

from frugan.codecs.identity import IdentityCodec
from frugan.config.schema import (
    DataConfig,
    EvaluationConfig,
    OptimizerConfig,
    PenaltyConfig,
    RunConfig,
    SamplerConfig,
    ScheduleConfig,
)
from frugan.config.spec import Spec
from frugan.networks.cips import CIPSGenerator
from frugan.networks.creps import CREPSGenerator
from frugan.networks.creps_per_pixel import PerPixelCREPSGenerator
from frugan.networks.inr_gan import INRGANGenerator
from frugan.networks.scale_party import ScalePartyGenerator
from frugan.networks.stylegan2 import StyleGAN2Discriminator, StyleGAN2Generator
from frugan.objectives.losses import non_saturating
from frugan.objectives.path_length import PathLength
from frugan.objectives.penalties import r1
from frugan.objectives.scale_consistency import ScaleConsistency
from frugan.recipes.not_so_big_gan import nsb_gan_w_dcgan
from frugan.stabilizers.ada import ADA
from frugan.stabilizers.base import NoStabilizer

CREPS = Spec(CREPSGenerator)


@dataclass(frozen=True)
class Training:
    """One of the paper's: the images' side, batch and the weight of R1.

    Attributes:
        levels: of the generator, where it comes from a training at another size.
        transfer: it goes on from FFHQ-512 with ADA, whose speed is then 100 kimg, without a ramp of the average.
        generator: what an ablation changes.
    """

    side: int
    batch: int
    gamma: float
    levels: int = 0
    transfer: bool = False
    generator: Spec = field(default_factory=lambda: CREPS)


# Batch and gamma of 128, 512 and 1024 are the supplement's. It says nothing of 256: ours lie between its neighbours, at
# the geometric means. Only the transfers have ADA.
PAPER = {
    "creps-ffhq-128": Training(128, 128, 0.5),
    # Table 4: lines composed once, at the end; at each level, without decoders; half as thick; and none (CREPS-NB).
    "creps-ffhq-128-bi-line": Training(128, 128, 0.5, generator=CREPS.replace(layerwise=False)),
    "creps-ffhq-128-no-decoders": Training(128, 128, 0.5, generator=CREPS.replace(decodes=False)),
    "creps-ffhq-128-thin": Training(128, 128, 0.5, generator=CREPS.replace(thickness=4)),
    "creps-ffhq-128-nb": Training(128, 128, 0.5, generator=Spec(PerPixelCREPSGenerator, decodes=False)),
    "creps-ffhq-512": Training(512, 32, 10.0),
    # Table 3's 1024 is the 512 model, rendered at twice the size; this trains at 1024, with the supplement's settings.
    "creps-ffhq-1024": Training(1024, 8, 32.0),
    "creps-lsun-church": Training(256, 64, 2.2),
    "creps-scenery": Training(256, 64, 2.2),
    "creps-metfaces-1024": Training(1024, 8, 32.0, levels=7, transfer=True),
    "creps-afhq-dog-1024": Training(1024, 8, 32.0, levels=7, transfer=True),
}
_NETWORK = {"latent_dim": 64, "style_dim": 128, "mapping_layers": 2, "channel_base": 2048}
# The paper's 10 cycles a picture are for 128 pixels and more. At 32 they reach beyond what the pixels can show, and
# what lies between the pixels is arbitrary: FD on flowers is 43.5 after 16 kimg and 11.5 after 48, against 26.9 and
# 13.4 with 2.5 cycles, 16.3 and 10.0 with 1.25 (one seed each); pictures of 64 and 128 pixels agree by 37, 46, 46 dB.
_LINES = {**_NETWORK, "channel_max": 128, "line_channels": 16, "bandwidth": 1.25}
_CONSISTENT = PenaltyConfig(Spec(ScaleConsistency), weight=10.0, every=2)  # weight and interval: ours, the first tried
_SMALLEST_WINDOW = 0.6  # ScaleParty's; its largest, 1.1, would show what lies beyond the picture
SMALL = {
    "creps-small": Spec(CREPSGenerator, **_LINES),
    "creps-small-consistent": Spec(CREPSGenerator, **_LINES),
    "creps-small-thin": Spec(CREPSGenerator, **_LINES, thickness=4),
    "creps-small-no-decoders": Spec(CREPSGenerator, **_LINES, decodes=False),
    "creps-small-bi-line": Spec(CREPSGenerator, **_LINES, layerwise=False),
    "creps-small-per-pixel": Spec(PerPixelCREPSGenerator, **_LINES),
    "creps-small-nb": Spec(PerPixelCREPSGenerator, **_LINES, decodes=False),
    "cips-small": Spec(CIPSGenerator, **_NETWORK, channel_max=140),
    "stylegan2-small": Spec(StyleGAN2Generator, **_NETWORK, channel_max=90, style_mixing=0.0),
    "inr-gan-small": Spec(INRGANGenerator, **_NETWORK, channel_max=64, rank=3),
    "scaleparty-small": Spec(ScalePartyGenerator, **_NETWORK, channel_max=104, style_mixing=0.0),
}


WAVELET = {
    "creps-w": "creps-small",
    "stylegan2-w-small": "stylegan2-small",
}


def paper(name: str) -> RunConfig:
    """One of PAPER, on images of yours that are large enough."""
    training = PAPER[name]
    adam = OptimizerConfig(lr=2e-3, beta1=0.0, beta2=0.99, lazy=True)
    return RunConfig(
        recipe=name,
        data=DataConfig(source="", resolution=training.side),
        codec=Spec(IdentityCodec),
        sampler=SamplerConfig(
            generator=training.generator.replace(levels=training.levels),
            discriminator=Spec(StyleGAN2Discriminator),
            stabilizer=Spec(ADA, kimg=100.0) if training.transfer else Spec(NoStabilizer),
            loss=Spec(non_saturating),
            penalties=(PenaltyConfig(Spec(r1), weight=training.gamma, every=16),),
            generator_penalties=(PenaltyConfig(Spec(PathLength), weight=2.0, every=4),),
            generator_optimizer=adam,
            discriminator_optimizer=adam,
            schedule=ScheduleConfig(
                kimg=5000 if training.transfer else 25_000,
                batch=training.batch,
                log_every=4.0,
                snapshots=25,
                ema_halflife=training.batch * 10 / 32,
                ema_rampup=0.0 if training.transfer else 0.05,
            ),
        ),
        evaluation=EvaluationConfig(features="inception", samples=50_000, preview_size=128),
    )


def small(name: str) -> RunConfig:
    """One of SMALL: alike but for the generator, so that they can be compared, and what its name says."""
    adam = OptimizerConfig(lr=2e-3, beta1=0.0, beta2=0.99, decay=0.3)
    return RunConfig(
        recipe=name,
        data=DataConfig(source="", resolution=32),
        codec=Spec(IdentityCodec),
        sampler=SamplerConfig(
            generator=SMALL[name],
            discriminator=Spec(StyleGAN2Discriminator, channel_base=1536, channel_max=96),
            stabilizer=Spec(NoStabilizer),
            loss=Spec(non_saturating),
            smallest_window=_SMALLEST_WINDOW if name == "scaleparty-small" else 1.0,
            penalties=(PenaltyConfig(Spec(r1), weight=0.1, every=8),),
            generator_penalties=(_CONSISTENT,) if name == "creps-small-consistent" else (),
            generator_optimizer=adam,
            discriminator_optimizer=adam,
            schedule=ScheduleConfig(kimg=120, batch=16, log_every=1.0, snapshots=10, ema_halflife=5.0),
        ),
        evaluation=EvaluationConfig(preview_size=32),
    )


def wavelet(name: str) -> RunConfig:
    """One of WAVELET: the small generator of that name draws 32 x 32 wavelet codes of 128 x 128 images."""
    return replace(nsb_gan_w_dcgan(), recipe=name, sampler=small(WAVELET[name]).sampler)
