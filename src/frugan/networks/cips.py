"""CIPS (Anokhin et al. 2021), the skip variant: a large network at every pixel, of its coordinates and a learned image.

It renders at any coordinates, like CREPS, and costs 19 times as much a pixel. Parameters with noise, as published:
18,838,815 at 128 x 128, 44,317,092 at 256 (33.6 million of them the learned image), 145,124,329 at 512.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from frugan.networks.style_based import StyleBasedGenerator, layer_channels
from frugan.nn.style import MappingNetwork, ModulatedLinear
from frugan.ops.grid import Grid, full_grid, places, sides_of


class CIPSGenerator(StyleBasedGenerator):
    """z (N, latent_dim) -> w (N, layers, style_dim) -> code (N, C, H, W) at any coordinates.

    Args:
        code_shape: (C, H, W); the learned image has this size, and is interpolated at other coordinates.
        channel_base, channel_max: layers of the stage named after side r have min(channel_base / r, channel_max)
            channels; the first has channel_max.
        noise: whether fresh noise is added in training, as published; pictures of one latent then differ from scale to
            scale, so it is left out in evaluation.
    """

    any_grid = True

    def __init__(
        self,
        code_shape: tuple[int, int, int],
        latent_dim: int = 512,
        style_dim: int = 512,
        channel_base: int = 32768,
        channel_max: int = 512,
        mapping_layers: int = 8,
        noise: bool = False,
        classes: int = 0,
    ) -> None:
        stages = max(1, math.ceil(math.log2(max(code_shape[1:]))) - 1)
        super().__init__(code_shape, 3 * stages + 1, MappingNetwork(latent_dim, style_dim, mapping_layers, classes))
        self.features = nn.Linear(2, channel_max)
        nn.init.uniform_(self.features.weight, -math.sqrt(9 / 2), math.sqrt(9 / 2))
        self.image = nn.Parameter(torch.randn(channel_max, *code_shape[1:]))
        self.first = _Layer(2 * channel_max, channel_max, style_dim, noise)
        widths = [channel_max, *(layer_channels(2**i, channel_base, channel_max) for i in range(2, stages + 2))]
        self.stages = nn.ModuleList(_Stage(a, b, code_shape[0], style_dim, noise) for a, b in pairwise(widths))

    def synthesis(self, w: Tensor, grid: Grid | None = None) -> Tensor:
        rows, cols = (axis.to(self.image) for axis in grid or full_grid(*self.code_shape[1:]))
        x = torch.cat([self._waves(rows, cols), self._sampled(rows, cols, native=grid is None)]).flatten(1)
        x = self.first(x.expand(w.shape[0], -1, -1), w[:, 0])
        code: Tensor | None = None
        for i, stage in enumerate(self.stages):
            x, drawn = stage(x, w[:, 3 * i + 1 : 3 * i + 4])
            code = drawn if code is None else code + drawn
        assert code is not None
        return code.unflatten(2, (rows.shape[0], cols.shape[0]))

    def _waves(self, rows: Tensor, cols: Tensor) -> Tensor:
        """(channels, H, W): sines of learned linear functions of the place, in [-1, 1]."""
        with torch.autocast(rows.device.type, enabled=False):
            waves: Tensor = self.features(places(rows, cols)).sin()
            return waves.permute(2, 0, 1)

    def _sampled(self, rows: Tensor, cols: Tensor, native: bool) -> Tensor:
        """(channels, H, W) of the learned image, whose corners lie at the picture's at every size.

        The published program moves them by half a pixel where it interpolates: half of the image's variance was lost.
        """
        if native:
            return self.image
        at = places(rows, cols, sides_of(*self.code_shape[1:]))[None]
        return F.grid_sample(self.image[None], at, padding_mode="border", align_corners=True)[0]


class _Layer(nn.Module):
    """A modulated layer and, in training, noise before its bias and activation."""

    def __init__(self, channels_in: int, channels: int, style_dim: int, noise: bool) -> None:
        super().__init__()
        self.map = ModulatedLinear(channels_in, channels, style_dim, clamp=math.inf)
        self.noise_strength = nn.Parameter(torch.zeros(())) if noise else None

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        noise = None
        if self.noise_strength is not None and self.training:
            noise = self.noise_strength * torch.randn_like(x[:, :1])
        y: Tensor = self.map(x, w, noise)
        return y


class _Stage(nn.Module):
    def __init__(self, channels_in: int, channels: int, colours: int, style_dim: int, noise: bool) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [_Layer(channels_in, channels, style_dim, noise), _Layer(channels, channels, style_dim, noise)]
        )
        self.colour = ModulatedLinear(
            channels, colours, style_dim, demodulates=False, activation="linear", clamp=math.inf
        )

    def forward(self, x: Tensor, w: Tensor) -> tuple[Tensor, Tensor]:
        """`w` (N, 3, style_dim)."""
        for i, layer in enumerate(self.layers):
            x = layer(x, w[:, i])
        return x, self.colour(x, w[:, 2])
