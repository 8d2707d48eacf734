"""The samplers of not-so-big-GAN with their decoders, on labelled images of yours at 256 x 256; and small ones.

Tables 1 and 4 of the paper, ImageNet at 256 x 256 (50,000 samples); "least" is over truncations, "most" over rejection:

    recipe              least FID / IS    FID / most IS    compute
    nsb-gan-p           32.66 / 89.81     33.61 / 96.12    8 days, 4 V100
    nsb-gan-w           21.82 / 119.8     27.52 / 219.4    7 days, 4 V100
    nsb-gan-w-unet      35.60 / 84.68     38.58 / 129.4    (the paper's row says Learned-P; its numbers are of W)
    biggan-256          > 200 / < 10                       7 days, 8 V100

The paper's table of settings has two rows exchanged: attention is at 32 x 32, and z has 128 numbers for BigGAN-deep,
120 for BigGAN. Adam's eps is 1e-6, as in the authors' programs.

Table 10 (LSUN church: FID 7.886, IS 2.784; 13.53 and 3.182 with a decoder of ImageNet) decodes a StyleGAN2 of 256 px
that was trained elsewhere; `nsb-gan-w-stylegan2` trains one on the codes, as the paper proposes. Tables 2 and 5 decode
public BigGANs: `frugan import`, then `frugan sample --decoder`.
"""

from dataclasses import replace

from frugan.codecs.identity import IdentityCodec
from frugan.codecs.pixel import PixelCodec
from frugan.config.schema import DataConfig, EvaluationConfig, OptimizerConfig, PenaltyConfig, RunConfig, ScheduleConfig
from frugan.config.spec import Spec
from frugan.networks.biggan import BigGANDiscriminator, BigGANGenerator
from frugan.networks.stylegan2 import StyleGAN2Discriminator, StyleGAN2Generator
from frugan.objectives.losses import hinge, non_saturating
from frugan.objectives.path_length import PathLength
from frugan.objectives.penalties import r1
from frugan.recipes import decoders
from frugan.recipes.not_so_big_gan import nsb_gan_w_dcgan
from frugan.stabilizers.base import NoStabilizer


def paper(name: str) -> RunConfig:
    """A row of the paper: 250,000 steps of batch 512 (2048 for the baseline); EMA of .9999 a step."""
    schedule = ScheduleConfig(kimg=128_000, batch=512, accumulate=2, log_every=50, snapshots=50, ema_halflife=3549)
    decoder = {"nsb-gan-p": "esrgan-p", "nsb-gan-w-unet": "unet-w"}.get(name, "esrgan-w")
    begun = decoders.paper(decoder)
    config = replace(
        begun,
        recipe=name,
        data=DataConfig(source="", resolution=256, classes=True),
        evaluation=EvaluationConfig(features="inception", samples=50_000, preview_size=64),
    )
    if name == "nsb-gan-p":
        return _biggan(config, replace(schedule, accumulate=4), channels=64, latent_dim=120, deep=False)
    if name == "biggan-256":
        pixels = replace(config, codec=Spec(IdentityCodec), decoder=None)
        # The baseline's batch is 2048, in 32 pieces of 64: four times as many images in as many steps.
        large = replace(schedule, kimg=512_000, batch=2048, accumulate=32, ema_halflife=4 * 3549)
        return _biggan(pixels, large, channels=64, latent_dim=119, deep=False)
    if name == "nsb-gan-w-stylegan2":
        return _stylegan2(config)
    return _biggan(config, schedule, channels=128, latent_dim=128, deep=True)


def small(name: str) -> RunConfig:
    """A small one: the same network, images, steps and rates in three spaces, to compare on a CPU or a small GPU.

    Rates are twice the paper's, which belong to batches 16 times as large and trainings 600 times as long.
    """
    config = replace(nsb_gan_w_dcgan(), recipe=name, data=DataConfig(source="", resolution=128, classes=True))
    if name == "nsb-gan-p-small":
        config = replace(config, codec=Spec(PixelCodec, levels=2))
    if name == "biggan-128-small":
        config = replace(config, codec=Spec(IdentityCodec), decoder=None)
    attention = 32 if name == "biggan-128-small" else 16
    schedule = ScheduleConfig(kimg=200, batch=32, log_every=1.0, snapshots=10, ema_halflife=10.0)
    config = _biggan(config, schedule, channels=16, latent_dim=64, deep=True, attention=attention, shared_dim=32)
    sampler = replace(
        config.sampler,
        generator_optimizer=replace(config.sampler.generator_optimizer, lr=2e-4),
        discriminator_optimizer=replace(config.sampler.discriminator_optimizer, lr=8e-4),
    )
    return replace(config, sampler=sampler)


def _biggan(
    config: RunConfig,
    schedule: ScheduleConfig,
    *,
    channels: int,
    latent_dim: int,
    deep: bool,
    attention: int = 32,
    shared_dim: int = 128,
) -> RunConfig:
    adam = OptimizerConfig(lr=1e-4, beta1=0.0, beta2=0.999, eps=1e-6)
    common = {"channels": channels, "deep": deep, "attention": attention}
    sampler = replace(
        config.sampler,
        generator=Spec(BigGANGenerator, latent_dim=latent_dim, shared_dim=shared_dim, **common),
        discriminator=Spec(BigGANDiscriminator, **common),
        stabilizer=Spec(NoStabilizer),
        loss=Spec(hinge),
        penalties=(),
        generator_optimizer=adam,
        discriminator_optimizer=replace(adam, lr=4e-4),
        schedule=schedule,
    )
    return replace(config, sampler=sampler)


def _stylegan2(config: RunConfig) -> RunConfig:
    """StyleGAN2's own settings for LSUN church: gamma 100, 48 million images, batch 32."""
    adam = OptimizerConfig(lr=2e-3, beta1=0.0, beta2=0.99, lazy=True)
    sampler = replace(
        config.sampler,
        generator=Spec(StyleGAN2Generator),
        discriminator=Spec(StyleGAN2Discriminator),
        stabilizer=Spec(NoStabilizer),
        loss=Spec(non_saturating),
        penalties=(PenaltyConfig(Spec(r1), weight=100.0, every=16),),
        generator_penalties=(PenaltyConfig(Spec(PathLength), weight=2.0, every=4),),
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        schedule=ScheduleConfig(kimg=48_000, batch=32, log_every=20, snapshots=48, ema_halflife=10.0),
    )
    return replace(config, data=replace(config.data, classes=False), sampler=sampler)
