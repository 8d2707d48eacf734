"""Tiny models of every family, with random weights."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from frugan.codecs.base import Codec
from frugan.codecs.identity import IdentityCodec
from frugan.codecs.pixel import PixelCodec
from frugan.codecs.wavelet import WaveletCodec
from frugan.config.shape import ImageShape
from frugan.model.model import Model
from frugan.networks.anyres import AnyresGANGenerator
from frugan.networks.base import Generator
from frugan.networks.biggan import BigGANGenerator
from frugan.networks.cips import CIPSGenerator
from frugan.networks.creps import CREPSGenerator
from frugan.networks.creps_per_pixel import PerPixelCREPSGenerator
from frugan.networks.dcgan import DCGANGenerator
from frugan.networks.esrgan import RRDBNet
from frugan.networks.fastgan import FastGANGenerator
from frugan.networks.gated import GatedDecoder
from frugan.networks.inr_gan import INRGANGenerator
from frugan.networks.mlp import MLPGenerator
from frugan.networks.scale_party import ScalePartyGenerator
from frugan.networks.srresnet import SRResNet
from frugan.networks.stylegan2 import StyleGAN2Generator
from frugan.networks.stylegan3 import StyleGAN3Generator
from frugan.networks.unet import UNetP, UNetW

STYLES = {"latent_dim": 8, "style_dim": 8, "mapping_layers": 1, "channel_base": 64, "channel_max": 8}
LINES = STYLES | {"line_channels": 4}


def model(generator: Generator, codec: Codec, decoder: nn.Module | None = None) -> Model:
    """With weights that leave no layer without effect."""
    _, height, width = generator.code_shape
    for network in (generator, decoder):
        if network is not None:
            for parameter in network.parameters():
                parameter.data.add_(0.05 * torch.randn_like(parameter))
            network.eval().requires_grad_(False)
    shape = ImageShape(
        generator.code_shape[0],
        *(side * codec.factor - cut for side, cut in zip((height, width), codec.cut, strict=True)),
    )
    counts: Mapping[str, int] = {f"class {i}": 1 + i for i in range(generator.classes)}
    return Model(generator, codec, decoder, shape, class_counts=counts)


def dcgan(channels: int = 3, height: int = 16, width: int = 16) -> Generator:
    return DCGANGenerator((channels, height, width), latent_dim=8, width=4)


SAMPLERS = {
    "dcgan 12 x 20": lambda: model(dcgan(height=12, width=20), IdentityCodec()),
    "fastgan 24 x 20, with classes": lambda: model(
        FastGANGenerator((3, 24, 20), latent_dim=8, width=2, classes=3), IdentityCodec()
    ),
    "mlp": lambda: model(MLPGenerator((3, 16, 16), latent_dim=8, width=8), IdentityCodec()),
    "biggan": lambda: model(
        BigGANGenerator((3, 32, 32), channels=4, attention=16, classes=3, latent_dim=20, shared_dim=8), IdentityCodec()
    ),
    "stylegan2": lambda: model(StyleGAN2Generator((3, 16, 16), **STYLES, classes=3), IdentityCodec()),
    "stylegan3": lambda: model(StyleGAN3Generator((3, 16, 16), **STYLES, layers=4), IdentityCodec()),
    "anyresgan": lambda: model(AnyresGANGenerator((3, 16, 16), **STYLES, layers=4), IdentityCodec()),
    "creps": lambda: model(CREPSGenerator((3, 16, 16), **LINES), IdentityCodec()),
    "creps, modulated, with classes": lambda: model(
        CREPSGenerator((3, 16, 16), **LINES, separate_axes=True, modulated_decoders=True, classes=3), IdentityCodec()
    ),
    "creps, bi-line": lambda: model(CREPSGenerator((1, 16, 16), **LINES, layerwise=False), IdentityCodec()),
    "creps per pixel": lambda: model(PerPixelCREPSGenerator((3, 16, 16), **LINES), IdentityCodec()),
    "cips": lambda: model(CIPSGenerator((3, 16, 16), **STYLES), IdentityCodec()),
    "inr-gan": lambda: model(INRGANGenerator((3, 16, 16), **STYLES), IdentityCodec()),
    "scaleparty": lambda: model(ScalePartyGenerator((3, 16, 16), **STYLES), IdentityCodec()),
}
CHAINS = {
    "dcgan, bior2.2, srresnet": lambda: model(
        dcgan(), WaveletCodec(2, cut=(1, 2)), SRResNet(doublings=2, channels=4, blocks=1)
    ),
    "dcgan, haar of RGBA": lambda: model(dcgan(4), WaveletCodec(1, "haar")),
    "dcgan, zero boundary": lambda: model(dcgan(), WaveletCodec(2, boundary="zero")),
    "dcgan, bior4.4": lambda: model(dcgan(), WaveletCodec(1, "bior4.4")),
    "dcgan, gaussian pixels, told srresnet": lambda: model(
        dcgan(), PixelCodec(2), SRResNet(doublings=2, channels=4, blocks=1, told_noise=True)
    ).assuming(None),
    "dcgan, bilinear pixels, esrgan": lambda: model(
        dcgan(), PixelCodec(2, "bilinear"), RRDBNet(width=4, growth=2, blocks=1)
    ),
    "creps, bior2.2, gated": lambda: model(
        CREPSGenerator((3, 16, 16), **LINES), WaveletCodec(1), GatedDecoder(levels=1, channels=4, blocks=1)
    ),
    "dcgan, unet-w": lambda: model(
        dcgan(height=32, width=32), WaveletCodec(1), UNetW(levels=1, width=8, tail_width=4, code_side=32)
    ),
    "dcgan, unet-p": lambda: model(dcgan(), PixelCodec(1), UNetP(levels=1, width=4, reduction="gaussian")),
}


SMALL_CREPS = LINES | {"channel_base": 256, "channel_max": 16, "thickness": 4}


def small_creps(shape: tuple[int, int, int] = (3, 16, 16), **settings: Any) -> Model:
    """Of lines that a page draws quickly; alike each time."""
    torch.manual_seed(0)
    made = model(CREPSGenerator(shape, **SMALL_CREPS | settings), IdentityCodec())
    made.generator.map.average.normal_()
    return made
