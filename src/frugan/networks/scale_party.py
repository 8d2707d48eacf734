"""ScaleParty (Ntavelis et al. 2022): StyleGAN2 without padding, of coordinates: position is never a guess.

Features begin as the coordinates of coarse cells, of 2^stages pixels each, and cells beyond what is to be seen stand in
for padding. More cells to a picture, or to a part of it, show it larger. Trained on random windows of pictures (recipe
`scaleparty-small`). Left out of the published training: noise, a first phase on whole pictures, windows that reach
beyond the picture, and pairs of scales that are mixed before the discriminator.

Parameters at 256 x 256, as published: 27,414,423.

Published FID on FFHQ at 512 x 512: 6.23; at 1024, twice the coordinates: 10.91.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from frugan.networks.style_based import StyleBasedGenerator, layer_channels
from frugan.nn.equalized import activate
from frugan.nn.style import MappingNetwork, ModulatedConv2d
from frugan.ops.grid import Grid, even_steps, full_grid, places

_MARGIN = 4  # cells beyond what is seen, on each side
_CROPPED = 3  # pixels that are left of them


class ScalePartyGenerator(StyleBasedGenerator):
    """z (N, latent_dim) -> w (N, 2 stages + 2, style_dim) -> code (N, C, H, W) at evenly spaced coordinates.

    The first cell begins where the coordinates do, and pixels that enlarging invents at the edges are dropped after
    every stage: so what is drawn of whole cells equals the picture that it is a part of, up to rounding.

    Args:
        code_shape: (C, H, W); a quarter of the shorter side, rounded down to a power of two, is a cell's side.
        channel_base, channel_max: layers named after side r have min(channel_base / r, channel_max) channels.
        style_mixing: in training, the probability that a batch takes its styles from two latents (.9 as published).
        classes: 0 for unconditional.
    """

    even_grid = True

    def __init__(
        self,
        code_shape: tuple[int, int, int],
        latent_dim: int = 512,
        style_dim: int = 512,
        channel_base: int = 32768,
        channel_max: int = 512,
        mapping_layers: int = 8,
        style_mixing: float = 0.9,
        classes: int = 0,
    ) -> None:
        if min(code_shape[1:]) < 8:
            raise ValueError(f"ScaleParty draws at least 8 x 8 pixels, got {code_shape[1]} x {code_shape[2]}")
        stages = int(math.log2(min(code_shape[1:]) // 4))
        mapping = MappingNetwork(latent_dim, style_dim, mapping_layers, classes)
        super().__init__(code_shape, 2 * stages + 2, mapping, style_mixing)
        channels = [layer_channels(2**i, channel_base, channel_max) for i in range(2, stages + 3)]
        self.first = _Layer(2, channels[0], style_dim)
        self.stages = nn.ModuleList(_Stage(a, b, style_dim) for a, b in pairwise(channels))
        self.colours = nn.ModuleList(_Colour(width, code_shape[0], style_dim) for width in channels)
        self.cell = 2**stages

    def synthesis(self, w: Tensor, grid: Grid | None = None) -> Tensor:
        """
        Raises:
            ValueError: coordinates that are not evenly spaced.
        """
        rows, cols = grid or full_grid(*self.code_shape[1:])
        with torch.autocast(w.device.type, enabled=False):  # half precision would move coordinates by whole pixels
            axis = [_cells(t.to(self.map.average), self.cell) for t in (rows, cols)]
            cells = places(axis[0], axis[1]).permute(2, 0, 1)
            h = self.first(cells.expand(w.shape[0], -1, -1, -1), w[:, 0].to(cells))
        # As in StyleGAN2, what leaves a stage shares its style with the first layer of the next.
        code: Tensor = self.colours[0](h, w[:, 1])
        for i, (stage, colour) in enumerate(zip(self.stages, self.colours[1:], strict=True)):
            h = stage(h, w[:, 2 * i + 1 : 2 * i + 3])
            code = _doubled(code)[..., 2:-2, 2:-2] + colour(h, w[:, 2 * i + 3])
        return code[..., _CROPPED : _CROPPED + rows.shape[0], _CROPPED : _CROPPED + cols.shape[0]]


class _Layer(nn.Module):
    """A styled 3 x 3 convolution that loses one pixel on each side."""

    def __init__(self, channels_in: int, channels: int, style_dim: int) -> None:
        super().__init__()
        self.convolution = ModulatedConv2d(channels_in, channels, 3, style_dim, pads=False)
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        return activate(self.convolution(x, w) + self.bias[:, None, None], "lrelu")


class _Colour(nn.Module):
    """(N, channels, h, w) -> (N, colours, h, w), which all stages add up to the picture."""

    def __init__(self, channels: int, colours: int, style_dim: int) -> None:
        super().__init__()
        self.convolution = ModulatedConv2d(channels, colours, 1, style_dim, demodulates=False)
        self.bias = nn.Parameter(torch.zeros(colours))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        colours: Tensor = self.convolution(x, w) + self.bias[:, None, None]
        return colours


class _Stage(nn.Module):
    """(N, channels_in, h, w) -> (N, channels, 2 h - 6, 2 w - 6)."""

    def __init__(self, channels_in: int, channels: int, style_dim: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([_Layer(channels_in, channels, style_dim), _Layer(channels, channels, style_dim)])

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        x = _doubled(x)
        for i, layer in enumerate(self.layers):
            x = layer(x, w[:, i])
        return x


def _doubled(x: Tensor) -> Tensor:
    """(N, C, h, w) -> (N, C, 2 h - 2, 2 w - 2): without the edges, which enlarging invents."""
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)[..., 1:-1, 1:-1]


def _cells(t: Tensor, size: int) -> Tensor:
    """Middles of the cells of `size` coordinates each that cover `t` from its first on, and of those around them.

    Raises:
        ValueError: see `ScalePartyGenerator.synthesis`.
    """
    first, step = even_steps(t, "ScaleParty")
    count = (t.shape[0] + size - 1) // size  # ONNX rounds negative quotients the other way
    index = torch.arange(-_MARGIN, count + _MARGIN, device=t.device)
    return first + step * (index * size + (size - 1) / 2)
