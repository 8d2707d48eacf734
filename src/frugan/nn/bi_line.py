"""Thick lines (CREPS, section 3): functions of one coordinate, drawn along rows and along columns, with D slots each.

No operation mixes positions or slots, so the trunk is a set of functions of a number t, whatever numbers it is asked
at. What rows and columns have in common is the network; they differ in the amplitudes of their Fourier features.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor, nn

from frugan.nn.equalized import EqualizedLinear
from frugan.nn.style import ModulatedLinear, StyledBlock, in_blocks
from frugan.ops.grid import Lines

_HALF = math.sqrt(0.5)


class FourierLines(nn.Module):
    """w (N, style_dim) and coordinates -> features (N, C, D H + D W): all slots of the rows, then of the columns.

    sin and cos of fixed random frequencies, scaled by a learned and by a styled amplitude per channel and slot.

    Args:
        channels: C, even.
        thickness: D.
        bandwidth: standard deviation of the frequencies, in cycles per unit of the coordinates.
        separate_axes: columns have frequencies of their own, and both random phases, instead of sharing one set; the
            paper's shared plane waves favour symmetric pictures.
    """

    def __init__(
        self, channels: int, thickness: int, bandwidth: float, style_dim: int, separate_axes: bool = False
    ) -> None:
        super().__init__()
        if channels % 2:
            raise ValueError(f"channels: must be even, half of them sines and half cosines; got {channels}")
        shape = (1 + separate_axes, channels // 2, thickness)
        self.frequencies: Tensor
        self.phases: Tensor
        # Buffers: they are not learned, and an average of the network must hold them exactly.
        self.register_buffer("frequencies", bandwidth * torch.randn(shape))
        self.register_buffer("phases", torch.rand(shape) * separate_axes)
        self.amplitude = nn.Parameter(torch.randn(channels, 2 * thickness))
        self.affine = EqualizedLinear(style_dim, channels * 2 * thickness, bias=1.0)
        self.thickness = thickness

    def forward(self, w: Tensor, rows: Tensor, cols: Tensor) -> Tensor:
        # Phases reach hundreds of radians: half precision would lose them altogether.
        with torch.autocast(w.device.type, enabled=False):
            channels = self.amplitude.shape[0]
            scale = (
                self.amplitude * self.affine(w.to(self.amplitude)).view(-1, *self.amplitude.shape) / math.sqrt(channels)
            )
            of_rows, of_cols = scale.split(self.thickness, dim=2)
            drawn = (
                (self._waves(rows, 0) * of_rows[..., None]).flatten(2),
                (self._waves(cols, -1) * of_cols[..., None]).flatten(2),
            )
            return torch.cat(drawn, dim=2)

    def _waves(self, t: Tensor, axis: int) -> Tensor:
        """(R,) -> (C, D, R). Coordinates in float64, of places far away, keep their fractions of a turn."""
        if t.dtype == torch.float64:
            turns = self.frequencies[axis, ..., None].double() * t + self.phases[axis, ..., None].double()
            angles = (2 * math.pi * (turns - turns.round())).to(self.frequencies)
            return torch.cat([angles.sin(), angles.cos()])
        turns = self.frequencies[axis, ..., None] * t.to(self.frequencies) + self.phases[axis, ..., None]
        angles = 2 * math.pi * turns
        return torch.cat([angles.sin(), angles.cos()])


class LineTrunk(nn.Module):
    """Features (N, C, P) of any P positions, styles (N, 2 levels + 3, style_dim) -> lines (N, levels, C', P).

    A first layer, then two layers a level; the lines of a level are what it adds to those of the level before.

    Args:
        channels: width of the features, then of each level.
        line_channels: C'.
    """

    def __init__(self, channels: list[int], line_channels: int, style_dim: int) -> None:
        super().__init__()
        self.line_channels = line_channels
        self.first = ModulatedLinear(channels[0], channels[0], style_dim)
        self.blocks = nn.ModuleList(
            StyledBlock(before, after, line_channels, style_dim) for before, after in pairwise(channels)
        )

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        count, x = x.shape[-1], self.first(in_blocks(x), w[:, 1])
        lines: list[Tensor] = []
        for i, block in enumerate(self.blocks):
            # As in StyleGAN2, what leaves a block shares its style with the first layer of the next.
            x, drawn = block(x, w[:, 2 * i + 1], w[:, 2 * i + 2], w[:, 2 * i + 3])
            lines.append(lines[-1] + drawn if lines else drawn)
        return torch.stack(lines, dim=1)[..., :count]


def split_lines(drawn: Tensor, thickness: int, height: int, width: int) -> Lines:
    """(N, levels, C, D H + D W) -> both kinds, each scaled so that their product has half its power."""
    rows, cols = (drawn * _HALF).split([thickness * height, thickness * width], dim=-1)
    return Lines(rows.unflatten(-1, (thickness, height)), cols.unflatten(-1, (thickness, width)))
