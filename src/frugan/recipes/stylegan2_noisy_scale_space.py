"""Noisy scale-space on StyleGAN2 (Nakamura, Korman & Hong, tables 5 and 6): FFHQ and MetFaces at 512 x 512.

The paper uses the official StyleGAN2-ADA program for 5,000 kimg, FID of 50,000 samples, means of 5 runs. Its batch is
not stated; gamma follows from 32, as that program chooses both for 4 GPUs. Two differences from it: lazy penalties are
taken in the same step as the loss, so Adam needs no correction for steps between; R1 is taken at what D is shown.
"""

from dataclasses import dataclass

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
from frugan.networks.stylegan2 import StyleGAN2Discriminator, StyleGAN2Generator
from frugan.objectives.losses import non_saturating
from frugan.objectives.path_length import PathLength
from frugan.objectives.penalties import r1
from frugan.stabilizers.ada import ADA
from frugan.stabilizers.annealing import exponential
from frugan.stabilizers.base import NoStabilizer
from frugan.stabilizers.chain import Chain
from frugan.stabilizers.scale_space import ScaleSpace


@dataclass(frozen=True)
class Row:
    """A row of table 5 or 6, or our control: what stands before D, and the weight of R1."""

    stabilizer: Spec
    gamma: float


def _nss(sigma: float) -> Spec:
    """T = 128; sigma in the units of images in [-1, 1], which fit the paper's values at this size."""
    return Spec(ScaleSpace, start=128.0, sigma=sigma, annealing=Spec(exponential, beta=20.0))


_ADA = Spec(ADA)
ROWS = {
    "sg2-ada-metfaces512": Row(_ADA, 1.64),
    # Augmentation first: moving pixels would resample the noise. Without ADA both diverge here, says the paper.
    "sg2-ada-nss-metfaces512": Row(
        Spec(Chain, stages=(_ADA, _nss(0.05))),
        0.82,
    ),
    "sg2-ada-ffhq512": Row(_ADA, 1.64),
    "sg2-nss-ffhq512": Row(_nss(0.1), 1.64),
    "sg2-noaug-ffhq512": Row(Spec(NoStabilizer), 1.64),
}


def stylegan2(name: str) -> RunConfig:
    """One of ROWS, on images of yours that are at least 512 x 512."""
    row = ROWS[name]
    adam = OptimizerConfig(lr=2.5e-3, beta1=0.0, beta2=0.99, lazy=True)
    return RunConfig(
        recipe=name,
        data=DataConfig(source="", resolution=512),
        codec=Spec(IdentityCodec),
        sampler=SamplerConfig(
            generator=Spec(StyleGAN2Generator, mapping_layers=2),
            discriminator=Spec(StyleGAN2Discriminator),
            stabilizer=row.stabilizer,
            loss=Spec(non_saturating),
            penalties=(PenaltyConfig(Spec(r1), weight=row.gamma, every=16),),
            generator_penalties=(PenaltyConfig(Spec(PathLength), weight=2.0, every=4),),
            generator_optimizer=adam,
            discriminator_optimizer=adam,
            schedule=ScheduleConfig(kimg=5000, batch=32, log_every=4.0, snapshots=25, ema_halflife=10.0),
        ),
        evaluation=EvaluationConfig(features="inception", samples=50_000, preview_size=128),
    )
