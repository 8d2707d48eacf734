"""not-so-big-GAN: a small sampler of wavelet codes and a decoder, trained apart.

The sampler here is a DCGAN and the decoder the L1-trained ResNet-W of section 4, sized for a data set of a few thousand
images at 128 x 128 on small compute. The paper's numbers (table 1, ImageNet 256 x 256, best FID 21.8) belong to other
networks and data.
"""

from dataclasses import replace

from frugan.codecs.identity import IdentityCodec
from frugan.codecs.wavelet import WaveletCodec
from frugan.config.schema import (
    DataConfig,
    DecoderConfig,
    OptimizerConfig,
    PenaltyConfig,
    RunConfig,
    SamplerConfig,
    ScheduleConfig,
)
from frugan.config.spec import Spec
from frugan.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from frugan.networks.decoded import DecodedGenerator
from frugan.networks.srresnet import SRResNet
from frugan.networks.stylegan2 import StyleGAN2Discriminator
from frugan.objectives.losses import non_saturating
from frugan.objectives.penalties import r1
from frugan.objectives.reconstruction import l1
from frugan.stabilizers.annealing import exponential
from frugan.stabilizers.base import NoStabilizer
from frugan.stabilizers.scale_space import ScaleSpace


def nsb_gan_w_dcgan() -> RunConfig:
    """Your photos at 128 x 128 from 32 x 32 wavelet codes: DCGAN + noisy scale-space + SRResNet."""
    adam = OptimizerConfig(lr=1e-3, decay=0.4)
    return RunConfig(
        recipe="nsb-gan-w-dcgan",
        data=DataConfig(source="", resolution=128),
        codec=Spec(WaveletCodec, levels=2),
        sampler=SamplerConfig(
            generator=Spec(DCGANGenerator, latent_dim=100, width=48, refine=24),
            discriminator=Spec(DCGANDiscriminator, width=48, norm="none"),
            stabilizer=Spec(ScaleSpace, start=64.0, sigma=0.25, annealing=Spec(exponential, beta=20.0)),
            loss=Spec(non_saturating),
            # Weight 1 held D at its initial indifference for 60 kimg; StyleGAN2's rule of thumb asks for even less.
            penalties=(PenaltyConfig(Spec(r1), weight=0.1, every=8),),
            generator_optimizer=adam,
            discriminator_optimizer=adam,
            schedule=ScheduleConfig(kimg=280, batch=16, log_every=1.0, snapshots=10, ema_halflife=10.0),
        ),
        decoder=DecoderConfig(
            network=Spec(SRResNet, doublings=2, channels=32, blocks=8, init_scale=0.5),
            loss=Spec(l1),
            crop=16,
            code_noise=0.03,
            optimizer=OptimizerConfig(lr=2e-3, beta1=0.9, beta2=0.99, decay=0.5),
            schedule=ScheduleConfig(kimg=40, batch=8, log_every=0.8, snapshots=5, ema_halflife=0.5),
        ),
    )


def end_to_end(trained: RunConfig, initial: str) -> RunConfig:
    """A trained run's sampler and decoder as one generator, fine-tuned against a discriminator of images (appendix K).

    In the paper 10,000 steps of batch 32 made FID worse, 13.73 against 12.66.

    Args:
        trained: the run's complete configuration.
        initial: file in the new run's folder with the weights of both, as the new generator names them.
    """
    shape, decoder = trained.data.shape, trained.decoder
    classes = trained.sampler.generator.arguments.get("classes", 0)
    plain = Spec(DCGANDiscriminator, width=32, norm="none")
    conditional = Spec(StyleGAN2Discriminator, channel_base=8192, channel_max=256, classes=classes)
    generator = Spec(
        DecodedGenerator,
        generator=trained.sampler.generator.replace(code_shape=trained.codec.build().code_shape(shape)),
        codec=trained.codec,
        decoder=_for_channels(decoder.network, shape.channels) if decoder else None,
        assumed_noise=decoder.assumed_noise if decoder else 0.0,
    )
    return replace(
        trained,
        recipe=f"{trained.recipe}-end-to-end",
        data=replace(trained.data, classes=False),  # the generator is told already
        codec=Spec(IdentityCodec),
        decoder=None,
        sampler=SamplerConfig(
            generator=generator,
            discriminator=conditional if classes else plain,
            stabilizer=Spec(NoStabilizer),
            loss=Spec(non_saturating),
            penalties=(PenaltyConfig(Spec(r1), weight=0.1, every=8),),
            initial=initial,
            # The discriminator begins with nothing: what it says at first must not do much harm.
            generator_optimizer=OptimizerConfig(lr=2e-5),
            discriminator_optimizer=OptimizerConfig(lr=4e-4),
            schedule=ScheduleConfig(kimg=20, batch=8, log_every=0.2, snapshots=5, ema_halflife=1.0),
        ),
        minutes=0.0,
        threads=0,
        device="auto",
    )


def _for_channels(network: Spec, channels: int) -> Spec:
    """A decoder's network, told how many channels images have, if they are not RGB."""
    return network if channels == 3 else network.replace(colours=channels)
