"""Samplers against each other at equal CPU time, on 32 x 32 images. What single trials found: docs/guides/quality.md.

Each row trains for as many images as should take about four minutes of one thread, reckoned from rates of single
trainings (AMD EPYC, 1 December 2026): 45 minutes of two cores for three seeds. The table says what each took. Look at
blind.png before the numbers.
"""

from dataclasses import replace

from frugan.codecs.identity import IdentityCodec
from frugan.config.schema import DataConfig, EvaluationConfig, RunConfig, SamplerConfig
from frugan.config.spec import Spec
from frugan.networks.dcgan import DCGANDiscriminator
from frugan.networks.stylegan2 import StyleGAN2Generator
from frugan.recipes import creps
from frugan.recipes.fastgan import nsb_gan_w_fastgan
from frugan.recipes.not_so_big_gan import nsb_gan_w_dcgan
from frugan.stabilizers.ada import ADA
from frugan.stabilizers.base import NoStabilizer
from frugan.studies.definition import Row, Study

_CLUSTERS = 64
_ADA = Spec(ADA, kimg=100.0, pipeline="bg")  # its speed for few images; without colours, which are to be learned


def contest() -> Study:
    """32 x 32 pixels of any DATA; 3 seeds."""
    dcgan, lines = nsb_gan_w_dcgan().sampler, creps.small("creps-small").sampler
    plain = replace(dcgan, stabilizer=Spec(NoStabilizer))
    augmented = replace(dcgan, stabilizer=_ADA)
    cheap = Spec(DCGANDiscriminator, width=48, norm="none")  # 7 ms for 16 images, the recipe's: 44
    lines = replace(
        lines,
        generator=lines.generator.replace(channel_max=64),
        discriminator=cheap,
        discriminator_optimizer=replace(lines.discriminator_optimizer, lr=1e-3),
        stabilizer=_ADA,
    )
    stylegan2 = replace(
        lines,
        generator=Spec(
            StyleGAN2Generator,
            latent_dim=64,
            style_dim=128,
            mapping_layers=2,
            channel_base=2048,
            channel_max=64,
            style_mixing=0.0,
        ),
    )
    rows = {
        "DCGAN": _row(plain, 60),
        "DCGAN, scale-space": _row(dcgan, 60),
        "DCGAN, ADA": _row(augmented, 60),
        "DCGAN, ADA, clusters": _row(augmented, 60, _CLUSTERS),
        "StyleGAN2, ADA": _row(stylegan2, 26),
        "CREPS, ADA": _row(lines, 26),
        "FastGAN": _row(nsb_gan_w_fastgan().sampler, 26),
    }
    question = "Which sampler draws the best 32 x 32 images in four minutes of one thread?"
    return Study("contest", question, tuple(Row(name, config) for name, config in rows.items()), 3)


def _row(sampler: SamplerConfig, kimg: float, clusters: int = 0) -> RunConfig:
    schedule = replace(sampler.schedule, kimg=kimg, snapshots=4, log_every=1.0, keep_checkpoints=1)
    return RunConfig(
        recipe="contest",
        data=DataConfig(source="", resolution=32, clusters=clusters),
        codec=Spec(IdentityCodec),
        sampler=replace(sampler, schedule=schedule),
        evaluation=EvaluationConfig(preview_size=32),
    )
