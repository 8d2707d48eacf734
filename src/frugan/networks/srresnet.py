"""SRResNet without batch norm: the decoder of ResNet-W/-P, trained by L1, and of ESRGAN-W/-P in not-so-big-GAN.

Ledig et al. 2017; the form of not-so-big-GAN has no convolution after the trunk, no long skip, LeakyReLU 0.1, and every
convolution's Kaiming initialisation scaled by 0.1. At its defaults it has 1,517,571 parameters.
"""

import math
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from frugan.networks.base import Decoder, with_noise_channel

Convention = Literal["equation 2", "authors"]


class SRResNet(Decoder):
    """base + f(low), so that the network only learns what interpolation cannot know. Any height and width.

    Args:
        doublings: how many pixel-shuffle stages of factor 2; equal to the codec's levels.
        channels: width of the trunk; 64 in the paper.
        blocks: residual blocks in the trunk; 16 in the paper.
        init_scale: factor on every convolution's Kaiming initialisation; .1 in the paper, which trains 150,000 steps.
            Short trainings want more: at .5 the first thousand steps gain 4 dB where .1 gains none.
        zero_last: start with a zero last layer, so that training begins exactly at the base.
        told_noise: one more input channel says how noisy the code is, so that one network can be exact on clean codes
            and forgiving on a sampler's.
        colours: channels of images.
        convention: "equation 2" of the paper; or what its authors' program does: it feeds codes normalised to [0, 1]
            to f and to the inverse transform alike, so that the base is a tenth of the image and f must learn the rest.
    """

    def __init__(
        self,
        doublings: int = 2,
        channels: int = 64,
        blocks: int = 16,
        init_scale: float = 0.1,
        zero_last: bool = False,
        told_noise: bool = False,
        convention: Convention = "equation 2",
        colours: int = 3,
    ) -> None:
        super().__init__()
        if convention not in ("equation 2", "authors"):
            raise ValueError(f"convention: '{convention}' is not one of: equation 2, authors")
        self.convention, self.told_noise = convention, told_noise
        # 3 x 3 convolutions before the first doubling, then one, each reaching one pixel of its own size.
        self.halo = math.ceil(1 + 2 * blocks + sum(2.0**-i for i in range(doublings)) + 2 * 2.0**-doublings)
        self.first = nn.Conv2d(colours + told_noise, channels, 3, padding=1)
        self.trunk = nn.Sequential(*(_ResidualBlock(channels) for _ in range(blocks)))
        self.upsamplers = nn.ModuleList(nn.Conv2d(channels, 4 * channels, 3, padding=1) for _ in range(doublings))
        self.high = nn.Conv2d(channels, channels, 3, padding=1)
        self.last = nn.Conv2d(channels, colours, 3, padding=1)
        self.apply(partial(_initialise, scale=init_scale))
        if zero_last:
            nn.init.zeros_(self.last.weight)

    def forward(self, low: Tensor, base: Tensor, original: Tensor | None = None, noise: Tensor | None = None) -> Tensor:
        if self.convention == "equation 2":
            return base + self.residual(low, noise)
        base = 0.1 * (base + 1) / 2 + 0.075
        return 2 * (base + self.residual((4 * (low + 1) / 2 + 3) / 10, noise)) - 1

    def residual(self, low: Tensor, noise: Tensor | None = None) -> Tensor:
        """f: (N, C, h, w) -> (N, C, h * 2^doublings, w * 2^doublings)."""
        seen = with_noise_channel(low, noise) if self.told_noise else low
        h = self.trunk(_leaky(self.first(seen)))
        for upsample in self.upsamplers:
            h = _leaky(F.pixel_shuffle(upsample(h), 2))
        return self.last(_leaky(self.high(h)))


class _ResidualBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(F.relu(self.conv1(x)))


def _leaky(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.1)


@torch.no_grad()
def _initialise(module: nn.Module, scale: float) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight)
        module.weight.mul_(scale)
        nn.init.zeros_(module.bias)  # type: ignore[arg-type]
