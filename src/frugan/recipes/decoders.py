"""The decoders of not-so-big-GAN (section 3.3), each from wavelet (W) and from pixel codes (P), 64 -> 256 pixels.

`paper` is what the paper trains on GPUs for a week; `small` fits two CPU cores and is narrower, all of them at 1.1 to
3.2 billion multiply-adds an image, so that they can be compared. Train the decoder alone with --part decoder; the
sampler beside it is that of nsb-gan-w-dcgan.
"""

from dataclasses import replace

from frugan.codecs.pixel import PixelCodec
from frugan.codecs.wavelet import WaveletCodec
from frugan.config.schema import AdversaryConfig, DataConfig, DecoderConfig, OptimizerConfig, RunConfig, ScheduleConfig
from frugan.config.spec import Spec
from frugan.networks.esrgan import VGGDiscriminator
from frugan.networks.gated import GatedDecoder
from frugan.networks.srresnet import SRResNet
from frugan.networks.unet import UNetP, UNetW
from frugan.objectives.losses import relativistic_average
from frugan.objectives.perceptual import EfficientNetPerceptual, VGGPerceptual
from frugan.objectives.reconstruction import WeightedSum, l1, l2, packet_l2
from frugan.recipes.not_so_big_gan import nsb_gan_w_dcgan

_CODECS = {"w": Spec(WaveletCodec, levels=2), "p": Spec(PixelCodec, levels=2, reduction="gaussian")}
# ESRGAN's weights: the perceptual term leads, pixels only hold the colours. Its pixel weight of 1e-2 is for images in
# [0, 1]; ours lie in [-1, 1], where L1 is twice as large. The small recipes keep the 1e-2 that they were tuned with.
_PIXEL_WEIGHT, _SMALL_PIXEL_WEIGHT, _PERCEPTUAL_WEIGHT, _ADVERSARIAL_WEIGHT = 0.5e-2, 1e-2, 1.0, 5e-3


def paper(name: str) -> RunConfig:
    """A decoder of the paper, as in the paper's appendix.

    150,000 steps of batch 32 in each phase of ResNet and ESRGAN, Adam (.9, .99) at 1e-4: constant in the first (the
    paper halves it every 200,000), halved after 50,000 and 100,000 in the second. The UNets: Adam (.9, .999), UNet-P at
    the rate its authors' scripts have (1e-3; the paper's table says 1e-4). The paper trains each level of a UNet by
    itself: UNet-W 288,000 steps of batch 128 and 232,000 of batch 64, UNet-P 615,000 and 178,000 of batch 64. The
    recipes of a level do that; `unet-w` and `unet-p` train both levels together for as long as the second.
    """
    adam, unet_adam = OptimizerConfig(lr=1e-4, beta1=0.9, beta2=0.99), OptimizerConfig(lr=1e-4, beta1=0.9, beta2=0.999)
    resnet = DecoderConfig(Spec(SRResNet), Spec(l1), _schedule(4800, 32), optimizer=adam)
    adversary = AdversaryConfig(
        Spec(VGGDiscriminator),
        Spec(relativistic_average),
        _image_loss(Spec(VGGPerceptual), _PIXEL_WEIGHT),
        start_kimg=4800,
        weight=_ADVERSARIAL_WEIGHT,
        optimizer=replace(adam, halved_at=(1 / 3, 2 / 3)),
    )
    unet_w = DecoderConfig(Spec(UNetW), Spec(packet_l2), _schedule(14848, 64), optimizer=unet_adam)
    unet_p = DecoderConfig(
        Spec(UNetP, reduction="gaussian"), Spec(l2), _schedule(11392, 64), optimizer=replace(unet_adam, lr=1e-3)
    )
    decoders = {
        "resnet": resnet,
        "esrgan": replace(resnet, schedule=_schedule(9600, 32), adversary=adversary),
        "unet-w": unet_w,
        "unet-w-level1": _level(unet_w, 1, _schedule(36864, 128)),
        "unet-w-level2": _level(unet_w, 2, _schedule(14848, 64)),
        "unet-p": unet_p,
        "unet-p-level1": _level(unet_p, 1, _schedule(39360, 64)),
        "unet-p-level2": _level(unet_p, 2, _schedule(11392, 64)),
    }
    return _recipe(name, name, decoders)


def small(name: str) -> RunConfig:
    """One for a CPU; the recipe is called NAME-small."""
    adam = OptimizerConfig(lr=2e-3, beta1=0.9, beta2=0.99, decay=0.5)
    # Crops of 64 x 64 pixels show more places a second; the UNets halve what they see too often for that.
    resnet = DecoderConfig(
        Spec(SRResNet, channels=32, blocks=8, init_scale=0.5), Spec(l1), _schedule(16, 8), crop=16, optimizer=adam
    )
    adversary = AdversaryConfig(
        Spec(VGGDiscriminator, width=24),
        Spec(relativistic_average),
        _image_loss(Spec(EfficientNetPerceptual), _SMALL_PIXEL_WEIGHT),
        start_kimg=16,
        weight=_ADVERSARIAL_WEIGHT,
        optimizer=replace(adam, lr=5e-4),
    )
    unet_w = replace(
        resnet,
        network=Spec(UNetW, width=64, tail_width=32, norm="none", unit_packets=True),
        loss=Spec(packet_l2),
        crop=32,
        optimizer=replace(adam, lr=1e-3),
    )
    network = Spec(UNetP, width=16, norm="group", reduction="gaussian")
    unet_p = replace(resnet, network=network, loss=Spec(l2), crop=32)
    decoders = {
        "resnet": resnet,
        "esrgan": replace(resnet, schedule=_schedule(24, 8), adversary=adversary),
        "unet-w": unet_w,
        "unet-p": unet_p,
        "gated": replace(resnet, network=Spec(GatedDecoder, channels=64, blocks=16), optimizer=replace(adam, lr=1e-3)),
    }
    return _recipe(f"{name}-small", name, decoders)


def _recipe(recipe: str, name: str, decoders: dict[str, DecoderConfig]) -> RunConfig:
    """`name` is a decoder, its code and perhaps a level; those that serve both codes stand in `decoders` without it."""
    family, code = name.split("-")[:2]
    return replace(
        nsb_gan_w_dcgan(),
        recipe=recipe,
        data=DataConfig(source="", resolution=256),
        codec=_CODECS[code],
        decoder=decoders.get(name) or decoders[family],
    )


def _level(decoder: DecoderConfig, stage: int, schedule: ScheduleConfig) -> DecoderConfig:
    return replace(decoder, network=decoder.network.replace(stage=stage), schedule=schedule)


def _schedule(kimg: float, batch: int) -> ScheduleConfig:
    return ScheduleConfig(kimg=kimg, batch=batch, log_every=kimg / 50, snapshots=8, ema_halflife=kimg / 80)


def _image_loss(perceptual: Spec, pixel_weight: float) -> Spec:
    return Spec(WeightedSum, losses=(Spec(l1), perceptual), weights=(pixel_weight, _PERCEPTUAL_WEIGHT))
