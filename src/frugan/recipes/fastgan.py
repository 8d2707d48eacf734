"""FastGAN (Liu et al. 2021), made for a few hundred images of high resolution and one GPU; here for less still.

The paper trains 256 px to 1024 px for hours of one GPU, at times on fewer than 100 images; the authors' program has
width 64, a rate of 2e-4 and batch 8.
"""

from dataclasses import replace

from frugan.codecs.identity import IdentityCodec
from frugan.config.schema import OptimizerConfig, PenaltyConfig, RunConfig, ScheduleConfig
from frugan.config.spec import Spec
from frugan.networks.fastgan import FastGANDiscriminator, FastGANGenerator
from frugan.objectives.losses import hinge
from frugan.objectives.self_reconstruction import self_reconstruction
from frugan.recipes.not_so_big_gan import nsb_gan_w_dcgan
from frugan.stabilizers.diffaugment import DiffAugment


def nsb_gan_w_fastgan() -> RunConfig:
    """`nsb-gan-w-dcgan` with this pair and its objective: codes, stabilizer, decoder and schedule are its.

    Widths are such that a step takes 2.4 times DCGAN's (121 against 51 ms of one thread, means of 32), and
    reconstruction is due in every other step for the same reason: in each, it would be 2.7 times. The rate is twice
    that of the authors' program for a batch of twice its size, with its momentum. It was chosen by one trial of 10 kimg
    each, whose previews' distance after 5 and 10 kimg was 1,753 and 1,730; with DCGAN's rate of 1e-3 and no momentum
    1,642 and 1,899. One seed does not tell these apart.
    """
    adam = OptimizerConfig(lr=4e-4, beta1=0.5, decay=0.4)
    config = nsb_gan_w_dcgan()
    sampler = replace(
        config.sampler,
        generator=Spec(FastGANGenerator, latent_dim=100, width=8),
        discriminator=Spec(FastGANDiscriminator, width=6),
        loss=Spec(hinge),
        penalties=(PenaltyConfig(Spec(self_reconstruction), weight=1.0, every=2),),
        generator_optimizer=adam,
        discriminator_optimizer=adam,
    )
    return replace(config, recipe="nsb-gan-w-fastgan", sampler=sampler)


def fastgan_small() -> RunConfig:
    """The method end to end at 128 px, an eighth as wide as the paper's: a step takes .36 s of one thread.

    Rates, momentum, batch, weights of the loss and augmentations (colour and translation alone) are those of the
    authors' program; its average keeps .999 a step, which is half of it after 693 steps of 8 images.
    """
    adam = OptimizerConfig(lr=2e-4, beta1=0.5, beta2=0.999)
    config = nsb_gan_w_dcgan()
    sampler = replace(
        config.sampler,
        generator=Spec(FastGANGenerator, latent_dim=256, width=8),
        discriminator=Spec(FastGANDiscriminator, width=8),
        stabilizer=Spec(DiffAugment, cutout=0.0),
        loss=Spec(hinge),
        # What is reconstructed is what D was shown: augmented as it was, not once more.
        penalties=(PenaltyConfig(Spec(self_reconstruction), weight=1.0, at="shown"),),
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        schedule=ScheduleConfig(kimg=100, batch=8, log_every=0.5, snapshots=10, ema_halflife=5.5),
    )
    return replace(config, recipe="fastgan-128-small", codec=Spec(IdentityCodec), decoder=None, sampler=sampler)
