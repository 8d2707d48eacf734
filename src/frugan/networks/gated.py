"""A light decoder of our own: gated blocks at the code's size that predict the details which the encoder dropped."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from frugan.networks.base import Decoder, with_noise_channel
from frugan.ops.wavelet import Boundary, idwt2

# Pixels of the code to each side that the inverse transforms, one level after the other, look at.
_SYNTHESIS_REACH = 1


class GatedDecoder(Decoder):
    """base + IWT(0, details): whatever it draws, the encoder would make the very same code of it.

    SRResNet does two thirds of its work at the large size; here all of it is done at the code's, where a pixel's
    surroundings cost 1/16. Each block multiplies a large-kernel depthwise convolution by a gate, without attention.

    Args:
        levels: doublings; equal to the codec's.
        channels: width. 96 channels and 14 blocks make as many multiply-adds as SRResNet of 32 channels and 8 blocks.
        blocks: gated blocks, each reaching kernel // 2 pixels further.
        kernel: side of the depthwise convolutions.
        told_noise: one more input channel says how noisy the code is. Details alone are drawn, so noise stays.
        boundary: of the wavelet transform (bior2.2), which must be the codec's own.
        colours: channels of images.
    """

    exact = True

    def __init__(
        self,
        levels: int = 2,
        channels: int = 96,
        blocks: int = 14,
        kernel: int = 7,
        told_noise: bool = False,
        boundary: Boundary = "reflect",
        colours: int = 3,
    ) -> None:
        super().__init__()
        if kernel % 2 == 0:
            raise ValueError(f"kernel: must be odd, got {kernel}")
        self.levels, self.told_noise, self.boundary = levels, told_noise, boundary
        self.halo = 2 + blocks * (kernel // 2) + _SYNTHESIS_REACH
        self.first = nn.Conv2d(colours + told_noise, channels, 3, padding=1)
        self.blocks = nn.Sequential(*(_GatedBlock(channels, kernel) for _ in range(blocks)))
        self.norm = _ChannelNorm(channels)
        # Three bands of each colour for each pixel of each level's size, all as channels of the code's size.
        self.heads = nn.ModuleList(_zero_convolution(channels, 3 * colours * 4**level) for level in range(levels))

    def forward(self, low: Tensor, base: Tensor, original: Tensor | None = None, noise: Tensor | None = None) -> Tensor:
        seen = with_noise_channel(low, noise) if self.told_noise else low
        h = self.norm(self.blocks(self.first(seen)))
        missed = torch.zeros_like(low)
        for level, head in enumerate(self.heads):
            details = F.pixel_shuffle(head(h), 2**level).to(low.dtype)  # under bf16, too, put together as exactly as TL
            TR, BL, BR = details.chunk(3, dim=1)
            missed = idwt2(2 * missed, (TR, BL, BR), boundary=self.boundary)
        return base + missed


class _GatedBlock(nn.Module):
    """x + W (gate * depthwise(value)), gate and value linear in the normalised x."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.norm = _ChannelNorm(channels)
        self.enter = nn.Conv2d(channels, 2 * channels, 1)
        self.spread = nn.Conv2d(channels, channels, kernel, padding=kernel // 2, groups=channels)
        self.leave = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        gate, value = self.enter(self.norm(x)).chunk(2, dim=1)
        return x + self.leave(F.gelu(gate) * self.spread(value))


class _ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of each pixel, (N, C, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def _zero_convolution(channels: int, out: int) -> nn.Conv2d:
    """So that training begins exactly at the base."""
    convolution = nn.Conv2d(channels, out, 3, padding=1)
    for parameter in convolution.parameters():
        nn.init.zeros_(parameter)
    return convolution
