"""INR-GAN (Skorokhodov et al. 2021): a hypernetwork draws each picture's own network of coordinates.

Its weights are a shared matrix, each entry multiplied by one of a matrix of low rank that the style decides. The first
layers run at 32 x 32 places; their features are then enlarged, without blending, and joined by coordinates of the new
size. Constants are learned for each size, so the published network knows one size alone.

Published FID (LSUN church, bedroom and FFHQ at 256 x 256): 4.45, 5.71, 9.57; StyleGAN2 3.86, 2.65, 3.83.
"""

import math
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from frugan.networks.base import refuse_foreign_grid
from frugan.networks.style_based import StyleBasedGenerator, layer_channels
from frugan.nn.equalized import EqualizedLinear
from frugan.nn.pyramid import pyramid
from frugan.nn.style import MappingNetwork, ModulatedLinear, map_channels
from frugan.ops.grid import Grid

_FIRST_SIDE = 32  # at which all layers run that are named after this side or smaller ones
_DIAGONAL_SIDE = 64  # up to which waves along the diagonals are among the coordinates
_RANDOM_SIDE = 128  # from which random waves are, and a third layer
_RANDOM_WAVES, _RANDOM_SCALE = 32, math.sqrt(10)


class INRGANGenerator(StyleBasedGenerator):
    """z (N, latent_dim) -> w (N, layers, style_dim) -> code (N, C, H, W).

    Args:
        code_shape: (C, H, W), from 8. Stages are named after sides of the largest square of a power of two that fits.
        channel_base, channel_max: layers named after side r have min(channel_base / r, channel_max) channels.
        rank: of what the style multiplies weights by.
        classes: 0 for unconditional.
    """

    def __init__(
        self,
        code_shape: tuple[int, int, int],
        latent_dim: int = 512,
        style_dim: int = 512,
        channel_base: int = 32768,
        channel_max: int = 512,
        mapping_layers: int = 2,
        rank: int = 10,
        classes: int = 0,
    ) -> None:
        colours, height, width = code_shape
        names = pyramid(height, width, "INR-GAN").nominal_sides
        layers = [1] + [3 if name >= _RANDOM_SIDE else 2 for name in names[1:]]
        super().__init__(code_shape, sum(layers) + 1, MappingNetwork(latent_dim, style_dim, mapping_layers, classes))
        blocks, channels = [], 0
        for name, depth in zip(names, layers, strict=True):
            side = max(name, min(_FIRST_SIDE, names[-1]))
            size = tuple(-(-length * side // names[-1]) for length in (height, width))
            before, channels = channels, layer_channels(name, channel_base, channel_max)
            located = name == 4 or name > _FIRST_SIDE
            blocks.append(_Block(before, channels, colours, _Size(side, *size), located, depth, style_dim, rank))
        self.blocks = nn.ModuleList(blocks)
        self.first_styles = [sum(layers[:i]) for i in range(len(layers))]

    def synthesis(self, w: Tensor, grid: Grid | None = None) -> Tensor:
        refuse_foreign_grid(self, grid)
        return self.resized_synthesis(w, self.code_shape[1])

    def resized_synthesis(self, w: Tensor, height: int) -> Tensor:
        """Codes (N, C, height, ...): coordinates that lie closer, and learned constants enlarged."""
        x: Tensor | None = None
        code: Tensor | None = None
        for first, block in zip(self.first_styles, self.blocks, strict=True):
            x, drawn = block(x, w[:, first:], height / self.code_shape[1])
            code = drawn if code is None else _enlarged(code, drawn.shape[2:]) + drawn
        assert code is not None
        return code


class _Size(NamedTuple):
    """Of a stage: the side that it is named after, and how many places it has."""

    name: int
    height: int
    width: int


class _Block(nn.Module):
    """Layers at the places of one size. The first sees coordinates, if `located`, beside what came before."""

    def __init__(
        self,
        channels_in: int,
        channels: int,
        colours: int,
        size: _Size,
        located: bool,
        depth: int,
        style_dim: int,
        rank: int,
    ) -> None:
        super().__init__()
        self.size = size
        self.places = _Places(size) if located else None
        widths = [channels_in + (self.places.channels if self.places else 0)] + [channels] * depth
        self.layers = nn.ModuleList(_FactorisedLinear(a, b, style_dim, rank) for a, b in pairwise(widths))
        self.colour = ModulatedLinear(
            channels, colours, style_dim, demodulates=False, activation="linear", clamp=math.inf
        )

    def forward(self, x: Tensor | None, w: Tensor, scale: float) -> tuple[Tensor, Tensor]:
        """`w` (N, depth + 1 or more, style_dim) -> features (N, channels, h, w) and colours, `scale` times larger."""
        size = torch.Size(max(1, round(side * scale)) for side in (self.size.height, self.size.width))
        seen = [] if x is None else [_enlarged(x, size)]
        if self.places is not None:
            seen.append(self.places(size).expand(w.shape[0], -1, -1, -1))
        h = torch.cat(seen, dim=1).flatten(2)
        for i, layer in enumerate(self.layers):
            h = layer(h, w[:, i])
        drawn: Tensor = self.colour(h, w[:, len(self.layers)])
        return h.unflatten(2, size), drawn.unflatten(2, size)


class _FactorisedLinear(nn.Module):
    """x (N, C, P), w (N, style_dim) -> (N, channels_out, P): weights V * (1 + A(w) B(w) / sqrt(rank)) in unit rows."""

    def __init__(self, channels_in: int, channels_out: int, style_dim: int, rank: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels_out, channels_in))
        self.bias = nn.Parameter(torch.zeros(channels_out))
        self.affine = EqualizedLinear(style_dim, rank * (channels_in + channels_out))
        self.rank = rank

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        channels_out, channels_in = self.weight.shape
        factors = self.affine(w).unflatten(1, (-1, self.rank))
        left, right = factors.split([channels_out, channels_in], dim=1)
        weight = self.weight * (1 + left @ right.mT / math.sqrt(self.rank))
        weight = weight * (weight.square().sum(dim=2, keepdim=True) + 1e-8).rsqrt()
        return map_channels(x, weight, self.bias[:, None], "lrelu")


class _Places(nn.Module):
    """Waves of the coordinates, and learned constants, at each place of a size: (1, channels, h, w)."""

    def __init__(self, size: _Size) -> None:
        super().__init__()
        side = size.name
        octaves = 2.0 ** torch.arange(round(math.log2(side))) * math.pi / 2
        directions = [(1.0, 0.0), (0.0, 1.0)] + ([(0.5, 0.5), (0.5, -0.5)] if side <= _DIAGONAL_SIDE else [])
        waves = torch.cat([octaves[:, None] * torch.tensor(direction) for direction in directions])
        if side >= _RANDOM_SIDE:
            waves = torch.cat([waves, _RANDOM_SCALE * torch.randn(_RANDOM_WAVES, 2)])
        self.waves: Tensor  # (count, 2), radians per half of the picture's longer side, down and right
        self.register_buffer("waves", waves)
        self.constants = nn.Parameter(torch.randn(64 if side >= _RANDOM_SIDE else 128, *size[1:]))
        self.channels = 2 * len(waves) + len(self.constants)

    def forward(self, size: torch.Size) -> Tensor:
        with torch.autocast(self.waves.device.type, enabled=False):
            y, x = ((2 * torch.arange(n, device=self.waves.device) / n - 1) * (n / max(size)) for n in size)
            phases = torch.einsum("fd,dyx->fyx", self.waves, torch.stack(torch.meshgrid(y, x, indexing="ij")))
            constants = self.constants[None]
            if constants.shape[2:] != size:
                constants = F.interpolate(constants, size=size, mode="bilinear")
            return torch.cat([phases.sin()[None], phases.cos()[None], constants], dim=1)


def _enlarged(x: Tensor, size: torch.Size) -> Tensor:
    return x if x.shape[2:] == size else F.interpolate(x, size=size, mode="nearest")
