"""The recipe behind `make quickstart`: small enough for two CPU cores and eight minutes, real in every part."""

from frugan.codecs.wavelet import WaveletCodec
from frugan.config.schema import (
    DataConfig,
    DecoderConfig,
    EvaluationConfig,
    OptimizerConfig,
    PenaltyConfig,
    RunConfig,
    SamplerConfig,
    ScheduleConfig,
)
from frugan.config.spec import Spec
from frugan.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from frugan.networks.srresnet import SRResNet
from frugan.objectives.losses import non_saturating
from frugan.objectives.penalties import r1
from frugan.objectives.reconstruction import l1
from frugan.stabilizers.ada import ADA
from frugan.stabilizers.annealing import exponential
from frugan.stabilizers.chain import Chain
from frugan.stabilizers.scale_space import ScaleSpace


def quickstart() -> RunConfig:
    """Drawn people at 128 x 128 from 32 x 32 codes, in minutes on a laptop's CPU."""
    adam = OptimizerConfig(lr=1e-3, decay=0.4)
    return RunConfig(
        recipe="quickstart",
        # The drawings are some hundred figures in six skin tones each: docs/guides/quality.md has what clusters buy.
        data=DataConfig(source="noto-people", resolution=128, mirror=False, clusters=96),
        codec=Spec(WaveletCodec, levels=2),
        sampler=SamplerConfig(
            generator=Spec(DCGANGenerator, latent_dim=64, width=32, refine=16),
            discriminator=Spec(DCGANDiscriminator, width=32, norm="none"),
            # ADA with its speed for fine-tuning: without it each cluster becomes one picture (docs/guides/quality.md).
            # T = 256 at 64 px in the scale-space paper; a quarter of it blurs 32 px codes by the same part of them.
            stabilizer=Spec(
                Chain,
                stages=(
                    Spec(ADA, kimg=100.0, pipeline="bg"),
                    Spec(ScaleSpace, start=64.0, sigma=0.25, annealing=Spec(exponential, beta=20.0)),
                ),
            ),
            loss=Spec(non_saturating),
            penalties=(PenaltyConfig(Spec(r1), weight=1.0, every=8),),
            generator_optimizer=adam,
            discriminator_optimizer=adam,
            schedule=ScheduleConfig(kimg=96, batch=16, log_every=1.0, snapshots=6, ema_halflife=5.0),
        ),
        decoder=DecoderConfig(
            network=Spec(SRResNet, doublings=2, channels=24, blocks=4, init_scale=0.5),
            loss=Spec(l1),
            crop=16,
            code_noise=0.05,
            optimizer=OptimizerConfig(lr=3e-3, beta1=0.9, beta2=0.99, decay=0.5),
            schedule=ScheduleConfig(kimg=32, batch=4, log_every=0.5, snapshots=4, ema_halflife=0.2),
        ),
        evaluation=EvaluationConfig(samples=2048),
        minutes=6.3,
    )
