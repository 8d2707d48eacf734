"""VQ-VAE-2 (Razavi, van den Oord & Vinyals 2019) as an autoencoder of 256 px, to compare decoders with.

It is trained with --part decoder, and has no prior. Its code, indices of 46,080 bits, is another than the 12,288
numbers that not-so-big-GAN's decoders are given, which quotes its MSE on ImageNet: .0047 on training images, .0050 on
validation images. The sampler's section is that of nsb-gan-w-dcgan, and is refused: it has no use here.
"""

from dataclasses import replace

from frugan.codecs.identity import IdentityCodec
from frugan.config.schema import DataConfig, DecoderConfig, OptimizerConfig, RunConfig, ScheduleConfig
from frugan.config.spec import Spec
from frugan.networks.vq_vae_2 import VQVAE2
from frugan.objectives.reconstruction import l2
from frugan.recipes.not_so_big_gan import nsb_gan_w_dcgan


def paper() -> RunConfig:
    """The sizes of the paper on ImageNet at 256 px, batch 128, Adam at 3e-4, 2,207,444 steps."""
    kimg = 2_207_444 * 128 / 1000
    schedule = ScheduleConfig(kimg=kimg, batch=128, log_every=kimg / 50, snapshots=8, ema_halflife=kimg / 80)
    adam = OptimizerConfig(lr=3e-4, beta1=0.9, beta2=0.999)
    return _recipe("vq-vae-2", DecoderConfig(Spec(VQVAE2), Spec(l2), schedule, optimizer=adam))


def small() -> RunConfig:
    """Half the width, on crops of 128 x 128 px, for a CPU. Its code has the size of the paper's."""
    schedule = ScheduleConfig(kimg=16, batch=8, log_every=16 / 50, snapshots=8, ema_halflife=16 / 80)
    adam = OptimizerConfig(lr=1e-3, beta1=0.9, beta2=0.99, decay=0.5)
    network = Spec(VQVAE2, width=64)
    return _recipe("vq-vae-2-small", DecoderConfig(network, Spec(l2), schedule, crop=128, optimizer=adam))


def _recipe(name: str, decoder: DecoderConfig) -> RunConfig:
    return replace(
        nsb_gan_w_dcgan(),
        recipe=name,
        data=DataConfig(source="", resolution=256),
        codec=Spec(IdentityCodec),
        decoder=decoder,
    )
